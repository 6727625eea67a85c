"""Where weights files come from: a path or URL that is named, the cache, beside the config, the
release, mirrors.

No file is used before its size and sha256 match the zoo record, on every load. A download goes to a
part file under a lock and is renamed when it is whole, so that processes never see half a file and
never disturb one another.
"""

import hashlib
import http.client
import os
import urllib.request
import warnings
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

from filelock import FileLock, Timeout

# Folder URLs that hold the files of weights/; empty until a release is published. $SSLZOO_MIRRORS
# adds, with spaces.
RELEASES = ()
CHUNK = 1 << 20
NETWORK_TIMEOUT = 30  # seconds without a byte
LOCK_TIMEOUT = 3600  # seconds to wait for another process that downloads the same file


class WeightsError(ValueError):
    """No usable weights file: every source that was tried and what was wrong with it."""


class _Unusable(Exception):
    """One source does not give the file; the next one is tried."""


def cache_folder():
    """Folder of downloaded weights: $SSLZOO_HOME/weights, by default ~/.cache/sslzoo/weights."""
    return Path(os.environ.get("SSLZOO_HOME") or "~/.cache/sslzoo").expanduser() / "weights"


def fetch_weights(name, record, explicit=None, folder=None):
    """Path of a local weights file that is whole and untampered.

    Args:
        name: the zoo entry, for errors.
        record: its `Weights` record (file, sha256, bytes, mirrors), or None if it has none.
        explicit: a path or URL of other weights to use instead. A path is the caller's own file:
            there is nothing to check it against. A URL is checked if it ends in `#sha256=<64 hex
            digits>`, and then cached; without that it is downloaded each time.
        folder: where the entry's own file lies (`Entry.weights_folder`), or None.

    Sources, in order: `explicit` alone if given; the cache; `folder`; the release; the
    mirrors of the record and of $SSLZOO_MIRRORS. A cached file that does not match the record is
    removed; a source that fails is warned of once another one serves.

    Raises FileNotFoundError for a missing explicit path, WeightsError (a ValueError) if no source
    gives the file.
    """
    if explicit is not None:
        return _explicit(explicit)
    if record is None:
        raise WeightsError(
            f"weights: {name} has no published weights yet; make them (`sslzoo train {name} "
            "--record`), pass weights=PATH, "
            "or load with weights=None."
        )
    cached = (
        cache_folder()
        / f"{record.file.removesuffix('.weights.h5')}-{record.sha256[:12]}.weights.h5"
    )
    failures = []
    found = (
        _use(cached, record, failures, remove=True)
        or (_use(Path(folder) / record.file, record, failures) if folder else None)
        or _download_first(_urls(record), cached, record.sha256, record.bytes, failures)
    )
    if found is None:
        tried = (
            "\n".join(f"- {failure}" for failure in failures)
            or "- it is in no folder here, and no download is known"
        )
        raise WeightsError(
            f"No usable weights of {name} ({record.file}). Tried:\n{tried}\n"
            "Take the file from a clone of the repository (weights/), pass weights=PATH, or "
            "set SSLZOO_MIRRORS to the URL "
            "of a folder that holds it; of a model of your own, restore it or run `sslzoo "
            f"train {name} --record` again."
        )
    for failure in failures:
        warnings.warn(f"weights of {name}: {failure}; {found} is used", stacklevel=3)
    return found


def verify(path, sha256, size=None):
    """Check a file's size in bytes and its sha256. Raises WeightsError; OSError if it cannot be
    read.
    """
    path = Path(path)
    if size is not None and path.stat().st_size != size:
        raise WeightsError(
            f"{path} has {path.stat().st_size} bytes, {size} are needed: truncated or not the "
            "same file"
        )
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise WeightsError(
            f"{path} has sha256 {found}, {sha256} is needed: corrupt or tampered with"
        )


def _matches(path, sha256, size=None):
    try:
        verify(path, sha256, size)
    except (FileNotFoundError, WeightsError):
        return False
    return True


def _use(path, record, failures, remove=False):
    """`path` if it is there and matches, else None with the reason noted; a bad cache entry is
    removed.
    """
    try:
        if not path.is_file():
            return None
        verify(path, record.sha256, record.bytes)
    except (WeightsError, OSError) as error:
        failures.append(f"{error}{_removed(path, record.sha256) if remove else ''}")
        return None
    return path


