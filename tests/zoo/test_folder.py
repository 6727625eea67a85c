"""One folder that describes itself: written whole, and never overwritten unasked."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import sslzoo
import sslzoo.cli.embed
import sslzoo.cli.eval
import sslzoo.cli.info
from sslzoo import cli as commands
from sslzoo.zoo import folder as folders
from sslzoo.zoo.folder_card import digest


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def images():
    return sslzoo.data.load("digits", "test").images[:16]


@pytest.fixture(scope="module")
def model(images):
    model = sslzoo.build("simclr", "micro", 8, temperature=0.2)
    model.fit(images, batch_size=8, verbose=0)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["h5", "safetensors"])
def test_a_folder_is_read_again(model, images, weights, place):
    card = sslzoo.save(model, "mine", weights=weights)
    again = sslzoo.load("mine")
    np.testing.assert_array_equal(again.encode(images), model.encode(images))
    assert again.temperature == 0.2 and again.compiled and again.has_recipe
    again.fit(images, batch_size=8, verbose=0)
    assert sslzoo.info("mine") == card
    assert [file.name for file in place.iterdir()] == ["mine"]
    again = sslzoo.load(shutil.move("mine", "elsewhere"))
    assert again.backbone.name == "micro"


def test_the_card_says_how_to_use_it(model):
    card = sslzoo.save(model, "mine")
    text = Path("mine/README.md").read_text()
    for part in ('sslzoo.load("mine")', "model.encode", "SimCLR", "arXiv:2002.05709", card.sha256):
        assert part in text
    assert "16 features" in str(sslzoo.info("mine"))
    json.dumps(card.as_dict())


@pytest.mark.slow
def test_the_card_says_of_which_published_weights_it_comes(images):
    published = sslzoo.load("simclr_resnet20.digits")
    published.fit(images, batch_size=8, verbose=0)
    sslzoo.save(published, "mine")
    sslzoo.save(sslzoo.load("mine"), "again")
    rows = dict(sslzoo.info("again").rows())
    assert rows["origin"] == "weights of simclr_resnet20.digits"
    assert rows["licence"] == "Apache-2.0, of the origin"
    assert sslzoo.load("simclr_resnet20.digits", weights=None).origin is None


def test_commands_take_it_as_they_take_a_name(model, capsys):
    card = sslzoo.save(model, "mine")
    commands.info.command("mine", as_json=True)
    assert json.loads(capsys.readouterr().out) == card.as_dict()
    commands.info.command("mine")
    assert card.sha256 in capsys.readouterr().out
    commands.embed.command("mine", "digits", Path("digits.npz"), split="test")
    assert np.load("digits.npz")["features"].shape == (500, 16)
    commands.eval.command("mine", data="digits", protocol="knn", as_json=True)
    assert '"protocol": "knn"' in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["vae_mlp.mnist", "tca.office_caltech10", "adarnn_gru.tiantan", "icarl_mlp.mnist"]
)
def test_models_of_every_family(name):
    model = sslzoo.load(name)
    sslzoo.save(model, "mine", weights="safetensors")
    again = sslzoo.load("mine")
    assert type(again) is type(model) and list(again.verbs) == list(model.verbs)
    for variable, other in zip(model.variables, again.variables, strict=True):
        if "seed" not in variable.path:
            np.testing.assert_array_equal(np.asarray(variable), np.asarray(other), variable.path)


def test_nothing_is_overwritten_unasked(model, images):
    sslzoo.save(model, "mine")
    with pytest.raises(FileExistsError, match="folder: mine exists; give another one, or overwri"):
        sslzoo.save(model, "mine")
    other = sslzoo.build("simclr", "micro", 8, seed=7)
    sslzoo.save(other, "mine", weights="safetensors", overwrite=True)
    np.testing.assert_array_equal(sslzoo.load("mine").encode(images), other.encode(images))


def test_a_folder_of_something_else_is_never_replaced(model, place):
    (place / "mine").mkdir()
    (place / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="folder: got mine; it must be one that sslzoo.save wrote"):
        sslzoo.save(model, "mine", overwrite=True)
    assert (place / "mine" / "letter.txt").read_text() == "dear"


def test_a_save_that_fails_leaves_nothing_and_keeps_the_folder_before(model, place, monkeypatch):
    sslzoo.save(model, "mine")
    before = sslzoo.info("mine")

    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(folders, "save_weights", fail)
    for name in ("mine", "new"):
        with pytest.raises(OSError, match="the disk is full"):
            sslzoo.save(model, name, overwrite=True)
    assert [file.name for file in place.iterdir()] == ["mine"] and sslzoo.info("mine") == before


def test_a_place_that_cannot_be_written(model, place, monkeypatch):
    (place / "file").write_text("none")
    with pytest.raises(OSError, match="file/below: this folder cannot be made|file: this folder"):
        sslzoo.save(model, "file/below/mine")

    def taken(part, folder, before):
        folder.mkdir()
        (folder / "other").touch()
        part.rename(folder)

    monkeypatch.setattr(folders, "_put", taken)  # by another process, meanwhile
    with pytest.raises(OSError, match=r"mine: this folder cannot be written \(Directory not empty"):
        sslzoo.save(model, "mine")
    assert [file.name for file in (place / "mine").iterdir()] == ["other"]


def test_what_cannot_be_saved(model):
    with pytest.raises(ValueError, match="weights: got 'pickle'; it must be one of 'h5', 'safe"):
        sslzoo.save(model, "mine", weights="pickle")
    with pytest.raises(ValueError, match="model: got Functional; it must be a method of sslzoo"):
        sslzoo.save(model.backbone, "mine")
    inputs = keras.Input((8, 8, 3))
    outputs = keras.layers.GlobalAveragePooling2D()(keras.layers.Lambda(lambda x: x * 2)(inputs))
    with pytest.raises(ValueError, match="model: Keras cannot save and make it again"):
        sslzoo.save(sslzoo.build("simclr", keras.Model(inputs, outputs)), "mine")


def damaged_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def no_weights(folder):
    (folder / "model.safetensors").unlink()


def no_json(folder):
    (folder / "sslzoo.json").write_text("{")


def weights_elsewhere(folder):
    text = (folder / "sslzoo.json").read_text()
    (folder / "sslzoo.json").write_text(text.replace("model.safetensors", "../secret.safetensors"))


def another_argument(folder):
    text = (folder / "sslzoo.json").read_text()
    (folder / "sslzoo.json").write_text(text.replace('"temperature": 0.2', '"temperature": 0.3'))


def rewritten(folder, change):
    """A description of somebody who knows how its digest is made."""
    path = folder / "sslzoo.json"
    described = json.loads(path.read_text())
    change(described)
    path.write_text(json.dumps(described | {"digest": digest(described)}))


def another_class(folder):
    changes = {"module": "os", "class_name": "system", "registered_name": None}
    rewritten(folder, lambda described: described["model"].update(changes))


def another_network(folder):
    rewritten(
        folder,
        lambda described: described["model"].update(described["model"]["config"]["backbone"]),
    )


def a_list(folder):
    (folder / "sslzoo.json").write_text("[]")


def no_preprocessing(folder):
    rewritten(folder, lambda described: described.update(preprocessing=None))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damaged_weights, "mine/model.safetensors: got sha256 .* corrupt or tampered with"),
        (no_weights, "mine: the file model.safetensors is missing; copy the whole folder again."),
        (no_json, "mine/sslzoo.json: not a readable description"),
        (weights_elsewhere, "mine/sslzoo.json: not a readable description"),
        (another_argument, "mine/sslzoo.json: not a readable .* content is not what was written"),
        (another_class, "mine/sslzoo.json: not a readable description of a model"),
        (another_network, "mine: got Functional; it must describe a method of sslzoo"),
        (a_list, "mine/sslzoo.json: not a readable description"),
        (no_preprocessing, "mine/sslzoo.json: not a readable description"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_damaged_folder(model, place, damage, said):
    sslzoo.save(model, "mine", weights="safetensors")
    damage(place / "mine")
    with pytest.raises(ValueError, match=said):
        sslzoo.load("mine")
