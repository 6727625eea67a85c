"""What a user saved is loaded by the same word."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import sslzoo
from sslzoo.zoo.embed import class_names
from sslzoo.zoo.entry import Entry, info, load_config
from sslzoo.zoo.train import train
from sslzoo.zoo.weights import save_weights

CONFIG = """\
method: simclr
backbone: {name: micro, width: 4}
image_size: 8
hyperparameters: {projection: [8, 8]}
augment: digits
data: {name: digits, split: train}
optimizer: {name: sgd, learning_rate: 0.1}
batch_size: 512
epochs: 1
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def images():
    return sslzoo.data.load("digits", "test").images[:16]


@pytest.fixture
def model():
    model = sslzoo.build("simclr", "micro", 8)
    model.fit(sslzoo.data.load("digits", "test").images[:16], batch_size=8, verbose=0)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("file", ["mine.keras", "mine.weights.h5"])
def test_a_file(model, images, file):
    (model.save if file.endswith(".keras") else model.save_weights)(file)
    again = sslzoo.load(file)
    np.testing.assert_array_equal(again.encode(images), model.encode(images))
    assert again.compiled and again.has_recipe
    again.fit(images, batch_size=8, verbose=0)


@pytest.mark.tensorflow
def test_the_folder_of_an_export(model, images):
    model.remember_origin({"name": "entry", "licence": "MIT", "sha256": "0", "commit": "1"})
    model.export("served")
    model.export("served", version=2)
    file = Path("served/1/assets.extra/sslzoo.json")
    described = json.loads(file.read_text())
    for key in ("origin", "versions", "classes"):  # which older versions did not write
        del described[key]
    file.write_text(json.dumps(described))
    for name, origin in [("served/1", None), ("served", model.origin)]:
        again = sslzoo.load(name)
        assert again.origin == origin
        np.testing.assert_allclose(again.encode(images), model.encode(images), atol=1e-6)
    again.fit(images, batch_size=8, verbose=0)
    file = Path("served/2/assets.extra/sslzoo.json")
    described = json.loads(file.read_text())
    del described["model"]
    file.write_text(json.dumps(described))
    with pytest.raises(ValueError, match="served/2: the export does not describe its model"):
        sslzoo.load("served")


@pytest.mark.parametrize("classes", [2, 3])
def test_names_of_classes_are_those_of_the_folder_that_has_as_many(folder, classes):
    for name in ("cat", "dog"):
        (folder / "photos" / name).mkdir(parents=True)
        keras.utils.save_img(folder / "photos" / name / "1.png", np.zeros((8, 8, 3)))
    (folder / "mine.yaml").write_text(CONFIG.replace("digits, split", "photos, split"))
    model = sslzoo.build("flexmatch", "micro", 8, classes=classes, unlabeled_size=9)
    assert class_names("mine.yaml", model) == (["cat", "dog"] if classes == 2 else None)


def test_a_weights_file_that_says_nothing_is_known_by_the_zoo_s_name_or_needs_one(model, images):
    entry = Entry.find("simclr_resnet20.digits")
    file = entry.config.record.weights.file
    shutil.copy(entry.weights_folder / file, file)
    reference = sslzoo.load(entry.name).encode(images)
    np.testing.assert_array_equal(sslzoo.load(file).encode(images), reference)
    save_weights(model, "mine.weights.h5")
    with pytest.raises(ValueError, match=r"load\(NAME, weights='mine.weights.h5'\)"):
        sslzoo.load("mine.weights.h5")


@pytest.mark.parametrize("name", ["mine.keras", "mine.weights.h5"])
def test_a_file_that_is_missing_broken_or_of_another_kind(name, folder):
    with pytest.raises(FileNotFoundError, match=f"model: there is no file {name}."):
        sslzoo.load(name)
    (folder / name).write_bytes(b"nothing")
    with pytest.raises(ValueError, match="not a readable"):
        sslzoo.load(name)
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save("other.keras")
    with pytest.raises(ValueError, match="other.keras: got Sequential; it must be a method of"):
        sslzoo.load("other.keras")
    with pytest.raises(ValueError, match="weights of a saved model: got None"):
        sslzoo.load("other.keras", weights=None)


def test_a_run_by_its_folder_and_by_its_config(folder, images):
    (folder / "mine.yaml").write_text(CONFIG)
    record = train("mine.yaml", verbose=0)
    assert {"pillow", "scikit-learn"} <= record["versions"].keys()
    models = [sslzoo.load(name) for name in ("runs/mine", "mine.yaml", "runs/mine/config.yaml")]
    features = [each.encode(images) for each in models]
    assert not np.array_equal(features[0], sslzoo.load("mine.yaml", weights=None).encode(images))
    assert all(np.array_equal(features[0], each) for each in features)
    np.testing.assert_array_equal(
        sslzoo.load("runs/mine/mine.weights.h5").encode(images), features[0]
    )
    assert info("runs/mine").sha256 == info("mine.yaml").sha256 == record["weights"]["sha256"]
    assert load_config("runs/mine").record.steps == record["steps"]
    # a run that has not ended has its last checkpoint
    (folder / "runs/mine/record.json").unlink()
    unfinished = sslzoo.load("runs/mine").encode(images)
    np.testing.assert_allclose(unfinished, features[0], atol=0.02)  # the weights are in fp16
    (folder / "runs/mine/checkpoint.npz").unlink()
    with pytest.raises(ValueError, match="runs/mine: the run has neither weights nor a check"):
        sslzoo.load("mine.yaml")
    (folder / "mine.yaml").write_text(CONFIG.replace("epochs: 1", "epochs: 2"))
    with pytest.raises(ValueError, match=r"runs/mine holds a run of another config \(epochs diff"):
        sslzoo.load("mine.yaml")


@pytest.mark.slow
def test_a_run_in_another_folder_goes_on_there(folder):
    (folder / "mine.yaml").write_text(CONFIG)
    steps = train("mine.yaml", "elsewhere", verbose=0)["steps"]
    assert train("elsewhere", verbose=0)["steps"] == steps
    assert not (folder / "runs").exists()
    assert sslzoo.load("elsewhere").built


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"weights": {"file": "x"}}'])
def test_a_damaged_record_of_a_run(folder, damage):
    (folder / "run").mkdir()
    for name, text in (("config.yaml", CONFIG), ("run.json", "{}"), ("record.json", damage)):
        (folder / "run" / name).write_text(text)
    with pytest.raises(ValueError, match="record"):
        sslzoo.load("run")


def test_single_values_of_a_config_are_changed(folder):
    (folder / "mine.yaml").write_text(CONFIG)
    changes = {"batch_size": 700, "augment.blur": 0.5, "hyperparameters.temperature": 0.1}
    assert train("mine.yaml", verbose=0, changes=changes)["steps"] == 1
    config = load_config("runs/mine")
    assert config.augment == {"preset": "digits", "blur": 0.5}
    assert config.hyperparameters == {"projection": [8, 8], "temperature": 0.1}
    with pytest.raises(ValueError, match="--set: unknown key 'epoch'"):
        train("mine.yaml", changes={"epoch": 1})
    with pytest.raises(ValueError, match="--set: epochs: got 'x'; it must be a valid integer."):
        train("mine.yaml", changes={"epochs": "x"})
    with pytest.raises(ValueError, match="record: got a run or changes of a config"):
        train("mine.yaml", record=True, changes=changes)
