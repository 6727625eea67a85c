"""Files that are fetched whole and checked: by size and sha256, under a lock.

A download goes to a part file under a lock and is renamed when it is whole, so that processes never
see half a file and never disturb one another.
"""

import hashlib
import http.client
import os
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

CHUNK = 1 << 20
NETWORK_TIMEOUT = 30  # seconds without a byte
LOCK_TIMEOUT = 3600  # seconds to wait for another process that downloads the same file


class WeightsError(ValueError):
    """No usable weights file: every source that was tried and what was wrong with it.

    >>> str(WeightsError("toy.weights.h5: truncated"))
    'toy.weights.h5: truncated'
    """


class _Unusable(Exception):
    """One source does not give the file; the next one is tried."""


def verify(path: str | Path, sha256: str, size: int | None = None) -> None:
    """Check a file's sha256, and its size in bytes if it is given.

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
    if digest != sha256:
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
    except (FileNotFoundError, WeightsError):
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
        sha256, size: that it must have; None: any.
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
        with lock(target):
            if sha256 and matches(target, sha256, size):  # another process was first
                return target
            for url in urls:
                try:
                    _download(url, target, sha256, size)
                    return target
                except _Unusable as error:
                    failures.append(f"{url}: {error}")
    except OSError as error:
        raise WeightsError(
            f"The cache folder {target.parent} cannot be written: {error}. Free some space there, "
            "or set SSLZOO_HOME to a folder with space that you may write to."
        ) from error
    return None


def _download(url: str, target: Path, sha256: str | None, size: int | None) -> None:
    """Fetch `url` to a part file, check it, rename it to `target`. The caller holds the lock, so
    the part is ours: one that a killed process left is overwritten. Raises _Unusable for the
    source, OSError for the disk.
    """
    part = target.with_name(target.name + ".part")
    try:
        with _open(url) as response, open(part, "wb") as file:
            expected = size or int(response.headers.get("Content-Length") or 0) or None
            with _Bar(url, expected) as advance:
                _copy(response, file, expected, sha256, advance)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _copy(
    response: Any, file: Any, expected: int | None, sha256: str | None, advance: Callable
) -> None:
    """The whole response to a file. Raises _Unusable for another size or sha256."""
    digest, received = hashlib.sha256(), 0
    while chunk := _read(response):
        received += len(chunk)
        if expected and received > expected:
            raise _Unusable(f"more than the {expected} bytes that are needed")
        digest.update(chunk)
        file.write(chunk)
        advance(len(chunk))
    if expected and received < expected:
        raise _Unusable(f"truncated, {received} bytes of {expected}")
    if sha256 and digest.hexdigest() != sha256:
        raise _Unusable(
            f"sha256 is {digest.hexdigest()}, {sha256} is needed: corrupt or tampered with"
        )


def _open(url: str) -> Any:
    try:
        return urllib.request.urlopen(url, timeout=NETWORK_TIMEOUT)
    except (OSError, ValueError, http.client.HTTPException) as error:
        # OSError covers URLError, HTTPError, timeouts
        raise _Unusable(str(getattr(error, "reason", None) or error)) from error


def _read(response: Any) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Unusable(f"the connection broke: {error}") from error


class _Bar:
    """A bar on a terminal, nothing elsewhere; `advance(bytes)` moves it."""

    def __init__(self, url: str, total: int | None) -> None:
        from rich import progress
        from rich.console import Console

        console = Console(stderr=True)
        self.bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.task = self.bar.add_task(urlsplit(url).path.rsplit("/", 1)[-1], total=total)

    def __enter__(self) -> Callable:
        self.bar.start()
        return lambda count: self.bar.advance(self.task, count)

    def __exit__(self, *_: Any) -> None:
        self.bar.stop()
