"""Published weights stay loadable: by version, and by a former name."""

import shutil

import numpy as np
import pytest

import sslzoo
from sslzoo.errors import UnknownName
from sslzoo.zoo import registry
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.registry import list_models, resolve
from sslzoo.zoo.train import train
from sslzoo.zoo.versions import published_file
from sslzoo.zoo.yaml_text import ConfigError

TEXT = """\
description: a test
paper: {title: A Paper, arxiv: "2002.05709"}
licence: Apache-2.0
aliases: [contrast, contrast.digits]
method: simclr
backbone: {name: micro, width: 4}
image_size: 8
hyperparameters: {projection: [8, 8]}
augment: digits
data: {name: digits, split: train}
optimizer: {name: sgd, learning_rate: 0.1}
batch_size: 1024
epochs: 1
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The config of a zoo of one entry."""
    (tmp_path / "zoo_configs").mkdir()
    path = tmp_path / "zoo_configs" / "simclr_micro.digits.yaml"
    path.write_text(TEXT)
    monkeypatch.setattr(registry, "config_folders", lambda: [path.parent])
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def images():
    return sslzoo.data.load("digits", "test").images[:16]


@pytest.mark.slow
def test_a_second_training_makes_a_second_version_and_the_first_stays(path, images, tmp_path):
    train("simclr_micro", record=True, verbose=0)
    first = sslzoo.load("simclr_micro").encode(images)
    train("simclr_micro", record=True, verbose=0)  # the same run, measured again
    recorded = path.read_text()
    path.write_text(recorded.replace("width: 4", "width: 8"))
    needed = "simclr_micro.digits.yaml: its weights are published; copy the config as it was rec"
    with pytest.raises(ConfigError, match=f"{needed}orded to simclr_micro.digits@v1.yaml first"):
        train("simclr_micro", "again", record=True, verbose=0)
    assert not (tmp_path / "again").exists()
    path.with_name("simclr_micro.digits@v1.yaml").write_text(recorded)
    train("simclr_micro", "again", record=True, verbose=0)
    second = sslzoo.load("simclr_micro").encode(images)
    assert second.shape == (16, 16) and first.shape == (16, 8)
    for name, features in (("simclr_micro@v1", first), ("simclr_micro.digits@v2", second)):
        np.testing.assert_array_equal(sslzoo.load(name).encode(images), features)
    assert {file.name for file in (tmp_path / "weights").iterdir()} == {
        "simclr_micro.digits.weights.h5",
        "simclr_micro.digits@v2.weights.h5",
    }
    assert list_models() == ["simclr_micro.digits"]
    assert sslzoo.info("simclr_micro@v1").name == "simclr_micro.digits@v1"


def test_a_run_that_goes_on_does_not_overwrite_what_it_published(path, tmp_path):
    train("simclr_micro", record=True, verbose=0)
    before = Entry.find("simclr_micro").config.record.weights
    path.write_text(path.read_text().replace("epochs: 1", "epochs: 2"))
    shutil.rmtree(tmp_path / "runs" / "simclr_micro.digits" / "tensorboard", ignore_errors=True)
    (tmp_path / "runs" / "simclr_micro.digits" / "config.yaml").unlink()
    with pytest.raises(ConfigError, match="its weights are published"):
        train("simclr_micro", record=True, verbose=0)
    assert Entry.find("simclr_micro").config.record.weights == before


def test_a_version_that_does_not_exist(path):
    assert resolve("simclr_micro@v1") == path
    with pytest.raises(UnknownName, match="Unknown version of simclr_micro.digits 'v2'; did you m"):
        resolve("simclr_micro@v2")
    with pytest.raises(UnknownName, match="Unknown model 'nothing'"):
        resolve("nothing@v1")


def test_a_frozen_version_is_not_trained_again(path):
    frozen = path.with_name("simclr_micro.digits@v1.yaml")
    frozen.write_text(TEXT)
    with pytest.raises(ConfigError, match="the name is 'simclr_micro.digits@v1'; it must be lett"):
        train("simclr_micro@v1", record=True, verbose=0)


@pytest.mark.parametrize("name", ["contrast", "contrast.digits", "contrast@v1"])
def test_a_former_name_warns(path, name):
    with pytest.warns(FutureWarning, match="contrast.* is now simclr_micro.digits; the old name"):
        assert resolve(name) == path


def test_a_name_of_today_does_not_warn(path, recwarn):
    resolve("simclr_micro")
    assert not [warning for warning in recwarn if warning.category is FutureWarning]


def test_a_new_config_beside_a_former_version_has_weights_of_its_own(path, tmp_path):
    """Its record was taken out by hand, together with the old settings."""
    shutil.copy(path, path.with_name("simclr_micro.digits@v1.yaml"))
    file = published_file(Entry.find("simclr_micro"), tmp_path)
    assert file == "simclr_micro.digits@v2.weights.h5"
