"""Models that are pushed to a hub or into a folder, and loaded from there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sslzoo
from sslzoo.zoo.markdown_card import markdown_card

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 8, 8), "uint8")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(scope="module")
def model():
    return sslzoo.build("simclr", "micro", 8)


def files(folder):
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.mark.slow
def test_an_entry_in_a_folder_has_its_figures_and_the_same_embeddings():
    card = sslzoo.push("simclr_resnet20.digits", "shared")
    assert files("shared") == ["README.md", "model.safetensors", "sslzoo.json"]
    text = Path("shared/README.md").read_text()
    assert text == markdown_card("simclr_resnet20.digits", "shared")
    assert 'sslzoo.load("shared")' in text and "model-index" in text
    assert card.name == "shared" and card == sslzoo.info("shared")
    expected = sslzoo.load("simclr_resnet20.digits").encode(IMAGES)
    np.testing.assert_array_equal(sslzoo.load("shared").encode(IMAGES), expected)


@pytest.mark.slow
def test_the_card_of_a_folder_is_taken_with_its_new_address(model):
    sslzoo.push("simclr_resnet20.digits", "first")
    text = Path("first/README.md").read_text() + '\nSee sslzoo.load("another").\n'
    Path("first/README.md").write_text(text)
    sslzoo.push(Path("first"), "second")
    expected = text.replace('sslzoo.load("first")', 'sslzoo.load("second")')
    assert Path("second/README.md").read_text() == expected != text
    Path("first/README.md").unlink()
    sslzoo.push("first", "third")
    assert 'sslzoo.load("third")' in Path("third/README.md").read_text()


def test_a_folder_is_replaced_only_when_asked(model):
    sslzoo.push(model, "mine")
    with pytest.raises(FileExistsError, match="folder: mine exists; give another one, or overwri"):
        sslzoo.push(model, "mine")
    sslzoo.push(model, "mine", overwrite=True)
    Path("other").mkdir()
    with pytest.raises(ValueError, match="folder: got other; it must be one that sslzoo.save"):
        sslzoo.push(model, "other", overwrite=True)


@pytest.mark.parametrize("target", ["hf://mine", "hf://ann/mine/more", "https://example.org/mine"])
def test_a_target_that_is_no_repository(model, target):
    with pytest.raises(ValueError, match=f"target: got '{target}'; it must be hf://USER/NAME or"):
        sslzoo.push(model, target)


PUSH = """
import json, sys
import numpy as np
import sslzoo
from sslzoo.cli import app
images = np.load(sys.argv[1])
app(["push", "simclr_resnet20.digits", "hf://ann/mine", "--private"], standalone_mode=False)
sslzoo.push(sslzoo.load("hf://ann/mine"), "hf://ann/mine@v2")
loaded = sslzoo.load("hf://ann/mine")
expected = sslzoo.load("simclr_resnet20.digits")
assert np.array_equal(loaded.encode(images), expected.encode(images))
print(json.dumps({"card": sslzoo.info("hf://ann/mine").as_dict(), "origin": loaded.origin}))
"""


def run(code, hub, *arguments, **environment):
    paths = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    own = {"HF_ENDPOINT": hub.url, "HF_HOME": "hf", "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": paths}
    known = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command, env=known | own | environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_an_entry_goes_to_the_hub_and_comes_back(hub):
    pytest.importorskip("huggingface_hub")
    np.save("images.npy", IMAGES)
    told, answer = run(PUSH, hub, "images.npy", HF_TOKEN="hf_ann")
    assert told == "hf://ann/mine"
    private, other = hub.created
    assert private["name"] == "mine" and {"private", True} & set(private.values())
    assert not {"private", True} & set(other.values())
    assert sorted(hub.commits["main"]) == ["README.md", "model.safetensors", "sslzoo.json"]
    text = hub.commits["main"]["README.md"].decode()
    assert text == markdown_card("simclr_resnet20.digits", "hf://ann/mine")
    answer = json.loads(answer)
    assert answer["card"]["name"] == "hf://ann/mine"
    assert answer["origin"]["name"] == "simclr_resnet20.digits"
    assert 'sslzoo.load("hf://ann/mine@v2")' in hub.commits["v2"]["README.md"].decode()
    assert not any("README.md" in path for path in hub.seen if "/resolve/" in path)
