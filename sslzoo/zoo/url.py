"""The file behind one URL: whole, or refused in a few words.

A download that breaks off is kept as a part file, where the server can send parts and names the
version of the file. The next request asks for the rest of that version. A server that has another
version by then sends it from its beginning.
"""

import hashlib
import http.client
import json
import os
import re
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sslzoo.files import replace_file
from sslzoo.notices import shown

CHUNK = 1 << 20
NETWORK_TIMEOUT = 30  # seconds without a byte
TRIES = 5  # of a connection that breaks; each goes on where the one before stopped
REST = re.compile(r"bytes (\d+)-\d+/(\d+)")  # Content-Range
PAGE = re.compile(rb"\s*<(!doctype html|html|head|body)\b", re.IGNORECASE)
A_PAGE = "the answer is a web page and not the file; the address is wrong, or it needs a login"


class Unusable(Exception):
    """A URL does not give the file. `answered`: its server would say the same again; else the
    connection failed.

    >>> Unusable("Not Found", answered=True).answered
    True
    """

    def __init__(self, reason: str, answered: bool = False) -> None:
        super().__init__(reason)
        self.answered = answered


class Part:
    """The bytes of a file that are here so far, and the version of the file that they are of.

    >>> part = Part(Path("toy.weights.h5"), "https://example.org/toy.weights.h5")
    >>> part.path.name, part.begun()
    ('toy.weights.h5.part', (0, ''))
    """

    def __init__(self, target: Path, url: str) -> None:
        self.url = url
        self.path = target.with_name(target.name + ".part")
        self.note = target.with_name(target.name + ".part.json")

    def begun(self) -> tuple[int, str]:
        """(bytes, version) that an earlier download of this URL left; (0, "") for none."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            known = json.loads(self.note.read_text())
            if known["url"] == self.url and isinstance(known["version"], str):
                return self.path.stat().st_size, known["version"]
        return 0, ""

    def begin(self, version: str) -> None:
        """Make an empty file of a version; "": of one that cannot be resumed."""
        self.remove()  # the note first: no bytes are ever taken for those of another version
        self.path.write_bytes(b"")
        if version:
            replace_file(self.note, json.dumps({"url": self.url, "version": version}).encode())

    def remove(self) -> None:
        """Remove what is here."""
        for path in (self.note, self.path):
            path.unlink(missing_ok=True)


def fetch(url: str, target: Path, sha256: str | None, size: int | None) -> None:
    """Fetch a URL to `target`, which appears whole. The caller holds the lock of `target`.

    Args:
        url: of the file. target: where it is put.
        sha256: that it must have, or the first digits of it; None: any.
        size: that it must have, in bytes; None: any.

    Raises:
        Unusable: the URL does not give the file. OSError: `target` cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder, "copy.py")
    ...     fetch(Path(__file__).as_uri(), target, None, None)
    ...     target.read_bytes() == Path(__file__).read_bytes()
    True
    """
    part = Part(target, url)
    try:
        _receive_all(part, sha256, size)
        os.replace(part.path, target)
    except BaseException as error:  # Ctrl-C too
        bad = isinstance(error, OSError) or getattr(error, "answered", False)
        if bad or not part.note.exists():
            with suppress(OSError):
                part.remove()
        elif isinstance(error, Unusable):
            raise Unusable(f"{error}; the next call goes on where this one stopped") from error
        raise
    part.remove()


def read_small(url: str, most: int) -> bytes:
    """The content of a small file.

    Args:
        url: of the file. most: bytes that it may have.

    Raises:
        Unusable: the URL does not give it.

    >>> read_small(Path(__file__).as_uri(), 1 << 20)[:3]
    b'\"\"\"'
    """
    content = b""
    with _open(url) as response:
        total = _total(response)
        while chunk := _read(response):
            if not content:
                _refuse_page(response, chunk)
            content += chunk
            if len(content) > most:
                raise Unusable(f"more than {most} bytes", answered=True)
    if len(content) < (total or 0):
        raise Unusable(f"truncated, {len(content)} bytes of {total}")
    return content


def _receive_all(part: Part, sha256: str | None, size: int | None) -> None:
    """The whole file, in as many requests as are worth it."""
    for attempt in range(TRIES):
        start, version = part.begun()
        try:
            _receive(part, start, version, size)
            return _check(part.path, sha256)
        except Unusable as error:
            if attempt == TRIES - 1:
                raise
            if error.answered and start:  # what is here does not fit what comes
                part.remove()
            elif error.answered or part.begun()[0] <= start:
                raise


def _receive(part: Part, start: int, version: str, size: int | None) -> None:
    """The file from `start` on, or from its beginning where the server has another version."""
    headers = {"Range": f"bytes={start}-", "If-Range": version} if start else {}
    with _open(part.url, headers) as response:
        _refuse_page(response)
        total = _total(response)
        if response.status == 206:
            sent = REST.fullmatch(response.headers.get("Content-Range") or "")
            if sent is None or int(sent[1]) != start:
                raise Unusable("the server sent another part than the rest", answered=True)
            total = int(sent[2])
        else:
            start = 0
            part.begin(_version(response))
        if size and total and total != size:
            raise Unusable(f"it has {total} bytes, {size} are needed", answered=True)
        expected = size or total
        with open(part.path, "ab") as file, _Bar(part.url, start, expected) as advance:
            _copy(response, file, start, expected, advance)
            file.flush()
            os.fsync(file.fileno())


def _copy(response: Any, file: Any, received: int, expected: int | None, advance: Callable) -> None:
    """The rest of a response to a file that has `received` bytes."""
    while chunk := _read(response):
        if not received:
            _refuse_page(response, chunk)
        received += len(chunk)
        if expected and received > expected:
            raise Unusable(f"more than the {expected} bytes that are needed", answered=True)
        file.write(chunk)
        advance(len(chunk))
    if expected and received < expected:
        raise Unusable(f"truncated, {received} bytes of {expected}")


def _check(path: Path, sha256: str | None) -> None:
    if sha256 is None:
        return
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(sha256):
        reason = f"sha256 is {digest}, {sha256} is needed: corrupt or tampered with"
        raise Unusable(reason, answered=True)


def _open(url: str, headers: dict[str, str] | None = None) -> Any:
    try:
        request = urllib.request.Request(url, headers=headers or {})
        return urllib.request.urlopen(request, timeout=NETWORK_TIMEOUT)
    except (OSError, ValueError, http.client.HTTPException) as error:
        # OSError covers URLError, HTTPError, timeouts
        status = getattr(error, "code", None)
        reason = " ".join(str(getattr(error, "reason", None) or error).split())
        raise Unusable(reason, answered=status is not None and status < 500) from error


def _read(response: Any) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise Unusable(f"the connection broke: {error}") from error


def _total(response: Any) -> int | None:
    length = response.headers.get("Content-Length") or ""
    return int(length) or None if length.isdecimal() else None


def _version(response: Any) -> str:
    """The version of a file that the server can send in parts (RFC 9110, If-Range), or ""."""
    headers = response.headers
    tag = headers.get("ETag") or "W/"
    known = headers.get("Last-Modified") if tag.startswith("W/") else tag
    return known if known and headers.get("Accept-Ranges") == "bytes" else ""


def _refuse_page(response: Any, chunk: bytes = b"") -> None:
    if response.headers.get_content_type() == "text/html" or PAGE.match(chunk):
        raise Unusable(A_PAGE, answered=True)


class _Bar:
    """A bar on a terminal, nothing elsewhere; `advance(bytes)` moves it."""

    def __init__(self, url: str, start: int, total: int | None) -> None:
        from rich import progress
        from rich.console import Console

        console = Console(stderr=True)
        self.bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            console=console,
            disable=not (console.is_terminal and shown()),
            transient=True,
        )
        name = urlsplit(url).path.rsplit("/", 1)[-1]
        self.task = self.bar.add_task(name, total=total, completed=start)

    def __enter__(self) -> Callable:
        self.bar.start()
        return lambda count: self.bar.advance(self.task, count)

    def __exit__(self, *_: Any) -> None:
        self.bar.stop()
