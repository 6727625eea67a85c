"""Files that are written whole or not at all."""

import glob
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

NEW_FILE_MODE = 0o644
# A killed process leaves its part behind. Nobody writes one file for a day, so an older part is
# removed.
PART_SECONDS = 24 * 3600


@contextmanager
def atomic(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A binary file to write (and read back) that becomes `path` when the block ends well.

    A reader sees the old file or the new one, never a part: the bytes go to a hidden file in the
    same folder, reach the disk, and are renamed. The mode of an old file is kept.

    Raises:
        OSError: the file cannot be written, such as on a full disk; in one sentence. Then, and
        where the block raises anything, an old file is as it was and no part is left.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic(Path(folder, "a.txt")) as file:
    ...         _ = file.write(b"whole")
    ...     Path(folder, "a.txt").read_bytes()
    b'whole'
    """
    path = Path(path)
    try:
        _remove_old_parts(path)
        descriptor, part = tempfile.mkstemp(".part", f".{path.name}.", path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, path.stat().st_mode & 0o777 if path.exists() else NEW_FILE_MODE)
        os.replace(part, path)
    except OSError as error:
        Path(part).unlink(missing_ok=True)
        raise _not_written(path, error) from error
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def replace_file(path: str | os.PathLike, content: bytes) -> None:
    """Write bytes to `path` as `atomic` does. Raises OSError; an old file is then as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     replace_file(Path(folder, "a.json"), b"{}")
    ...     os.listdir(folder)
    ['a.json']
    """
    with atomic(path) as file:
        file.write(content)


def _remove_old_parts(path):
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError):  # another process may be the first to remove it
            if time.time() - part.stat().st_mtime > PART_SECONDS:
                part.unlink()


def _not_written(path, error):
    kept = "the file before is as it was" if path.exists() else "there is no file"
    return OSError(f"{path}: not written ({error.strerror or error}); {kept}.")
