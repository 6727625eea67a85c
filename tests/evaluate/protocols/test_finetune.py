"""Fine-tuning learns from few labels and leaves the model that it was given alone."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from sslzoo.data import ImageFiles
from sslzoo.evaluate import finetune
from sslzoo.inputs import Images, Preprocess


def encoder(seed=0, channels=3):
    layers = keras.layers
    images = keras.Input((8, 8, channels))
    x = layers.Conv2D(
        12, 3, padding="same", kernel_initializer=keras.initializers.HeNormal(seed=seed)
    )(images)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(
        24, 3, 2, padding="same", kernel_initializer=keras.initializers.HeNormal(seed=seed + 1)
    )(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    backbone = keras.Model(images, layers.Flatten()(x))
    reads = Images(8, 8, channels)
    reads.layer = Preprocess(8, channels, interpolation="nearest")
    return SimpleNamespace(
        backbone=backbone, reads=reads, untrained=lambda: encoder(seed + 50, channels)
    )


@pytest.fixture(scope="module")
def run(digits):
    model = encoder()
    model.backbone.trainable = False
    before = model.backbone.get_weights()
    record = finetune(
        model, *digits, labels_per_class=10, epochs=15, learning_rate=5e-3, augment="digits"
    )
    return model, before, record


def test_learns_from_ten_labels_per_class(run):
    assert run[2]["accuracy"] > 0.6


def test_the_source_weights_stay_bit_identical(run):
    model, before = run[:2]
    assert not model.backbone.trainable
    for old, new in zip(before, model.backbone.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_the_record_is_json_with_its_settings_and_both_baselines(run, digits):
    record = run[2]
    assert json.loads(json.dumps(record)) == record
    settings = record["settings"]
    assert (settings["labels_per_class"], settings["fraction"], settings["n_labeled"]) == (
        10,
        None,
        100,
    )
    assert (settings["epochs"], settings["batch_size"], settings["steps"], settings["seed"]) == (
        15,
        32,
        45,
        0,
    )
    assert (settings["n_train"], settings["n_test"]) == (1000, 300)
    assert settings["preprocessing"] == {
        "image_size": 8,
        "channels": 3,
        "interpolation": "nearest",
        "antialias": True,
        "crop": "largest centered square",
        "range": [0, 1],
    }
    assert settings["augment"]["flip"] == 0 and settings["backend"] == keras.backend.backend()
    assert record["baselines"].keys() == {"untrained_encoder", "raw_pixels"}
    assert all(accuracy > 0.2 for accuracy in record["baselines"].values())


QUICK = {"labels_per_class": 4, "epochs": 2, "learning_rate": 5e-3, "baselines": False}


@pytest.fixture(scope="module")
def quick(digits):
    return list(finetune(encoder(), *digits, **QUICK)["per_class"].values())


def test_the_seed_decides_everything(digits, quick):
    same, other = (
        list(finetune(encoder(), *digits, seed=s, **QUICK)["per_class"].values()) for s in (0, 1)
    )
    assert same == quick != other


def test_gray_images_of_another_size_and_labels_with_gaps(digits):
    train, test = (
        (
            np.repeat(np.repeat(d.images[d.labels < 2, :, :, 0], 2, 1), 2, 2),
            5 * d.labels[d.labels < 2],
        )
        for d in digits
    )
    record = finetune(
        encoder(), train, test, epochs=3, learning_rate=5e-3, augment="none", baselines=False
    )
    assert record["accuracy"] > 0.9 and record["per_class"].keys() == {"0", "5"}


def test_integers_mean_255_and_floats_1_whichever_set_has_them(digits, quick):
    train, test = digits
    as_float = [((d.images / 255).astype("float32"), d.labels) for d in digits]
    for pair in ((train, as_float[1]), (as_float[0], test)):
        found = list(finetune(encoder(), *pair, **QUICK)["per_class"].values())
        # one image of 30: x / 255 and x * (1 / 255) differ in a bit
        assert found == pytest.approx(quick, abs=0.05)


def test_image_files_stay_on_disk(digits):
    train, test = ((np.repeat(d.images, 3, axis=-1), d.labels) for d in digits)
    most = []

    class Files(ImageFiles):
        def readable(self, indices):
            images, rows = super().readable(indices)
            most.append(len(images))
            return images, rows

        def take(self, indices):
            return Files(self.paths[indices], 8, 3, self.decode)

    files = Files(np.arange(1000), 8, 3, lambda row, size: train[0][row])
    options = {
        "fraction": 0.2,
        "epochs": 1,
        "batch_size": 16,
        "baselines": False,
        "augment": "none",
    }
    record = finetune(encoder(), (files, train[1]), test, **options)
    assert max(most) == 16 < record["settings"]["n_labeled"]
    in_memory = finetune(encoder(), train, test, **options)
    assert record["per_class"] == in_memory["per_class"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fraction": 1.5}, "fraction: got 1.5; it must be a number above 0 and at most 1"),
        ({"fraction": 0.001}, "it must leave one of the 1?[0-9]+ samples of class 0"),
        ({"labels_per_class": 0}, "labels_per_class: got 0; it must be an integer of at least 1"),
        ({"epochs": 0}, "epochs: got 0; it must be an integer of at least 1"),
        ({"batch_size": 0}, "batch_size: got 0; it must be an integer of at least 1"),
        ({"learning_rate": 0}, "learning_rate: got 0; it must be a finite number above 0"),
        ({"augment": "heavy"}, "preset: got 'heavy'; it must be one of"),
        (
            {"fraction": 0.5, "labels_per_class": 2},
            "fraction: got 0.5 beside .* 2; it must be one of the two",
        ),
    ],
)
def test_refused_settings(digits, options, message):
    with pytest.raises(ValueError, match=message):
        finetune(encoder(), *digits, **options)
