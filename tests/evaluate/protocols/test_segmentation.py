import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, jaccard_score

import sslzoo
from sslzoo import evaluate
from sslzoo.data import Dataset
from sslzoo.evaluate.dense_judge import Recipe, Sets, judged
from sslzoo.evaluate.feature_maps import FeatureMaps
from sslzoo.evaluate.segmentation_head import SegmentationHead


@pytest.fixture(scope="module")
def model():
    return sslzoo.build("simclr", "micro", 16)


@pytest.fixture(scope="module")
def record(model, masked):
    return evaluate.segmentation(model, *masked, epochs=12, learning_rates=[0.3, 1e-4])


def test_it_finds_colors_even_by_a_random_network(record):
    assert record["miou"] > 0.85 and record["pixel_accuracy"] > 0.95
    assert list(record["per_class"]) == ["dark", "red", "blue"]
    assert record["miou"] == pytest.approx(np.mean(list(record["per_class"].values())))
    low, high = record["confidence_95"]
    assert low <= record["miou"] <= high < low + 0.2


def test_the_record_is_plain_json_and_says_how_it_was_measured(record):
    assert json.loads(json.dumps(record)) == record
    settings = record["settings"]
    assert settings["learning_rate"] == 0.3 and settings["n_validation"] == 5
    tried = {step["learning_rate"]: step["miou"] for step in settings["validation"]}
    assert tried[0.3] > tried[1e-4]
    assert settings["image_size"] == [48, 64] and settings["map_shape"] == [24, 32, 16]
    assert settings["layer"] == "last map" and settings["n_train"] == 24
    assert set(record["baselines"]) == {
        f"{name}{figure}"
        for name in ("untrained_encoder", "raw_pixels")
        for figure in ("", "_pixel_accuracy")
    }
    # Patches of 4 pixels hold more than the other network's map.
    assert record["baselines"]["raw_pixels"] > 0.8
    figures = evaluate.record.Record(record)
    assert "mIoU, rectangles: raw pixels" in repr(figures)
    assert "pixel accuracy, rectangles: raw pixels" in repr(figures)


def test_the_figures_are_those_of_the_predicted_masks(model, masked):
    train, test = masked
    recipe, seen = Recipe([0.3], 4, 320, 4, 0), []

    class Watched(SegmentationHead):
        def predict(self, maps):
            seen.append(super().predict(maps))
            return seen[-1]

    counts, details = judged(model, Watched, Sets(train, 20, test, 3), recipe)
    found = np.concatenate(seen)
    assert found.shape == test.masks.shape and details["validation"] == []
    known = test.masks != 255
    expected = jaccard_score(test.masks[known], found[known], average="macro")
    assert Watched.figure(counts) == pytest.approx(expected)
    record = evaluate.segmentation(
        model, train, test, epochs=4, learning_rates=[0.3], batch_size=4, baselines=False
    )
    assert record["pixel_accuracy"] == pytest.approx(
        accuracy_score(test.masks[known], found[known]), abs=0.02
    )


def test_held_out_images_choose_and_test_images_do_not(model, masked):
    """Wrong masks in test change the figure, and not the choice."""
    train, test = masked
    wrong = test.replace(masks=(test.masks + 1) % 3)
    options = {"epochs": 2, "learning_rates": [0.3, 0.03], "baselines": False}
    records = [evaluate.segmentation(model, train, each, **options) for each in (test, wrong)]
    validations = [record["settings"]["validation"] for record in records]
    for mine, its in zip(*validations, strict=True):
        assert mine["miou"] == pytest.approx(its["miou"], abs=1e-3)
    assert records[1]["miou"] < 0.2 < records[0]["miou"]


def test_a_class_that_test_does_not_show_is_not_in_the_mean(model, masked):
    train, test = masked
    without = test.replace(masks=np.where(test.masks == 2, 255, test.masks).astype("uint8"))
    record = evaluate.segmentation(
        model, train, without, epochs=6, learning_rates=[0.3], baselines=False
    )
    assert list(record["per_class"]) == ["dark", "red"] and record["miou"] > 0.8


