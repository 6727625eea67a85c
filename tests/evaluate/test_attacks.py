"""Attacks: their closed forms, their limits, and what they must not do."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

import sslzoo
from sslzoo.evaluate.attacks import fgsm, noise, penultimate, pgd

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (9, 8, 8, 3), dtype="uint8")
LABELS = np.arange(9) % 3


def linear(scale=1.0):
    """Logits scale * (x W + b) of vectors."""
    x = keras.Input((4,), name="vectors")
    model = sslzoo.build("erm", keras.Model(x, layers.Identity()(x)), classes=3)
    kernel, bias = RNG.normal(size=(4, 3)) * scale, RNG.normal(size=3)
    model.head.set_weights([kernel, bias])
    return model, kernel, bias


@pytest.fixture(scope="module")
def classifier():
    return sslzoo.build("erm", "micro", 8, classes=3)


def logits(x, kernel, bias):
    return x.astype("float64") @ kernel + bias


def test_fgsm_of_a_linear_model_has_a_closed_form():
    """x + radius * sign((p - y) W^T)."""
    model, kernel, bias = linear()
    x, labels = RNG.normal(size=(6, 4)).astype("float32"), np.array([0, 1, 2, 0, 1, 2])
    z = logits(x, kernel, bias)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    expected = x + 0.25 * np.sign((p - np.eye(3)[labels]) @ kernel.T)
    np.testing.assert_allclose(fgsm(model, x, labels, radius=0.25), expected, atol=1e-6)


def test_pgd_of_two_classes_ends_in_the_corner_of_the_ball():
    """There the gradient of a linear model has the same sign everywhere."""
    x = keras.Input((4,), name="vectors")
    model = sslzoo.build("erm", keras.Model(x, layers.Identity()(x)), classes=2)
    kernel = RNG.normal(size=(4, 2))
    model.head.set_weights([kernel, np.zeros(2)])
    x, labels = RNG.normal(size=(5, 4)).astype("float32"), np.array([0, 1, 0, 1, 1])
    away = (1 - 2 * labels)[:, None] * (kernel[:, 1] - kernel[:, 0])
    found = pgd(model, x, labels, radius=0.3, steps=20)
    np.testing.assert_allclose(found, x + 0.3 * np.sign(away), atol=1e-6)


def test_a_model_that_is_sure_is_attacked_all_the_same():
    """The probabilities are 1 and 0 in float32: their own gradient is 0."""
    model, kernel, bias = linear(1e4)
    x = RNG.normal(size=(6, 4)).astype("float32")
    labels = logits(x, kernel, bias).argmax(axis=1)
    assert (model.classify(x).max(axis=1) == 1).all()
    moved = fgsm(model, x, labels, radius=0.25)
    np.testing.assert_allclose(np.abs(moved - x), 0.25, atol=1e-5)


@pytest.mark.parametrize("attack", [fgsm, pgd, penultimate])
@pytest.mark.parametrize("kind", ["uint8", "float"])
def test_images_stay_in_the_ball_and_in_their_range(classifier, attack, kind):
    images = np.where(IMAGES < 90, 0, IMAGES)
    images = images if kind == "uint8" else images.astype("float32") / 255
    given = images.copy()
    settings = {} if attack is fgsm else {"steps": 7, "step_size": 0.02}
    moved = attack(classifier, images, radius=0.05, **settings)
    clean = given.astype("float32") / (255 if kind == "uint8" else 1)
    assert moved.dtype == "float32" and moved.shape == images.shape
    assert moved.min() >= 0 and moved.max() <= 1
    assert 0.02 < np.abs(moved - clean).max() <= 0.05 + 1e-6
    np.testing.assert_array_equal(images, given)


def test_more_steps_raise_the_loss_more(classifier):
    def loss(images):
        return -np.log(classifier.classify(images)[np.arange(9), LABELS]).mean()

    one = fgsm(classifier, IMAGES, LABELS, radius=0.1)
    many = pgd(classifier, IMAGES, LABELS, radius=0.1, steps=20)
    random = noise(IMAGES, 0.1)
    assert loss(many) >= loss(one) > loss(random)


def test_items_do_not_see_each_other(classifier):
    """BatchNorm is in inference mode, and keeps its statistics."""
    before = classifier.backbone.get_weights()
    together = fgsm(classifier, IMAGES, LABELS)
    apart = fgsm(classifier, IMAGES, LABELS, batch_size=2)
    np.testing.assert_allclose(together, apart, atol=1e-6)
    for old, new in zip(before, classifier.backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_without_labels_the_answers_are_attacked(classifier):
    answers = classifier.classify(IMAGES).argmax(axis=1)
    np.testing.assert_array_equal(fgsm(classifier, IMAGES), fgsm(classifier, IMAGES, answers))


def test_penultimate_pushes_its_unit_and_reads_no_labels(classifier):
    def feature(images, unit):
        return classifier.encode(images)[:, unit]

    for unit in (0, 3):
        moved = penultimate(classifier, IMAGES, radius=0.1, steps=10, unit=unit)
        assert (feature(moved, unit) > feature(IMAGES, unit)).all()


def test_penultimate_lessens_the_other_features_by_a_tenth():
    """f = x: (x0 - aim)^2 + 0.1 * mean(x1^2, x2^2), one step from a start that the seed gives."""
    x = keras.Input((3,), name="vectors")
    teacher = sslzoo.build("erm", keras.Model(x, layers.Identity()(x)), classes=2)
    x = np.array([[0.2, 3.0, -3.0]], "float32")
    moved = penultimate(teacher, x, radius=0.5, steps=1, step_size=1.0)
    np.testing.assert_allclose(moved, x + [[0.5, -0.5, 0.5]], atol=1e-6)


def test_the_seed_is_that_of_the_start(classifier):
    settings = {"radius": 0.1, "steps": 1, "step_size": 0.01}
    first, again = (pgd(classifier, IMAGES, LABELS, **settings) for _ in range(2))
    other = pgd(classifier, IMAGES, LABELS, **settings, seed=1)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_what_cannot_be_attacked_is_refused(classifier):
    with pytest.raises(ValueError, match="model: got a SimpleNamespace without classify"):
        fgsm(SimpleNamespace(verbs=("encode",)), IMAGES)
    with pytest.raises(ValueError, match="teacher: got a SimpleNamespace without encode"):
        penultimate(SimpleNamespace(), IMAGES)
    with pytest.raises(ValueError, match="radius: got 0"):
        fgsm(classifier, IMAGES, radius=0)
    with pytest.raises(ValueError, match="unit: got 16; it must be an integer of at least 0 and"):
        penultimate(classifier, IMAGES, unit=16)
    tokens = keras.Input((5,), dtype="int32")
    network = keras.Model(tokens, layers.Flatten()(layers.Embedding(7, 2)(tokens)))
    model = sslzoo.build("erm", network, classes=2)
    with pytest.raises(ValueError, match="items: got tokens; it must be images, series or vectors"):
        fgsm(model, np.zeros((2, 5), "int32"))


def test_images_of_another_size_are_attacked_at_their_own(classifier):
    images = RNG.integers(0, 256, (3, 12, 12, 3), dtype="uint8")
    moved = fgsm(classifier, images, [0, 1, 2])
    assert moved.shape == images.shape and (moved != images / 255).mean() > 0.5


def test_a_classifier_with_an_average_of_its_weights_is_attacked_at_that():
    model = sslzoo.build("fixmatch", "micro", 8, classes=3)
    assert model.classifier is not model.head
    weights = model.classifier.get_weights()
    model.classifier.set_weights([RNG.normal(size=w.shape) for w in weights])
    moved = fgsm(model, IMAGES, LABELS, radius=0.1)
    before, after = (model.classify(x)[np.arange(9), LABELS] for x in (IMAGES, moved))
    assert (after < before).all()
