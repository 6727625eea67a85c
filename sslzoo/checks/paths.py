"""Checks of paths: what names a file or folder of this machine."""

import re
from os import PathLike, fspath
from os.path import expanduser
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sslzoo.checks.arguments import refused, shown

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")  # longer than the letter of a drive


def local_path(name: str, path: str | PathLike) -> Path:
    """`path`, where it names a place on this machine. Of `file://` it is the path in it. `~` is the
    user's home.

    Args:
        name: the field that errors speak of.
        path: a path, or what someone typed.

    Raises:
        ValueError: the URL of another place, of which pathlib would make a folder named `gs:`; or
            an empty text.
        TypeError: no path.

    >>> local_path("out", "file:///tmp/model").as_posix()
    '/tmp/model'
    >>> local_path("out", "gs://bucket/model")
    Traceback (most recent call last):
    ValueError: out: got 'gs://bucket/model'; it must be a path on this machine, not a URL.
    """
    if not isinstance(path, (str, PathLike)):
        raise TypeError(f"{name}: got {shown(path)}; it must be a path.")
    text = str(fspath(path))
    if not text or "\0" in text:
        raise refused(name, shown(text), "be a path")
    found = SCHEME.match(text)
    if found is None:
        return Path(expanduser(text))
    parts = urlsplit(text)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(url2pathname(parts.path))
    raise refused(name, shown(text), "be a path on this machine, not a URL")
