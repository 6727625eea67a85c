"""Saved models on a web server and on the Hub: fetched, checked, and loaded whole or not at all."""

import errno
import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import sslzoo
from sslzoo.zoo import remote, url
from sslzoo.zoo.cache import cache_folder
from sslzoo.zoo.folder_card import digest

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 8, 8), "uint8")


@pytest.fixture(scope="module")
def model():
    return sslzoo.build("simclr", "micro", 8)


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    """{file: content} of a saved model."""
    folder = tmp_path_factory.mktemp("saved") / "mine"
    sslzoo.save(model, folder, weights="safetensors")
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def mine(web, saved):
    """The address of the saved model on a web server."""
    web.files.update({f"models/mine/{name}": content for name, content in saved.items()})
    return f"{web.url}/parts/models/mine"


def left():
    """Files of the cache, without locks and descriptions."""
    return [file.name for file in cache_folder().glob("*") if file.suffix not in ("", ".lock")]


def change(files, changes, prefix="models/mine/"):
    """Rewrite a description as somebody does who knows how its digest is made."""
    described = json.loads(files[f"{prefix}sslzoo.json"])
    changes(described)
    described["digest"] = digest(described)
    files[f"{prefix}sslzoo.json"] = json.dumps(described).encode()


def test_a_folder_on_a_web_server(mine, web, model):
    web.files["models/mine/evil.pkl"] = b"never asked for"
    for address in (mine, f"{mine}/", mine.replace("parts", "moved") + "?key=1#top"):
        loaded = sslzoo.load(address)
        np.testing.assert_array_equal(loaded.encode(IMAGES), model.encode(IMAGES))
        assert sslzoo.info(address).name == address
    assert {Path(path).name for path, _ in web.seen} == {"sslzoo.json", "model.safetensors"}
    assert len([path for path, _ in web.seen if path.endswith(".safetensors")]) == 1
    with pytest.raises(ValueError, match="weights of a saved model: got None"):
        sslzoo.load(mine, weights=None)


def test_weights_in_keras_own_format_too(web, model):
    sslzoo.save(model, "h5")
    web.files.update({f"h5/{file.name}": file.read_bytes() for file in Path("h5").iterdir()})
    loaded = sslzoo.load(f"{web.url}/files/h5")
    np.testing.assert_array_equal(loaded.encode(IMAGES), model.encode(IMAGES))


def test_without_its_server_the_copy_in_the_cache_is_loaded(mine, web, model, caplog):
    sslzoo.load(mine)
    web.shutdown()
    web.server_close()
    np.testing.assert_array_equal(sslzoo.load(mine).encode(IMAGES), model.encode(IMAGES))
    assert f"{mine}: not reachable (" in caplog.text
    with pytest.raises(ValueError, match=r"other: sslzoo.json cannot be fetched \(.*refused\)"):
        sslzoo.load(mine.replace("mine", "other"))


def test_a_folder_that_changed_is_loaded_anew(mine, web):
    remote.fetch_remote(mine)
    sslzoo.save(sslzoo.build("simclr", "micro", 8, seed=5), "new", weights="safetensors")
    for name in ("sslzoo.json", "model.safetensors"):
        web.files[f"models/mine/{name}"] = Path("new", name).read_bytes()
    expected = sslzoo.load("new").encode(IMAGES)
    np.testing.assert_array_equal(sslzoo.load(mine).encode(IMAGES), expected)


def gone(files):
    files.clear()


def no_weights(files):
    del files["models/mine/model.safetensors"]


def a_bit(files):
    content = files["models/mine/model.safetensors"]
    files["models/mine/model.safetensors"] = content[:-1] + bytes([content[-1] ^ 1])


def shorter(files):
    files["models/mine/model.safetensors"] = files["models/mine/model.safetensors"][:-1]


