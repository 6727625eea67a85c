"""`sslzoo config` writes what `sslzoo train` takes as it stands."""

import shutil

import numpy as np
import pytest
from PIL import Image

from sslzoo.methods import list_methods, method_family
from sslzoo.zoo.build import recipe
from sslzoo.zoo.changes import changed
from sslzoo.zoo.config import parse_config
from sslzoo.zoo.sources import training_data
from sslzoo.zoo.starter import FAMILIES, starter
from sslzoo.zoo.strict import Source
from sslzoo.zoo.train import train

METHODS = [name for name in list_methods() if method_family(name) in FAMILIES]
SMALL = {"backbone": "micro", "image_size": 8, "epochs": 1, "schedule": {"name": "constant"}}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """32 photographs of two classes and of two sizes."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 4)):
        for name in ("cats", "dogs"):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 255, (60 + number % 2, 80, 3), "uint8")
                Image.fromarray(pixels).save(folder / split / name / f"{number}.png")
    return folder


@pytest.mark.parametrize("method", METHODS)
def test_a_config_of_every_method_is_valid(method, photos):
    config = parse_config(starter(method, str(photos)))
    assert config.method == method and config.image_size == 48 and config.data.name == str(photos)
    assert len(config.evaluate) == 1 and config.evaluate[0].test.split == "test"
    assert recipe(config) is not None and config.paper is None


@pytest.mark.slow
@pytest.mark.parametrize("method", ["simclr", "flexmatch", "triplet"])
def test_it_trains(method, photos, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(starter(method, str(photos)))
    changes = dict(SMALL)
    if method != "simclr":
        changes["sampler.steps_per_epoch"] = 2
    record = train(path, tmp_path / "run", verbose=0, changes=changes)
    assert record["steps"] <= 8 and len(record["metrics"]) == 1


@pytest.fixture
def streets(tmp_path):
    """12 photographs of two classes of pixels, with their masks."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 8), ("test", 4)):
        for folder in (split, f"{split}annot"):
            (tmp_path / "streets" / folder).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 255, (24, 32, 3), "uint8")
            name = f"{number}.png"
            Image.fromarray(pixels).save(tmp_path / "streets" / split / name)
            mask = Image.fromarray((pixels[..., 0] > 99).astype("uint8"))
            mask.save(tmp_path / "streets" / f"{split}annot" / name)
    (tmp_path / "streets" / "classes.txt").write_text("dark\nlight\n")
    return tmp_path / "streets"


@pytest.mark.slow
def test_masks_beside_photographs_are_what_is_measured(streets, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(starter("simclr", str(streets)))
    changes = SMALL | {"image_size": 16}
    record = train(path, tmp_path / "run", verbose=0, changes=changes)
    (metric,) = record["metrics"]
    assert metric["protocol"] == "segmentation" and set(metric["per_class"]) == {"dark", "light"}
    with pytest.raises(ValueError, match="streets has no labels; flexmatch needs them"):
        starter("flexmatch", str(streets))


def test_it_fits_the_data(photos, tmp_path):
    config = parse_config(starter("simclr", "digits"))
    assert (config.image_size, config.batch_size, config.epochs) == (8, 128, 100)
    assert config.backbone.options() == {"channels": 1} and len(config.evaluate) == 1
    assert parse_config(starter("simclr", str(photos))).batch_size == 8
    config = parse_config(starter("flexmatch", str(photos)))
    assert config.hyperparameters == {"classes": 2, "unlabeled_size": 24}
    assert config.sampler.labels_per_class == 10
    config = parse_config(starter("deepcluster_v2", str(photos)))
    assert config.hyperparameters["samples"] == 24
    assert parse_config(starter("moco", str(photos))).hyperparameters["queue_size"] == 4096
    plain = parse_config(starter("simclr", str(photos / "test" / "cats")))
    assert plain.evaluate == [] and plain.epochs == 200


def test_images_without_a_label_and_without_a_test_split(photos, tmp_path):
    """As the README has it: `hold_out` is the test, and two roles where there are few labels."""
    few = tmp_path / "few"
    shutil.copytree(photos / "train", few)
    shutil.copytree(photos / "test" / "cats", few / "unlabeled")
    held = {"name": str(few), "split": "train", "hold_out": 0.25}
    config = parse_config(starter("flexmatch", str(few)))
    assert config.hyperparameters == {"classes": 2, "unlabeled_size": 4}
    assert config.data["labeled"] == Source(**held)
    assert config.data["unlabeled"] == Source(name=str(few), split="unlabeled")
    assert config.evaluate[0].test == Source(**held | {"split": "test"})
    config = parse_config(starter("simclr", str(few)))
    assert config.data.split == "unlabeled" and config.evaluate[0].train.hold_out == 0.25
    shutil.rmtree(few / "unlabeled")
    config = parse_config(starter("flexmatch", str(few)))
    assert config.data == Source(**held) and config.hyperparameters["unlabeled_size"] == 18


def test_a_table_of_labels(photos, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n" + "".join(f"{n}.png,{'ab'[n % 2]}\n" for n in range(6)))
    config = parse_config(starter("fixmatch", str(photos / "train" / "cats"), table))
    assert config.data["unlabeled"].labels == str(table)
    assert len(training_data(config).labeled) == 4


def test_a_single_epoch_is_enough_to_try(photos):
    config = parse_config(starter("simclr", str(photos)))
    assert config.schedule.warmup_epochs == 10.0
    assert changed(config, {"epochs": 1}).schedule.warmup_epochs == 0.05


def test_what_it_is_not_for(photos):
    with pytest.raises(ValueError, match="method: got 'tca'; it must be one of"):
        starter("tca", str(photos))
    with pytest.raises(ValueError, match="cats has no labels; fixmatch needs them"):
        starter("fixmatch", str(photos / "test" / "cats"))
    with pytest.raises(ValueError, match="Unknown data set 'digit'; did you mean digits?"):
        starter("simclr", "digit")
