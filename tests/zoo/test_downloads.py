"""Downloads that break off, go on, or are refused: the file is whole or not there."""

import hashlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from sslzoo.zoo import download, url
from sslzoo.zoo.download import download_first, matches, verify

CONTENT = os.urandom(3 << 20)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)
NAME = "toy.weights.h5"


@pytest.fixture
def get(web, tmp_path):
    """`get("parts", sha256, size)`: (the file or None, why not, all that is in the folder)."""
    web.files[NAME] = CONTENT

    def get(kind, sha256=SHA256, size=SIZE):
        failures, target = [], tmp_path / "cache" / NAME
        address = f"{web.url}/{kind}/{NAME}"
        path = download_first([address], target, sha256, size, failures)
        left = {file.name for file in target.parent.iterdir()} - {f"{NAME}.lock"}
        return path, [text.removeprefix(f"{address}: ") for text in failures], left

    return get


def ranges(web):
    return [asked for _, asked in web.seen]


def test_a_connection_that_breaks_is_taken_up_where_it_broke(get, web):
    web.cuts += [1 << 20, 500_000]
    path, failures, left = get("parts")
    assert path.read_bytes() == CONTENT and not failures and left == {NAME}
    assert ranges(web) == [None, f"bytes={1 << 20}-", f"bytes={(1 << 20) + 500_000}-"]


@pytest.mark.parametrize("size", [SIZE, None])
def test_a_later_call_goes_on_where_an_earlier_one_ended(get, web, size):
    web.cuts += [1 << 20, 0]
    path, failures, left = get("parts", size=size)
    said = f"truncated, {1 << 20} bytes of {SIZE}; the next call goes on where this one stopped"
    assert path is None and failures == [said]
    assert left == {f"{NAME}.part", f"{NAME}.part.json"}
    path, failures, left = get("parts", size=size)
    assert path.read_bytes() == CONTENT and not failures and left == {NAME}
    assert ranges(web)[2:] == [f"bytes={1 << 20}-"]


def test_what_ctrl_c_stopped_goes_on(get, web, monkeypatch):
    read = url._read

    def interrupted(response):
        if len(web.seen) == 1 and response.length < SIZE:
            raise KeyboardInterrupt
        return read(response)

    monkeypatch.setattr(url, "_read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get("parts")
    path, _, left = get("parts")
    assert path.read_bytes() == CONTENT and left == {NAME}
    assert ranges(web) == [None, f"bytes={url.CHUNK}-"]


def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(get, web):
    web.cuts += [1 << 20, 0]
    get("parts")
    other = web.files[NAME] = os.urandom(2 << 20)
    path, _, left = get("parts", hashlib.sha256(other).hexdigest(), len(other))
    assert path.read_bytes() == other and left == {NAME}


def test_a_damaged_part_is_given_up(get, web, tmp_path):
    web.cuts += [1 << 20, 0]
    get("parts")
    (tmp_path / "cache" / f"{NAME}.part").write_bytes(bytes(1 << 20))
    path, failures, left = get("parts")
    assert path.read_bytes() == CONTENT and not failures and left == {NAME}
    assert ranges(web)[2:] == [f"bytes={1 << 20}-", None]


@pytest.mark.parametrize("length", [SIZE, SIZE + 5])
def test_a_part_that_is_whole_or_too_long_is_fetched_anew(get, web, tmp_path, length):
    web.cuts += [1 << 20, 0]
    get("parts")
    (tmp_path / "cache" / f"{NAME}.part").write_bytes(bytes(length))
    assert get("parts")[0].read_bytes() == CONTENT


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"url": 3, "version": "x"}'])
def test_a_damaged_note_of_a_part_is_no_note(get, web, tmp_path, note):
    web.cuts += [1 << 20, 0]
    get("parts")
    (tmp_path / "cache" / f"{NAME}.part.json").write_text(note)
    assert get("parts")[0].read_bytes() == CONTENT and ranges(web)[2:] == [None]


def test_a_server_that_sends_another_part_is_not_believed(get, web):
    web.cuts += [1 << 20]
    web.headers["Content-Range"] = f"bytes 0-{SIZE - 1}/{SIZE}"
    path, _, left = get("parts")
    assert path.read_bytes() == CONTENT and left == {NAME}


def test_without_a_version_nothing_is_kept(get, web):
    web.cuts += [1 << 20]
    path, failures, left = get("files")
    assert path is None and failures == [f"truncated, {1 << 20} bytes of {SIZE}"]
    assert left == set() and ranges(web) == [None]