def half_a_description(files):
    content = files["models/mine/sslzoo.json"]
    files["models/mine/sslzoo.json"] = content[: len(content) // 2]


def a_page(files):
    files["models/mine/sslzoo.json"] = b"<!DOCTYPE html><title>Sign in</title>"


def elsewhere(files):
    change(files, lambda described: described["weights"].update(file="../model.safetensors"))


def a_place_as_hash(files):
    change(files, lambda described: described["weights"].update(sha256="../" * 21 + "x"))


def a_program(files):
    description = {"module": "os", "class_name": "system", "registered_name": None}
    change(files, lambda described: described["model"].update(description))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (gone, r"sslzoo.json cannot be fetched \(Not Found\); it must be the address of a folder"),
        (no_weights, r"model.safetensors cannot be fetched \(Not Found\)"),
        (a_bit, r"model.safetensors cannot be fetched \(sha256 is .* corrupt or tampered with\)"),
        (shorter, r"model.safetensors cannot be fetched \(it has \d+ bytes, \d+ are needed\)"),
        (half_a_description, "not a readable description"),
        (a_page, r"sslzoo.json cannot be fetched \(the answer is a web page and not the file"),
        (elsewhere, "not a readable description"),
        (a_place_as_hash, "not a readable description"),
        (a_program, "not a readable description of a model"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_damaged_folder_is_one_sentence_with_its_address(mine, web, damage, said):
    damage(web.files)
    with pytest.raises(ValueError, match=said) as error:
        sslzoo.load(mine)
    assert str(error.value).startswith(mine) and "\n" not in str(error.value)
    assert left() == ([] if damage is not a_program else left()[:1])


class Attack:
    def __reduce__(self):
        return os.mkdir, ("attacked",)


def test_a_pickle_is_never_run(mine, web):
    content = pickle.dumps(Attack())
    web.files["models/mine/sslzoo.json"] = content
    with pytest.raises(ValueError, match="not a readable description"):
        sslzoo.load(mine)
    assert not Path("attacked").exists()


def test_a_description_has_a_limit(mine, monkeypatch):
    monkeypatch.setattr(remote, "MOST", 100)
    with pytest.raises(ValueError, match=r"sslzoo.json cannot be fetched \(more than 100 bytes\)"):
        remote.remote_card(mine)


def test_an_interrupted_download_goes_on(mine, web):
    web.cuts += [None, 500, 0]
    with pytest.raises(ValueError, match="truncated, 500 bytes .* goes on where this one stopped"):
        remote.fetch_remote(mine)
    assert len(left()) == 2
    card, path = remote.fetch_remote(mine)
    assert web.seen[-1][1] == "bytes=500-" and left() == [path.name]


def test_loads_at_once_fetch_the_weights_once(mine, web):
    with ThreadPoolExecutor() as pool:
        paths = [path for _, path in pool.map(remote.fetch_remote, [mine] * 4)]
    assert len(set(paths)) == 1 and left() == [paths[0].name]
    assert len([path for path, _ in web.seen if path.endswith(".safetensors")]) == 1


def test_a_full_disk(mine, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(url, "_copy", full)
    with pytest.raises(ValueError, match="cannot be written: .*No space left.* Free some space"):
        remote.fetch_remote(mine)
    assert left() == []


def test_a_cache_that_cannot_be_written(mine, home, monkeypatch):
    card, path = remote.fetch_remote(mine)
    before = sorted(home.rglob("*"))

    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(remote, "replace_file", refuse)
    monkeypatch.setattr(remote, "download_first", refuse)
    assert remote.fetch_remote(mine) == (card, path)  # what is in it needs no writing
    assert sorted(home.rglob("*")) == before
    monkeypatch.undo()
    monkeypatch.setenv("SSLZOO_HOME", "/dev/null/nowhere")
    with pytest.raises(ValueError, match="folder /dev/null/nowhere/weights cannot be written"):
        remote.fetch_remote(mine)


@pytest.mark.parametrize("address", ["hf://", "hf://mine", "hf://ann/mine@", "hf://a/b/c"])
def test_an_address_that_is_none(address):
    with pytest.raises(ValueError, match=f"model: got '{address}'; it must be hf://USER/NAME or"):
        sslzoo.load(address)


def test_without_the_package_of_the_hub(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    needed = "hf://ann/mine: the Hub needs huggingface_hub, which is not installed; `pip install ss"
    with pytest.raises(ModuleNotFoundError, match=needed):
        sslzoo.load("hf://ann/mine")


FETCH = """
import os, resource, signal, sys
if "FULL" in os.environ:  # a limit of file sizes stands for a full disk
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
from sslzoo.zoo.remote import fetch_remote, remote_card
for address in sys.argv[1:]:
    try:
        card = remote_card(address)
        card, path = fetch_remote(address)
        print(card.name, path.name, path.stat().st_size)
    except (ValueError, ModuleNotFoundError) as error:
        print(error)
assert "keras" not in sys.modules
"""


@pytest.fixture
def fetch(hub, saved, tmp_path):
    """`fetch(address, ...)`: a line for each in a new Python, which reads HF_ENDPOINT."""
    pytest.importorskip("huggingface_hub")
    hub.commits["main"] = saved | {"evil.pkl": b"never asked for", "card.md": b"nor this"}
    paths = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    known = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    known |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "PYTHONPATH": paths}

    def fetch(*addresses, code=FETCH, **environment):
        command = [sys.executable, "-c", code, *addresses]
        done = subprocess.run(
            command, env=known | environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return fetch


def test_a_repository_of_the_hub_online_and_offline(fetch, hub, saved):
    size = len(saved["model.safetensors"])
    assert fetch("hf://ann/mine") == [f"hf://ann/mine model.safetensors {size}"]
    fetched = {Path(path).name for path in hub.seen if "/resolve/" in path}
    assert fetched == {"sslzoo.json", "model.safetensors"}
    hub.seen.clear()
    offline = fetch("hf://ann/mine", HF_HUB_OFFLINE="1")
    assert offline == [f"hf://ann/mine model.safetensors {size}"] and hub.seen == []


def test_processes_that_load_from_the_hub_at_once(fetch, saved):
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(fetch, ["hf://ann/mine"] * 2))
    assert answers == [[f"hf://ann/mine model.safetensors {len(saved['model.safetensors'])}"]] * 2


def test_what_the_hub_refuses_is_one_sentence_each(fetch, hub):
    hub.commits["empty"] = {}
    lines = fetch("hf://ann/none", "hf://ann/mine@v9", HF_HUB_DISABLE_XET="1")
    assert lines[0].startswith("hf://ann/none: there is no such repository, or it is private: ")
    assert lines[1].startswith("hf://ann/mine@v9: the repository has no such revision; name a br")
    (line,) = fetch("hf://ann/other", HF_HUB_OFFLINE="1")
    assert line.startswith("hf://ann/other: the Hub cannot be reached, and it is not in the cache")
    (line,) = fetch("hf://ann/other", HF_ENDPOINT="http://127.0.0.1:9")
    assert line.startswith("hf://ann/other: the Hub cannot be reached, and it is not in the cache")
    del hub.commits["main"]["sslzoo.json"]
    (line,) = fetch("hf://ann/mine")
    assert line.startswith("hf://ann/mine: got a repository without sslzoo.json; it must be one")


UPLOAD = """
import sys
from pathlib import Path
from sslzoo.zoo.hub import Repository
try:
    Repository.of("hf://ann/mine").upload(Path(sys.argv[1]), private=False)
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("token", [{}, {"HF_TOKEN": "hf_bob"}])
def test_who_is_not_logged_in_is_told_how(fetch, hub, tmp_path, token):
    before = dict(hub.commits["main"])
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "sslzoo.json").touch()
    (line,) = fetch(str(tmp_path / "folder"), code=UPLOAD, **token)
    assert line.startswith("hf://ann/mine: ") and "`hf auth login` or HF_TOKEN" in line
    assert hub.commits == {"main": before}


def test_damaged_weights_of_a_repository_are_fetched_again_and_then_refused(fetch, hub, tmp_path):
    (line,) = fetch("hf://ann/mine")
    (blob,) = [p for p in (tmp_path / "hf").rglob("*.safetensors") if "snapshots" in p.parts]
    blob.resolve().write_bytes(b"damaged")
    assert fetch("hf://ann/mine") == [line]
    hub.commits["main"]["model.safetensors"] = b"x" * 9
    blob.resolve().write_bytes(b"damaged")
    (line,) = fetch("hf://ann/mine")
    assert line.startswith("hf://ann/mine: model.safetensors is missing or damaged there; it must")


def test_a_cache_of_the_hub_that_cannot_be_written(fetch):
    (line,) = fetch("hf://ann/mine", HF_HOME="/dev/null/nowhere")
    assert line == (
        "hf://ann/mine: its cache cannot be written (Not a directory); free some space there, or "
        "set HF_HOME to a folder with space that you may write to."
    )
    (line,) = fetch("hf://ann/mine", FULL="1")
    assert line.startswith("hf://ann/mine: its cache cannot be written (File too large); free")
    (line,) = fetch("hf://ann/mine")
    assert line.startswith("hf://ann/mine model.safetensors")
