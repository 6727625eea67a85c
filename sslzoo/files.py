"""Files that are written whole or not at all, and read back or refused in one sentence."""

import glob
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

NEW_FILE_MODE = 0o644
LONGEST_REASON = 200  # characters of an error of a library
# A killed process leaves its part behind. Nobody writes one file for a day, so an older part is
# removed.
PART_SECONDS = 24 * 3600


def cache_home() -> str:
    """$SSLZOO_HOME, by default ~/.cache/sslzoo. A user without a home has it among the temporary
    files.

    >>> isinstance(cache_home(), str)
    True
    """
    home = os.path.expanduser(os.environ.get("SSLZOO_HOME") or "~/.cache/sslzoo")
    if home.startswith("~"):  # no HOME, and no entry of the user in the list of users
        home = f"{tempfile.gettempdir()}/sslzoo-{os.getuid()}"
    return home


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
    with atomic_path(path) as part, open(part, "w+b") as file:
        yield file


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """A path of the same name to write, for what asks for one, that becomes `path` as `atomic`
    says.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder, "a.txt")) as part:
    ...         _ = part.write_bytes(b"whole")
    ...     Path(folder, "a.txt").read_bytes()
    b'whole'
    """
    path = Path(path)
    try:
        _remove_old_parts(path)
        names = {"suffix": ".part", "prefix": f".{path.name}.", "dir": path.parent}
        with tempfile.TemporaryDirectory(**names, ignore_cleanup_errors=True) as folder:
            part = Path(folder) / path.name
            yield part
            _flush(part)
            os.chmod(part, path.stat().st_mode & 0o777 if path.exists() else NEW_FILE_MODE)
            os.replace(part, path)
    except OSError as error:
        raise _not_written(path, error) from error


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


def make_folder(path: str | os.PathLike) -> None:
    """Make a folder and those above it, where they are not there yet.

    Raises:
        OSError: it cannot be made; in one sentence.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_folder(Path(folder, "a", "b"))
    ...     os.listdir(folder)
    ['a']
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"{path}: this folder cannot be made ({error.strerror}).") from error


def read_own(path: str | os.PathLike, reading: Callable[[], Any], what: str) -> Any:
    """What `reading()` makes of a file that an earlier run wrote here, and that may be damaged.

    Args:
        path: of the file, for the error.
        reading: reads it, and raises whatever it likes where the file is not what it should be.
        what: the file should be.

    Raises:
        ValueError: `reading` raised something, or the path is a folder or a pipe.
        FileNotFoundError: there is no file.

    >>> read_own("a.json", lambda: {}["step"], "run")
    Traceback (most recent call last):
    ValueError: a.json: not a readable run (KeyError: 'step').
    """
    if os.path.exists(path) and not os.path.isfile(path):  # reading a pipe would wait forever
        raise ValueError(f"{path}: not a readable {what} (it is no regular file).")
    try:
        return reading()
    except FileNotFoundError:
        raise
    except Exception as error:  # of a damaged file h5py, zipfile and NumPy raise a dozen kinds
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_REASON]
        raise ValueError(f"{path}: not a readable {what} ({reason}).") from error


def _flush(path):
    """Put a file on the disk, before a rename makes it visible."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _remove_old_parts(path):
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError):  # another process may be the first to remove it
            if time.time() - part.stat().st_mtime > PART_SECONDS:
                shutil.rmtree(part)


def _not_written(path, error):
    kept = "the file before is as it was" if path.exists() else "there is no file"
    reason = " ".join(str(error.strerror or error).split())  # HDF5 writes several lines
    return OSError(f"{path}: not written ({reason}); {kept}.")