def test_a_part_that_nobody_asked_for_again_goes_away(get, tmp_path):
    old, new = tmp_path / "cache/old.h5.part", tmp_path / "cache/new.h5.part"
    old.parent.mkdir()
    for file, age in ((old, download.PART_SECONDS + 9), (new, 0)):
        file.touch()
        os.utime(file, (time.time() - age,) * 2)
    assert get("files")[2] == {NAME, new.name}


def test_a_redirect_is_followed_and_goes_on_too(get, web):
    web.cuts += [0, 1 << 20]
    web.cuts[0] = None
    path, _, left = get("moved")
    assert path.read_bytes() == CONTENT and left == {NAME}
    assert web.seen[0][0] == f"/moved/{NAME}" and web.seen[1][0] == f"/parts/{NAME}"


def test_a_redirect_in_a_circle(get):
    path, (failure,), left = get("circle")
    assert path is None and "infinite loop" in failure and "\n" not in failure and left == set()


@pytest.mark.parametrize(
    ("kind", "known", "said"),
    [
        ("text/html; charset=utf-8", (SHA256, SIZE), url.A_PAGE),
        ("text/html", (None, None), url.A_PAGE),
        ("application/octet-stream", (None, None), url.A_PAGE),
        ("application/octet-stream", (SHA256, SIZE), f"it has 24 bytes, {SIZE} are needed"),
    ],
)
def test_a_web_page_is_no_file(get, web, kind, known, said):
    web.page_type = kind
    path, failures, left = get("page", *known)
    assert path is None and failures == [said] and left == set()


@pytest.mark.parametrize(
    ("length", "known", "said"),
    [
        (SIZE - 9, (SHA256, SIZE), f"it has {SIZE - 9} bytes, "),
        (SIZE + 9, (SHA256, SIZE), f"it has {SIZE + 9} bytes, "),
        (SIZE - 9, (SHA256, None), "corrupt or tampered with"),
        (SIZE + 9, (SHA256, None), f"truncated, {SIZE} bytes of"),
    ],
)
def test_a_wrong_length(get, web, length, known, said):
    web.headers["Content-Length"] = str(length)
    path, failures, left = get("files", *known)
    assert path is None and said in failures[0] and left == set()


@pytest.mark.parametrize("length", ["many", "-5", ""])
def test_a_length_that_is_no_number_is_no_length(get, web, length):
    web.headers["Content-Length"] = length
    path, _, left = get("files")
    assert path.read_bytes() == CONTENT and left == {NAME}


def test_a_file_that_changed(get, web):
    web.files[NAME] = bytes(SIZE)
    for kind in ("files", "parts"):
        path, failures, left = get(kind)
        assert path is None and "corrupt or tampered with" in failures[0] and left == set()


def test_the_first_digits_of_a_sha256_are_enough(get, tmp_path):
    path, _, _ = get("files", SHA256[:8])
    assert path.read_bytes() == CONTENT and matches(path, SHA256[:8])
    with pytest.raises(ValueError, match=f"got sha256 {SHA256}; it must be 00000000: corrupt"):
        verify(path, "0" * 8)
    path.unlink()
    path, failures, left = get("files", "0" * 8)
    assert path is None and "00000000 is needed" in failures[0] and left == set()


def test_a_file_that_is_there_is_not_fetched(get, web):
    path, _, _ = get("files")
    assert get("files")[0] == path and len(web.seen) == 1


def test_no_network(get, web):
    web.shutdown()
    web.server_close()
    path, (failure,), left = get("parts")
    assert path is None and "refused" in failure and left == set()


def test_no_network_keeps_what_was_begun(get, web):
    web.cuts += [1 << 20, 0]
    get("parts")
    web.shutdown()
    web.server_close()
    path, _, left = get("parts")
    assert path is None and left == {f"{NAME}.part", f"{NAME}.part.json"}


def test_a_disk_that_fills_up_keeps_no_part(get, web, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(url.os, "fsync", full)
    with pytest.raises(download.WeightsError, match="No space left .* Free some space there"):
        get("parts")
    assert [file.suffix for file in (tmp_path / "cache").iterdir()] == [".lock"]


def test_threads_that_fetch_at_once_download_once(get, web):
    results = []
    threads = [threading.Thread(target=lambda: results.append(get("parts")[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {Path(path).read_bytes() == CONTENT for path in results} == {True}
    assert len(results) == 4 and len(web.seen) == 1


def test_the_note_of_a_part_names_its_url_and_version(get, web, tmp_path):
    web.cuts += [1 << 20, 0]
    get("parts")
    note = json.loads((tmp_path / "cache" / f"{NAME}.part.json").read_text())
    assert note == {"url": f"{web.url}/parts/{NAME}", "version": f'"{SHA256}"'}