def _removed(path, sha256):
    try:
        with _lock(path):
            # another process may have put a good file there meanwhile
            if not _matches(path, sha256):
                path.unlink(missing_ok=True)
    except (WeightsError, OSError) as error:
        return f" (and it cannot be removed: {error})"
    return " (removed from the cache)"


def _urls(record):
    def under(folders):
        return [f"{folder.rstrip('/')}/{record.file}" for folder in folders]

    return under(RELEASES) + record.mirrors + under(os.environ.get("SSLZOO_MIRRORS", "").split())


def _explicit(source):
    source = str(source)
    if "://" not in source:
        path = Path(source).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f"weights is {source!r}, an existing file, a URL, 'default' or None is needed."
            )
        return path
    url, fragment = urldefrag(source)
    file = urlsplit(url).path.rsplit("/", 1)[-1]
    if not file.endswith(".weights.h5"):
        raise WeightsError(
            f"weights is {source!r}, a URL whose path ends in .weights.h5 is needed."
        )
    sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
    if fragment and (sha256 is None or len(sha256) != 64):
        raise WeightsError(
            f"weights is {source!r}, the part after # must be sha256= and 64 hex digits."
        )
    key = (sha256 or hashlib.sha256(url.encode()).hexdigest())[:12]
    cached, failures = cache_folder() / f"{file.removesuffix('.weights.h5')}-{key}.weights.h5", []
    if sha256 and cached.is_file():
        try:
            verify(cached, sha256)
            return cached
        except WeightsError as error:
            failures.append(f"{error}{_removed(cached, sha256)}")
    found = _download_first([url], cached, sha256, None, failures)
    if found is None:
        raise WeightsError(
            "No usable weights. Tried:\n" + "\n".join(f"- {failure}" for failure in failures)
        )
    return found


def _download_first(urls, target, sha256, size, failures):
    """`target`, filled from the first URL that gives the whole file; None, with the reasons noted,
    if none does.
    """
    if not urls:
        return None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _lock(target):
            if sha256 and _matches(target, sha256, size):  # another process was first
                return target
            for url in urls:
                try:
                    _download(url, target, sha256, size)
                    return target
                except _Unusable as error:
                    failures.append(f"{url}: {error}")
    except OSError as error:
        raise WeightsError(
            f"The cache folder {target.parent} cannot be written: {error}. Free some space "
            "there, or set "
            "SSLZOO_HOME to a folder with space that you may write to."
        ) from error
    return None


def _download(url, target, sha256, size):
    """Fetch `url` to a part file, check it, rename it to `target`. The caller holds the lock, so
    the part is ours: one that a killed process left is overwritten. Raises _Unusable for the
    source, OSError for the disk.
    """
    part = target.with_name(target.name + ".part")
    try:
        with _open(url) as response, open(part, "wb") as file:
            expected = size or int(response.headers.get("Content-Length") or 0) or None
            digest, received = hashlib.sha256(), 0
            with _Bar(url, expected) as advance:
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
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _open(url):
    try:
        return urllib.request.urlopen(url, timeout=NETWORK_TIMEOUT)
    except (OSError, ValueError, http.client.HTTPException) as error:
        # OSError covers URLError, HTTPError, timeouts
        raise _Unusable(str(getattr(error, "reason", None) or error)) from error


def _read(response):
    try:
        return response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Unusable(f"the connection broke: {error}") from error


def _lock(path):
    try:
        return FileLock(f"{path}.lock", timeout=LOCK_TIMEOUT).acquire()
    except Timeout as error:
        raise WeightsError(
            f"{path}.lock has been held by another process for {LOCK_TIMEOUT} s"
        ) from error


class _Bar:
    """A bar on a terminal, nothing elsewhere; `advance(bytes)` moves it."""

    def __init__(self, url, total):
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TransferSpeedColumn,
        )

        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        self.bar = Progress(
            *columns, console=console, disable=not console.is_terminal, transient=True
        )
        self.task = self.bar.add_task(urlsplit(url).path.rsplit("/", 1)[-1], total=total)

    def __enter__(self):
        self.bar.start()
        return lambda count: self.bar.advance(self.task, count)

    def __exit__(self, *_):
        self.bar.stop()
