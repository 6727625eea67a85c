import json

import keras
import numpy as np
import pytest

import sslzoo
from sslzoo import evaluate
from sslzoo.data import Dataset
from sslzoo.evaluate.box_quality import class_precisions, image_matches
from sslzoo.evaluate.dense_judge import Recipe, Sets, judged
from sslzoo.evaluate.detection_head import DetectionHead
from sslzoo.evaluate.feature_maps import FeatureMaps


@pytest.fixture(scope="module")
def model():
    """A random network whose places see 33x33 pixels."""
    x = keras.Input((48, 64, 3))
    start = keras.initializers.HeNormal(seed=0)
    convolution = keras.layers.Conv2D(64, 33, 4, "same", kernel_initializer=start)
    features = keras.layers.GlobalAveragePooling2D()(keras.ops.relu(convolution(x)))
    return sslzoo.build("simclr", keras.Model(x, features), augment="none")


@pytest.fixture(scope="module")
def record(model, boxed):
    options = {"epochs": 24, "learning_rates": [1e-2, 1e-5], "baselines": False}
    return evaluate.detection(model, *boxed, **options)


def test_it_finds_rectangles_even_by_a_random_network(record):
    assert record["map_50"] > 0.9 and record["map_50"] > record["map_coco"] > 0.4
    assert list(record["per_class"]) == ["red", "blue"]
    assert record["map_50"] == pytest.approx(np.mean(list(record["per_class"].values())))
    low, high = record["confidence_95"]
    assert low <= record["map_50"] <= high


def test_the_record_is_plain_json_and_says_how_it_was_measured(record):
    assert json.loads(json.dumps(record)) == record
    settings = record["settings"]
    assert settings["learning_rate"] == 1e-2 and settings["n_validation"] == 8
    assert [step["learning_rate"] for step in settings["validation"]] == [1e-2, 1e-5]
    assert settings["map_shape"] == [6, 8, 64]  # cells of 8 pixels


def test_the_figures_are_those_of_the_boxes_that_were_found(model, boxed):
    train, test = boxed
    seen = []

    class Watched(DetectionHead):
        def predict(self, maps):
            seen.extend(super().predict(maps))
            return seen[-len(maps) :]

    recipe = Recipe([1e-2], 10, 320, 5, 0)
    matches, _ = judged(model, Watched, Sets(train, 36, test, 2), recipe)
    assert len(seen) == len(matches) == len(test)
    expected = class_precisions(
        [image_matches(*each, 2) for each in zip(test.boxes, seen, strict=True)]
    )
    assert Watched.figure(matches) == pytest.approx(expected[:, 0].mean())


def test_boxes_are_in_pixels_of_the_images_and_not_of_the_encoder(model, boxed):
    """Images of twice the size have the same figure, since they are shrunk."""
    train, test = boxed
    large = []
    for part in (train, test):
        boxes = np.where(part.boxes[..., :1] >= 0, part.boxes * [1, 2, 2, 2, 2], -1)
        images = part.images.repeat(2, axis=1).repeat(2, axis=2)
        large.append(part.replace(images=images, boxes=boxes))
    options = {"learning_rates": [1e-2], "epochs": 25, "longest": 64, "baselines": False}
    small = evaluate.detection(model, train, test, **options)
    record = evaluate.detection(model, *large, **options)
    assert record["settings"]["image_size"] == [48, 64] == small["settings"]["image_size"]
    assert record["map_50"] > 0.6 and record["map_50"] == pytest.approx(small["map_50"], abs=0.15)


def test_a_class_that_test_does_not_show_is_not_in_the_mean(model, boxed):
    train, test = boxed
    red = test.replace(boxes=np.where(test.boxes[..., :1] == 0, test.boxes, -1))
    options = {"learning_rates": [1e-2], "epochs": 10, "baselines": False}
    record = evaluate.detection(model, train, red, **options)
    assert list(record["per_class"]) == ["red"] and 0 < record["map_50"] <= 1


BOX = [0, 1, 1, 5, 6]


def small(boxes=((BOX,), (BOX,)), **changes):
    return Dataset(**{"images": np.zeros((2, 8, 8, 3), "uint8"), "boxes": boxes} | changes)


@pytest.mark.parametrize(
    ("train", "sentence"),
    [
        (
            Dataset(np.zeros((2, 8, 8, 3), "uint8")),
            "train: got no boxes; it must have boxes",
        ),
        (
            small([[BOX], [[0, 1, 1, 9, 6]]]),
            r"train boxes: got one from \(1, 1\) to \(9, 6\)",
        ),
        (small([[BOX], [[0, 1, 1, 1, 6]]]), "in row 1; it must have an area"),
        (small([[[-1] * 5]] * 2), "train boxes: got nothing of any class"),
        (small(classes=["a", "b"]), r"test classes: got None; it must be those of train"),
    ],
)
def test_what_cannot_be_judged_is_refused_before_the_work(model, train, sentence, monkeypatch):
    monkeypatch.setattr(FeatureMaps, "kept", None)
    other = small(images=np.ones((2, 8, 8, 3), "uint8"))
    with pytest.raises(ValueError, match=sentence):
        evaluate.detection(model, train, other, dry_run=True)


def test_encoders_of_other_items_are_refused(boxed):
    gru = sslzoo.build("simclr", sslzoo.nn.backbone("gru", steps=4, features=2), augment=None)
    with pytest.raises(ValueError, match="model: got one that reads series; it must read images f"):
        evaluate.detection(gru, *boxed)


def test_the_command_line_judges_a_folder(command, boxed, tmp_path, monkeypatch):
    """sslzoo eval --protocol detection, on a folder in COCO's format."""
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    for split, part in zip(("train", "test"), boxed, strict=True):
        folder = tmp_path / "cells" / split
        folder.mkdir(parents=True)
        images, annotations = [], []
        for row in range(8):
            Image.fromarray(part.images[row]).save(folder / f"{row}.png")
            images.append({"id": row, "file_name": f"{row}.png", "height": 48, "width": 64})
            for label, *corners in part.boxes[row][part.boxes[row, :, 0] >= 0].tolist():
                sides = np.subtract(corners[2:], corners[:2]).tolist()
                box = {"image_id": row, "category_id": int(label), "bbox": [*corners[:2], *sides]}
                annotations.append(box)
        names = [{"id": number, "name": name} for number, name in enumerate(part.classes)]
        document = {"images": images, "annotations": annotations, "categories": names}
        (folder / "annotations.json").write_text(json.dumps(document))
    options = ("--set", "epochs=1", "--set", "learning_rates=[0.01]", "--json")
    given = ("eval", "simclr_resnet20.digits", "--protocol", "detection", "--data", "cells")
    code, out, err = command(*given, *options)
    assert code == 0, err
    record = json.loads(out)
    assert record["settings"]["n_train"] == 8 and record["settings"]["epochs"] == 1
    assert set(record["per_class"]) == {"red", "blue"}
    assert set(record["baselines"]) == {
        f"{name}{figure}"
        for name in ("untrained_encoder", "raw_pixels")
        for figure in ("", "_map_coco")
    }
