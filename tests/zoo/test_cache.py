"""Where weights come from, in which order, and that nothing corrupt, partial or contested is ever
used.
"""

import errno
import hashlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

from sslzoo.zoo import cache, url
from sslzoo.zoo.cache import WeightsError, cache_folder, fetch_weights
from sslzoo.zoo.records import Weights

CONTENT = bytes(range(256)) * 20_000  # 5 MB, several chunks
FILE = "toy.weights.h5"
REPOSITORY = Path(__file__).resolve().parents[2]


def record(content=CONTENT, mirrors=()):
    sha256 = hashlib.sha256(content).hexdigest()
    return Weights(
        file=FILE, sha256=sha256, bytes=len(content), encoding="fp16", mirrors=list(mirrors)
    )


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """An empty cache and an empty folder beside the configs."""
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SSLZOO_MIRRORS", raising=False)
    monkeypatch.setattr(cache, "RELEASES", ())
    for name in ("weights", "remote"):
        (tmp_path / name).mkdir()


@pytest.fixture
def remote(tmp_path):
    """(the file's path, its file:// URL)."""
    path = tmp_path / "remote" / FILE
    path.write_bytes(CONTENT)
    return path, path.as_uri()


def cached():
    return cache_folder() / f"toy-{record().sha256[:12]}.weights.h5"


