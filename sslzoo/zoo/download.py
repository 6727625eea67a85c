"""Files that are fetched whole and checked: by size and sha256, under a lock.

A download goes to a part file under a lock and is renamed when it is whole, so that processes never
see half a file and never disturb one another. `url.py` fetches it.
"""

import hashlib
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sslzoo.zoo.url import Unusable, fetch

PART_SECONDS = 24 * 3600  # that a download which broke off can be resumed
LOCK_TIMEOUT = 3600  # seconds to wait for another process that downloads the same file


class WeightsError(ValueError):
    """No usable weights file: every source that was tried and what was wrong with it.

    >>> str(WeightsError("toy.weights.h5: truncated"))
    'toy.weights.h5: truncated'
    """


def verify(path: str | Path, sha256: str, size: int | None = None) -> None:
    """Check a file's sha256, or the first digits of it, and its size in bytes if it is given.

    Raises:
        WeightsError: they differ. OSError: it cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     verify(file.name, hashlib.sha256(b"").hexdigest(), size=0)
    """
    path = Path(path)
    if size is not None and path.stat().st_size != size:
        raise WeightsError(
            f"{path}: got {path.stat().st_size} bytes; it must have {size}: truncated or not the "
            "same file"
        )
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(sha256):
        raise WeightsError(
            f"{path}: got sha256 {digest}; it must be {sha256}: corrupt or tampered with"
        )


def matches(path: str | Path, sha256: str, size: int | None = None) -> bool:
    """Whether a file is there and `verify` accepts it.

    >>> matches("no such file", "0" * 64)
    False
    """
    try:
        verify(path, sha256, size)
    except (FileNotFoundError, NotADirectoryError, WeightsError):
        return False
    return True


def lock(path: Path) -> Any:
    """The lock of a file, held while a `with` block runs. Raises WeightsError after an hour.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with lock(Path(folder, "a.weights.h5")):
    ...         Path(folder, "a.weights.h5.lock").exists()
    True
    """
    try:
        return FileLock(f"{path}.lock", timeout=LOCK_TIMEOUT).acquire()
    except Timeout as error:
        raise WeightsError(
            f"{path}.lock has been held by another process for {LOCK_TIMEOUT} s"
        ) from error


def download_first(
    urls: Iterable[str], target: Path, sha256: str | None, size: int | None, failures: list[str]
) -> Path | None:
    """`target`, filled from the first URL that gives the whole file; None if none does.

    Args:
        urls: are tried in order.
        target: the file to write.
        sha256, size: that it must have; None: any. The first digits of a sha256 are enough.
        failures: why URLs failed is added here.

    Raises:
        WeightsError: the folder of `target` cannot be written.

    >>> failures = []
    >>> download_first([], Path("toy.weights.h5"), None, None, failures) is None
    True
    """
    urls = list(urls)
    if not urls:
        return None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_old_parts(target.parent)
        with lock(target):
            if sha256 and matches(target, sha256, size):  # another process was first
                return target
            for url in urls:
                try:
                    fetch(url, target, sha256, size)
                    return target
                except Unusable as error:
                    failures.append(f"{url}: {error}")
    except OSError as error:
        raise WeightsError(
            f"The cache folder {target.parent} cannot be written: {error}. Free some space there, "
            "or set SSLZOO_HOME to a folder with space that you may write to."
        ) from error
    return None


def _remove_old_parts(folder: Path) -> None:
    for part in folder.glob("*.part*"):
        with suppress(OSError):  # another process may be the first to remove it
            if time.time() - part.stat().st_mtime > PART_SECONDS:
                part.unlink()
