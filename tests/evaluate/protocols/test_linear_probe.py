"""The linear probe against scikit-learn, and its choice of penalty against leaks."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sslzoo.evaluate import linear_probe


def test_is_scikit_learn_on_standardized_features(digits, projection):
    train, test = digits
    record = linear_probe(projection, train, test, penalties=[0.01], baselines=False)
    scaler = StandardScaler().fit(projection.encode(train.images))
    reference = LogisticRegression(C=1 / (0.01 * 1000), max_iter=300)
    reference.fit(scaler.transform(projection.encode(train.images)), train.labels)
    assert record["accuracy"] == reference.score(
        scaler.transform(projection.encode(test.images)), test.labels
    )
    assert record["settings"]["C"] == reference.C


def test_test_labels_have_no_say_in_the_penalty(digits, projection):
    train, test = digits
    honest = linear_probe(projection, train, test, baselines=False)
    poisoned = test.replace(labels=np.random.default_rng(0).permutation(test.labels))
    found = linear_probe(projection, train, poisoned, baselines=False)
    for chosen in ("penalty", "C", "validation", "iterations"):
        assert found["settings"][chosen] == honest["settings"][chosen]
    assert found["accuracy"] < 0.3 < honest["accuracy"]


def test_the_penalty_is_the_best_on_validation(digits, projection):
    settings = linear_probe(projection, *digits, baselines=False)["settings"]
    best = max(step["accuracy"] for step in settings["validation"])
    assert settings["penalty"] == max(
        step["penalty"] for step in settings["validation"] if step["accuracy"] == best
    )


def test_the_penalty_follows_the_data():
    # Six informative features among 150 and 250 samples to fit: the strong penalty is right by 3
    # points or more.
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 1000)
    images = rng.normal(size=(2000, 150)) + 0.8 * (np.arange(150) < 6) * labels[:, None]
    few, many = (images[:500], labels[:500]), (images[500:], labels[500:])
    record = linear_probe(None, few, many, penalties=[1e-6, 3.0], validation_fraction=0.5)
    assert record["settings"]["penalty"] == 3.0


def test_separable_features_give_one():
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    images = 10 * np.eye(3)[labels] + rng.normal(size=(300, 3)) * 0.1
    assert (
        linear_probe(None, (images[:200], labels[:200]), (images[200:], labels[200:]))["accuracy"]
        == 1.0
    )


def test_scale_and_shift_of_a_feature_do_not_matter():
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(200, 5)), np.arange(200) % 2
    images[:, 0] += labels
    moved = images * [1e3, 1, 1, 1e-3, 1] + [0, 50, 0, 0, -7]
    first, second = (
        linear_probe(None, (x[:100], labels[:100]), (x[100:], labels[100:]), penalties=[0.01])[
            "accuracy"
        ]
        for x in (images, moved)
    )
    assert first == second


def test_record_is_json_and_reports_convergence(digits, projection):
    stopped = linear_probe(projection, *digits, max_iter=3, baselines=False)["settings"]
    assert stopped["converged"] is False and not stopped["validation"][-1]["converged"]
    record = linear_probe(projection, *digits, penalties=[0.1, 0.01])
    assert json.loads(json.dumps(record)) == record
    assert record["settings"]["converged"] and record["settings"]["n_validation"] == 100
    assert (
        record["baselines"]["untrained_encoder"]
        < record["accuracy"]
        < record["baselines"]["raw_pixels"]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalties": []}, r"penalties: got \[\]; it must be one or more numbers above 0"),
        ({"penalties": [0.1, 0]}, "penalties: got 0; it must be a finite number above 0"),
        ({"validation_fraction": 1.0}, "got 1.0; it must be a number above 0 and below 1"),
    ],
)
def test_refused_settings(digits, options, message):
    with pytest.raises(ValueError, match=message):
        linear_probe(None, *digits, **options)


def test_one_class_is_nothing_to_probe():
    data = np.zeros((4, 2)), np.zeros(4, int)
    with pytest.raises(
        ValueError, match="train labels: got class 0 alone; it must have at least two"
    ):
        linear_probe(None, data, data)


class Blocks:
    """A model of three blocks: noise, the pixels, and two of the pixels."""

    block_names = ["noise", "pixels", "features"]

    def encode_blocks(self, images, batch_size=256, names=None):
        pixels = np.asarray(images, "float32").reshape(len(images), -1) / 255
        noise = np.random.default_rng(int(pixels.sum())).normal(size=(len(pixels), 3))
        found = {"noise": noise, "pixels": pixels, "features": pixels[:, 20:22]}
        return {name: found[name] for name in names or self.block_names}

    def encode(self, images, batch_size=256):
        return self.encode_blocks(images)["features"]


def test_the_best_block_is_that_of_the_held_out_training_images(digits):
    train, test = digits
    poisoned = test.replace(labels=np.random.default_rng(0).permutation(test.labels))
    best = linear_probe(Blocks(), train, test, block="best", baselines=False)
    unseen = linear_probe(Blocks(), train, poisoned, block="best", baselines=False)["settings"]
    settings = best["settings"]
    assert settings["layer"] == "pixels" and unseen["blocks"] == settings["blocks"]
    accuracies = {tried["block"]: tried["accuracy"] for tried in settings["blocks"]}
    assert list(accuracies) == Blocks.block_names
    assert max(accuracies, key=accuracies.get) == "pixels"
    named = linear_probe(Blocks(), train, test, block="pixels", baselines=False)
    assert named["accuracy"] == best["accuracy"] > 0.8
    last = linear_probe(Blocks(), train, test, baselines=False)
    assert last["accuracy"] < 0.6 and "block" not in last["settings"]


def test_the_untrained_encoder_is_judged_on_its_own_best_block(digits):
    import sslzoo

    model = sslzoo.build("rotation", "micro", 8)
    record = linear_probe(model, *digits, block="best")
    assert record["settings"]["layer"] in model.block_names
    assert record["accuracy"] == record["baselines"]["untrained_encoder"]
    assert record["baselines"]["raw_pixels"] > record["accuracy"]
    assert json.loads(json.dumps(record)) == record


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Blocks(), "block: got 'stage9'; it must be one of"),
        (None, "block: got stage9; it must be 'last' for a model whose blocks are not known"),
    ],
)
def test_a_block_that_a_model_does_not_have_is_refused(digits, model, message):
    with pytest.raises(ValueError, match=message):
        linear_probe(model, *digits, block="stage9", dry_run=True)


def test_gray_images_are_tested_beside_colored_ones():
    """The digits in color in training, as from PNG files, and gray ones in the test."""
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 1), dtype="uint8")
    labels = np.arange(40) % 2
    model = SimpleNamespace(
        encode=lambda images, batch_size=256: images.mean((1, 2)), untrained=lambda: model
    )
    same = linear_probe(model, (images[:20], labels[:20]), (images[20:], labels[20:]))
    colored = np.repeat(images, 3, axis=3)
    for train, test in ((colored, images), (colored, images[..., 0]), (images, colored)):
        record = linear_probe(model, (train[:20], labels[:20]), (test[20:], labels[20:]))
        assert record["baselines"].keys() == same["baselines"].keys()