def left():
    """Files in the cache that are not lock files."""
    return (
        sorted(p.name for p in cache_folder().glob("*") if p.suffix != ".lock")
        if cache_folder().exists()
        else []
    )


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT; /short breaks off after half of it, /slow sends it in pieces, anything else
    is 404.
    """

    def do_GET(self):
        if not self.path.startswith(("/good", "/short", "/slow")):
            return self.send_error(404)
        self.server.hits += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.path.startswith("/short"):
            return self.wfile.write(CONTENT[: len(CONTENT) // 2])
        for start in range(0, len(CONTENT), 1 << 18):
            self.wfile.write(CONTENT[start : start + (1 << 18)])
            if self.path.startswith("/slow"):
                time.sleep(0.05)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.hits = 0
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def test_a_local_file_needs_no_cache_and_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("SSLZOO_HOME", "/dev/null/nowhere")
    (tmp_path / "weights" / FILE).write_bytes(CONTENT)
    weights = record(mirrors=["http://127.0.0.1:1/" + FILE])
    assert fetch_weights("toy", weights, folder=tmp_path / "weights") == tmp_path / "weights" / FILE


def test_the_cache_comes_before_the_checkout(tmp_path):
    (tmp_path / "weights" / FILE).write_bytes(CONTENT)
    cached().parent.mkdir(parents=True)
    cached().write_bytes(CONTENT)
    assert fetch_weights("toy", record(), folder=tmp_path / "weights") == cached()


@pytest.mark.parametrize("damage", [CONTENT[:-1], b"", CONTENT[:-1] + b"!"])
def test_a_bad_cache_entry_is_removed_and_fetched_again(remote, damage):
    cached().parent.mkdir(parents=True)
    cached().write_bytes(damage)
    with pytest.warns(
        UserWarning,
        match=r"(truncated or not the same file|tampered with) \(removed from the cache\)",
    ):
        assert fetch_weights("toy", record(mirrors=[remote[1]])) == cached()
    assert cached().read_bytes() == CONTENT


def test_a_bad_cache_entry_without_another_source_is_refused_and_removed():
    cached().parent.mkdir(parents=True)
    cached().write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(
        WeightsError, match=r"sha256 [0-9a-f]{64}; it must be [0-9a-f]{64}: .*tampered.*removed"
    ):
        fetch_weights("toy", record())
    assert left() == []


def test_a_tampered_file_of_the_checkout_is_not_used_but_kept(tmp_path, remote):
    local = tmp_path / "weights" / FILE
    local.write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(
        WeightsError, match="(?s)tampered.*restore it or run `sslzoo train toy --record` again"
    ):
        fetch_weights("toy", record(), folder=local.parent)
    with pytest.warns(UserWarning, match="tampered"):
        assert fetch_weights("toy", record(mirrors=[remote[1]]), folder=local.parent) == cached()
    assert local.exists()


def test_download_is_cached_and_then_works_offline(server):
    weights = record(mirrors=[f"{server.url}/good/{FILE}"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fetch_weights("toy", weights) == fetch_weights("toy", weights) == cached()
    assert server.hits == 1 and left() == [cached().name] and cached().read_bytes() == CONTENT


def test_order_of_release_and_mirrors(monkeypatch):
    monkeypatch.setattr(cache, "RELEASES", ("http://127.0.0.1:1/release/",))
    monkeypatch.setenv("SSLZOO_MIRRORS", "http://127.0.0.1:1/a http://127.0.0.1:1/b/")
    with pytest.raises(WeightsError) as error:
        fetch_weights("toy", record(mirrors=["http://127.0.0.1:1/mirror/x.weights.h5"]))
    tried = [line.split(": ")[0] for line in str(error.value).splitlines()[1:-1]]
    folders = [f"release/{FILE}", "mirror/x.weights.h5", f"a/{FILE}", f"b/{FILE}"]
    assert tried == [f"- http://127.0.0.1:1/{folder}" for folder in folders]
    assert "refused" in str(error.value)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("short", f"truncated, {len(CONTENT) // 2} bytes of {len(CONTENT)}"),
        ("missing", "Not Found"),
        ("tampered", "corrupt or tampered with"),
        ("long", f"it has {len(CONTENT) + 1} bytes, {len(CONTENT)} are needed"),
        ("gone", "No such file"),
    ],
)
def test_a_bad_source_is_named_and_leaves_nothing(server, remote, source, reason):
    path, url = remote
    if source == "tampered":
        path.write_bytes(CONTENT[:-1] + b"!")
    elif source == "long":
        path.write_bytes(CONTENT + b"!")
    elif source == "gone":
        path.unlink()
    else:
        url = f"{server.url}/{source}/{FILE}"
    with pytest.raises(WeightsError, match="No usable weights of toy") as error:
        fetch_weights("toy", record(mirrors=[url]))
    assert reason in str(error.value) and url in str(error.value)
    assert left() == []


def test_the_next_mirror_serves_when_one_is_short(server):
    weights = record(mirrors=[f"{server.url}/short/{FILE}", f"{server.url}/good/{FILE}"])
    with pytest.warns(UserWarning, match="short.*truncated"):
        assert fetch_weights("toy", weights).read_bytes() == CONTENT


def test_no_record_and_no_source():
    with pytest.raises(
        WeightsError,
        match=r"toy has no published weights yet; make them \(`sslzoo train toy --record`\)",
    ):
        fetch_weights("toy", None)
    with pytest.raises(
        WeightsError,
        match="(?s)no download is known.*a clone of the repository.*weights=PATH.*SSLZOO_MIRRORS",
    ):
        fetch_weights("toy", record())


def test_explicit_path(tmp_path):
    mine = tmp_path / "mine.weights.h5"
    mine.write_bytes(b"anything")
    assert fetch_weights("toy", record(), mine) == fetch_weights("toy", None, str(mine)) == mine
    with pytest.raises(
        FileNotFoundError,
        match="weights: got 'nowhere.weights.h5'; it must be an existing file, a URL",
    ):
        fetch_weights("toy", record(), "nowhere.weights.h5")


def test_explicit_url(server, remote):
    url = f"{server.url}/good/{FILE}"
    sha256 = record().sha256
    assert fetch_weights("toy", None, f"{url}#sha256={sha256}") == cached()
    fetch_weights("toy", None, f"{url}#sha256={sha256}")
    assert server.hits == 1
    cached().write_bytes(b"tampered")
    assert fetch_weights("toy", None, f"{url}#sha256={sha256}").read_bytes() == CONTENT
    assert server.hits == 2
    # no digest: taken as it is
    assert fetch_weights("toy", record(b"other"), remote[1]).read_bytes() == CONTENT
    with pytest.raises(WeightsError, match="tampered"):
        fetch_weights("toy", None, f"{url}#sha256={'0' * 64}")
    with pytest.raises(WeightsError, match="it must have sha256= and 64 hex digits after its #"):
        fetch_weights("toy", None, f"{url}#sha256=12")
    with pytest.raises(WeightsError, match=r"it must be a URL whose path ends in \.weights\.h5"):
        fetch_weights("toy", None, f"{server.url}/good/model.zip")


def test_unwritable_cache(monkeypatch, remote):
    monkeypatch.setenv("SSLZOO_HOME", "/dev/null/nowhere")
    with pytest.raises(
        WeightsError,
        match=r"cache folder /dev/null/nowhere/weights cannot be written: .*SSLZOO_HOME",
    ):
        fetch_weights("toy", record(mirrors=[remote[1]]))


FULL_DISK = """
import resource, signal, sys
from sslzoo.zoo.cache import fetch_weights, WeightsError
from sslzoo.zoo.records import Weights
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    fetch_weights("toy", Weights.model_validate_json(sys.argv[1]))
except WeightsError as error:
    print(error)
