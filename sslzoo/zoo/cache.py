"""Where weights files come from: a path or URL that is named, the cache, beside the config, the
release, mirrors.

No file is used before its size and sha256 match the zoo record, on every load.
"""

import hashlib
import os
import warnings
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

from sslzoo.checks import local_path, refused
from sslzoo.files import cache_home
from sslzoo.zoo.download import WeightsError, download_first, lock, matches, verify
from sslzoo.zoo.places import SUFFIX, cached_name
from sslzoo.zoo.records import Weights

# Folder URLs that hold the files of weights/; empty until a release is published. $SSLZOO_MIRRORS
# adds, with spaces.
RELEASES = ()


def cache_folder() -> Path:
    """Folder of downloaded weights: $SSLZOO_HOME/weights, by default ~/.cache/sslzoo/weights. A
    user without a home has it among the temporary files.

    Example:
        >>> from sslzoo.zoo.cache import cache_folder
        >>> cache_folder().name
        'weights'
    """
    return local_path("SSLZOO_HOME", cache_home()) / "weights"


def fetch_weights(
    name: str,
    record: Weights | None,
    explicit: str | Path | None = None,
    folder: str | Path | None = None,
) -> Path:
    """Path of a local weights file that is whole and untampered.

    Sources, in order: `explicit` alone if it is given; the cache; `folder`; the release; the
    mirrors of the record and of $SSLZOO_MIRRORS. A cached file that does not match the record is
    removed. A source that fails is warned of once another one serves.

    Args:
        name: the zoo entry, for errors.
        record: its `Weights` record (file, sha256, bytes, mirrors), or None if it has none.
        explicit: a path or URL of other weights to use instead. A path is the caller's own file:
            there is nothing to check it against. A URL is checked if it ends in `#sha256=<64 hex
            digits>`, and then cached; without that it is downloaded each time.
        folder: where the entry's own file lies (`Entry.weights_folder`), or None.

    Raises:
        FileNotFoundError: a missing explicit path. WeightsError (a ValueError): no source gives the
            file.

    Example:
        >>> from sslzoo.zoo import fetch_weights
        >>> from sslzoo.zoo.entry import Entry
        >>> entry = Entry.find("simclr_resnet20.digits")
        >>> record = entry.config.record.weights
        >>> fetch_weights(entry.name, record, folder=entry.weights_folder).exists()
        True
    """
    if explicit is not None:
        return _explicit(str(explicit))
    if record is None:
        raise WeightsError(
            f"weights: {name} has no published weights yet; make them (`sslzoo train {name} "
            "--record`), pass weights=PATH, or load with weights=None."
        )
    cached = cached_file(record)
    failures = []
    path = _use(cached, record, failures, remove=True)
    if path is None and folder:
        path = _use(Path(folder) / record.file, record, failures)
    if path is None:
        path = download_first(_urls(record), cached, record.sha256, record.bytes, failures)
    if path is None:
        tried = _listed(failures) or "- it is in no folder here, and no download is known"
        raise WeightsError(
            f"No usable weights of {name} ({record.file}). Tried:\n{tried}\n"
            "Take the file from a clone of the repository (weights/), pass weights=PATH, or set "
            "SSLZOO_MIRRORS to the URL of a folder that holds it; of a model of your own, restore "
            f"it or run `sslzoo train {name} --record` again."
        )
    for failure in failures:
        warnings.warn(f"weights of {name}: {failure}; {path} is used", stacklevel=3)
    return path


def cached_file(record: Weights) -> Path:
    """Where the cache keeps a weights file, whether it is there or not.

    Example:
        >>> from sslzoo.zoo.entry import Entry
        >>> record = Entry.find("simclr_resnet20.digits").config.record
        >>> cached_file(record.weights).parent == cache_folder()
        True
    """
    return cache_folder() / cached_name(record.file, record.sha256)


def _listed(failures: list[str]) -> str:
    return "\n".join(f"- {failure}" for failure in failures)


def _use(path: Path, record: Weights, failures: list[str], remove: bool = False) -> Path | None:
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


def _removed(path: Path, sha256: str) -> str:
    """Remove a bad file from the cache; what was done, in words."""
    try:
        with lock(path):
            # another process may have put a good file there meanwhile
            if not matches(path, sha256):
                path.unlink(missing_ok=True)
    except (WeightsError, OSError) as error:
        return f" (and it cannot be removed: {error})"
    return " (removed from the cache)"


def _urls(record: Weights) -> list[str]:
    """Where the file of a record is on the net, in order."""
    mirrors = os.environ.get("SSLZOO_MIRRORS", "").split()
    return [*_under(RELEASES, record), *record.mirrors, *_under(mirrors, record)]


def _under(folders: tuple | list, record: Weights) -> list[str]:
    return [f"{folder.rstrip('/')}/{record.file}" for folder in folders]


def _explicit(source: str) -> Path:
    """The local file of a path or URL that the caller names."""
    if "://" in source:
        return _of_url(source)
    path = Path(os.path.expanduser(source))
    if not path.is_file():
        needed = "be an existing file, a URL, 'default' or None"
        raise FileNotFoundError(str(refused("weights", repr(source), needed)))
    return path


def _of_url(source: str) -> Path:
    url, fragment = urldefrag(source)
    file = urlsplit(url).path.rsplit("/", 1)[-1]
    if not file.endswith(SUFFIX):
        needed = f"be a URL whose path ends in {SUFFIX}"
        raise WeightsError(str(refused("weights", repr(source), needed)))
    sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else None
    if fragment and (sha256 is None or len(sha256) != 64):
        needed = "have sha256= and 64 hex digits after its #"
        raise WeightsError(str(refused("weights", repr(source), needed)))
    key = sha256 or hashlib.sha256(url.encode()).hexdigest()
    cached = cache_folder() / cached_name(file, key)
    failures = []
    if sha256 and cached.is_file():
        try:
            verify(cached, sha256)
            return cached
        except WeightsError as error:
            failures.append(f"{error}{_removed(cached, sha256)}")
    path = download_first([url], cached, sha256, None, failures)
    if path is None:
        raise WeightsError(f"No usable weights. Tried:\n{_listed(failures)}")
    return path
