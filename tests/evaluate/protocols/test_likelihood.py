import json
import math

import numpy as np
import pytest

import sslzoo
from sslzoo import data, evaluate
from sslzoo.evaluate.protocols import headlines
from sslzoo.evaluate.protocols.likelihood import binarized, independent


class FixedPixels:
    """Independent Bernoulli pixels of given probabilities; it remembers what it was asked."""

    def __init__(self, p):
        self.p = np.asarray(p, "float64")
        self.asked = []

    def elbo(self, images, seed, batch_size):
        self.asked.append(images)
        bright = images == 255
        return np.where(bright, np.log(self.p), np.log1p(-self.p)).sum(axis=(1, 2, 3))

    def importance_weighted_bound(self, images, samples, seed, batch_size):
        return self.elbo(images, seed, batch_size) + 1 - 1 / samples


def digits(n, start=0):
    return data.load("digits").take(slice(start, start + n))


def half(shape=(8, 8, 1)):
    return FixedPixels(np.full(shape, 0.5))


def test_figures_are_the_negative_means_of_the_bounds():
    test = digits(50, 500)
    record = evaluate.likelihood(half(), digits(500), test, samples=4)
    assert record["protocol"] == "likelihood"
    assert record["negative_elbo"] == pytest.approx(64 * math.log(2))
    assert record["importance_weighted"] == pytest.approx(64 * math.log(2) - 0.75)
    low, high = record["confidence_95"]
    assert low == pytest.approx(high)  # every image costs the same
    assert json.loads(json.dumps(record)) == record


def test_confidence_is_of_the_mean_over_images():
    p = np.linspace(0.1, 0.9, 64).reshape(8, 8, 1)
    record = evaluate.likelihood(FixedPixels(p), digits(500), digits(200, 500))
    low, high = record["confidence_95"]
    assert low < record["negative_elbo"] < high
    model = FixedPixels(p)
    evaluate.likelihood(model, digits(500), digits(200, 500))
    spread = model.elbo(model.asked[0], 0, 1).std(ddof=1)
    assert high - low == pytest.approx(2 * 1.959964 * spread / math.sqrt(200))


def test_every_model_is_asked_for_the_same_binary_images():
    """Gray pixels have no Bernoulli likelihood."""
    models = [half(), FixedPixels(np.full((8, 8, 1), 0.1)), half()]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        evaluate.likelihood(model, digits(100), digits(400, 500), seed=seed)
    first, second, third = ([*model.asked] for model in models)
    assert len(first) == 2  # for both bounds
    for images in (first[1], *second):
        np.testing.assert_array_equal(images, first[0])
    assert set(np.unique(first[0])) == {0, 255} and first[0].dtype == "uint8"
    assert (first[0] != third[0]).any()


def test_pixels_are_drawn_with_their_gray_value_as_probability():
    gray = np.linspace(0, 255, 16).astype("uint8").reshape(1, 4, 4, 1)
    for images in (gray, (gray / 255).astype("float32")):
        drawn = np.concatenate(list(binarized(np.repeat(images, 5000, axis=0), 0)))
        share = (drawn == 255).mean(axis=0)
        assert (np.abs(share - gray[0] / 255) <= 4 * 0.5 / math.sqrt(5000)).all()
        assert share.ravel()[0] == 0 and share.ravel()[-1] == 1


def test_draws_of_many_images_do_not_repeat():
    drawn = list(binarized(np.full((5000, 4, 4, 1), 127, "uint8"), 0))
    assert [len(chunk) for chunk in drawn] == [4096, 904]
    assert (drawn[0][:904] != drawn[1]).any(axis=(1, 2, 3)).mean() > 0.99


def test_baseline_is_the_best_that_independent_pixels_can_do():
    train, test = digits(800), digits(200, 800)
    model = half()
    record = evaluate.likelihood(model, train, test)
    binary = np.concatenate(list(binarized(train.images[..., None], [0, 0]))) == 255
    p = (binary.sum(axis=0) + 1) / 802
    total = 0.0
    for image in model.asked[0]:
        for pixel, probability in zip((image == 255).ravel(), p.ravel(), strict=True):
            total -= math.log(probability if pixel else 1 - probability)
    assert record["baselines"] == {"independent_pixels": pytest.approx(total / 200)}
    # a model with these very probabilities measures the same
    same = evaluate.likelihood(FixedPixels(p), train, test, baselines=False)
    assert same["negative_elbo"] == pytest.approx(total / 200)
    assert same["baselines"] == {}


def test_no_pixel_is_impossible():
    black, white = (np.full((3, 2, 2, 1), value, "uint8") for value in (0, 255))
    assert independent(black, white) == pytest.approx(4 * math.log(5))


def test_record_names_data_and_settings():
    record = evaluate.likelihood(half(), digits(100), digits(10, 100).images, samples=7, seed=3)
    settings = record["settings"]
    assert settings["train_name"] == "digits" and settings["test_name"] == "arrays"
    assert (settings["n_train"], settings["n_test"]) == (100, 10)
    assert (settings["samples"], settings["seed"]) == (7, 3)
    for path, unit, words in headlines("likelihood"):
        assert isinstance(record[path], float) and unit == "nats"
        words.format(**settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": object()}, "model: got an object without elbo; it must have elbo"),
        ({"samples": 0}, "samples: got 0; it must be an integer of at least 1"),
        ({"test": np.zeros((2, 9, 8, 1), "uint8")}, r"test: got images \(9, 8, 1\); it must have"),
        ({"train": data.Dataset(vectors=np.zeros((2, 4)))}, "train: got vectors; it must hold"),
        ({"test": np.full((2, 8, 8, 1), 2.0)}, "floats from 2.0 to 2.0"),
    ],
)
def test_what_has_no_likelihood_is_refused(change, message):
    arguments = {"model": half(), "train": digits(20), "test": digits(5)} | change
    with pytest.raises(ValueError, match=message):
        evaluate.likelihood(**arguments)


@pytest.mark.parametrize(("size", "options"), [(8, {}), (16, {"channels": 1})])
def test_images_of_another_form_than_the_networks_are_refused_in_a_dry_run(size, options):
    model = sslzoo.build("vae", {"name": "mlp", **options}, size, latent_dim=2)
    with pytest.raises(ValueError, match="test: got images of 8 x 8 x 1; it must have "):
        evaluate.likelihood(model, digits(500), digits(50, 500), dry_run=True)