"""


def run(code, *arguments, **kwargs):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, **kwargs)


def test_a_disk_that_fills_up(remote):
    """A real write error after 1 MB of 5 (a file size limit, as an unprivileged stand-in for a full
    disk).
    """
    output, _ = run(FULL_DISK, record(mirrors=[remote[1]]).model_dump_json()).communicate(
        timeout=60
    )
    assert (
        f"The cache folder {cache_folder()} cannot be written" in output
        and os.strerror(errno.EFBIG) in output
    )
    assert left() == []


FETCH = """
import sys
from sslzoo.zoo.cache import fetch_weights
from sslzoo.zoo.records import Weights
print("ready", flush=True)
print(fetch_weights("toy", Weights.model_validate_json(sys.argv[1])), flush=True)
"""


def test_processes_that_fetch_at_once_download_once(server):
    weights = record(mirrors=[f"{server.url}/slow/{FILE}"]).model_dump_json()
    processes = [run(FETCH, weights) for _ in range(3)]
    for process in processes:
        assert process.communicate(timeout=60)[0].split() == ["ready", str(cached())]
    assert server.hits == 1 and left() == [cached().name] and cached().read_bytes() == CONTENT


def test_a_process_killed_in_the_middle_blocks_nobody(server):
    weights = record(mirrors=[f"{server.url}/slow/{FILE}"])
    process = run(FETCH, weights.model_dump_json())
    part = cached().with_name(cached().name + ".part")
    deadline = time.time() + 30
    while not (part.exists() and part.stat().st_size) and time.time() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not cached().exists() and part.stat().st_size < len(CONTENT)
    assert fetch_weights("toy", weights).read_bytes() == CONTENT
    assert left() == [cached().name]


def test_an_interrupt_leaves_nothing(remote, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(url, "_read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch_weights("toy", record(mirrors=[remote[1]]))
    assert left() == []


NO_HOME = """
import os, pwd, sys
os.environ.pop("HOME", None)
os.environ.pop("SSLZOO_HOME", None)
def unknown(number):
    raise KeyError(number)
pwd.getpwuid = unknown
import sslzoo
assert sslzoo.load("simclr_resnet20.digits").built
assert len(sslzoo.data.load("digits")) == 1297
"""


@pytest.mark.slow
def test_a_user_without_a_home_loads_what_lies_beside_the_configs(tmp_path):
    paths = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", NO_HOME]
    environment = {**os.environ, "PYTHONPATH": paths}
    subprocess.run(command, check=True, cwd=tmp_path, env=environment, timeout=300)
    assert not (tmp_path / "~").exists()