def test_large_images_are_shrunk_and_masks_keep_their_size(model, masked):
    train, test = masked
    record = evaluate.segmentation(
        model, train, test, longest=32, epochs=6, learning_rates=[0.3], baselines=False
    )
    assert record["settings"]["image_size"] == [24, 32] and 0.5 < record["miou"] < 1


def test_a_transformer_and_gray_images_are_judged_too(masked):
    train, test = (
        Dataset(part.images.mean(axis=3).astype("uint8"), masks=part.masks) for part in masked
    )
    model = sslzoo.build("simclr", "vit_micro", 16)
    record = evaluate.segmentation(model, train, test, epochs=2, learning_rates=[0.1])
    assert record["settings"]["map_shape"] == [12, 16, 16]
    assert set(record["per_class"]) == {"0", "1", "2"} and record["miou"] > 0.2


def small(**changes):
    fields = {"images": np.zeros((2, 8, 8, 3), "uint8"), "masks": np.zeros((2, 8, 8), "uint8")}
    return Dataset(**fields | changes)


@pytest.mark.parametrize(
    ("train", "options", "sentence"),
    [
        (Dataset(np.zeros((2, 8, 8, 3), "uint8")), {}, "train: got no masks; it must have masks"),
        (small(masks=np.zeros((2, 8, 9), "uint8")), {}, r"train masks: got shape \(2, 8, 9\)"),
        (small(masks=np.full((2, 8, 8), 255)), {}, "train masks: got nothing of any class"),
        (small(classes=["a"], masks=np.ones((2, 8, 8), int)), {}, "train masks: got the number 1"),
        (small(classes=["a"]), {}, r"test classes: got None; it must be those of train, \['a'\]"),
        (small().take([0]), {}, "train: got one image; it must hold 2 or more"),
        (
            small(images=np.zeros((2, 8, 8), "uint8")),
            {},
            r"test images: got uint8 \(8, 8, 3\); it must be like those of train, uint8 \(8, 8, 1",
        ),
        (Dataset(vectors=np.eye(2)), {}, "train: got vectors; it must hold images, which this"),
        (small(), {"epochs": 0}, "epochs: got 0; it must be an integer of at least 1"),
        (small(), {"longest": 0}, "longest: got 0"),
        (small(), {"learning_rates": []}, "learning_rates: got \\[\\]; it must be one or more"),
        (small(), {"learning_rates": [0.0]}, "learning_rates: got 0"),
        (small(), {"validation_fraction": 1.0}, "validation_fraction: got 1"),
    ],
)
def test_what_cannot_be_judged_is_refused_before_the_work(
    model, train, options, sentence, monkeypatch
):
    monkeypatch.setattr(FeatureMaps, "kept", None)
    other = small().replace(images=np.ones((2, 8, 8, 3), "uint8"))
    with pytest.raises(ValueError, match=sentence):
        evaluate.segmentation(model, train, other, dry_run=True, **options)


def test_a_dry_run_measures_nothing(model, masked, monkeypatch):
    monkeypatch.setattr(FeatureMaps, "kept", None)
    assert evaluate.segmentation(model, *masked, dry_run=True) == {}


def test_encoders_of_other_items_and_those_without_a_map_are_refused(masked):
    with pytest.raises(ValueError, match="model: got an? object without a network; it must have"):
        evaluate.segmentation(object(), *masked)
    gru = sslzoo.build("simclr", sslzoo.nn.backbone("gru", steps=4, features=2), augment=None)
    with pytest.raises(ValueError, match="model: got one that reads series; it must read images"):
        evaluate.segmentation(gru, *masked)
    with pytest.raises(ValueError, match="backbone: got mlp, .*must work at other sizes"):
        evaluate.segmentation(sslzoo.build("simclr", "mlp", 8), *masked)


def test_test_images_that_were_learned_are_warned_of(model, masked):
    train, _ = masked
    with pytest.warns(UserWarning, match="24 of 24 images are also in train"):
        evaluate.segmentation(model, train, train, dry_run=True)
