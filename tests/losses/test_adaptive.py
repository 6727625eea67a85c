import numpy as np
import pytest
from keras import ops

from sslzoo.losses import adaptive_thresholds, aligned, fairness, truncated_gaussian


def logits_of(n=13, classes=5, seed=0):
    return np.random.default_rng(seed).normal(0, 2, (n, classes)).astype("float32")


def softmax(z):
    e = np.exp(z.astype("float64") - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def test_alignment_is_the_ratio_of_what_is_and_what_is_predicted():
    p, target = softmax(logits_of()), np.array([0.3, 0.3, 0.2, 0.1, 0.1])
    running = np.array([0.6, 0.1, 0.1, 0.1, 0.1])
    expected = p * target / running
    expected /= expected.sum(axis=1, keepdims=True)
    found = aligned(*(x.astype("float32") for x in (p, target, running)))
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert np.isfinite(
        np.asarray(aligned(p.astype("float32"), target, 0 * target))
    ).all()  # a class never predicted


def test_weights_are_a_gaussian_below_the_mean_and_one_above():
    confidence = np.linspace(0.1, 1.0, 7)
    expected = [1.0 if c > 0.6 else np.exp(-((c - 0.6) ** 2) * 4 / (2 * 0.02)) for c in confidence]
    found = truncated_gaussian(confidence.astype("float32"), 0.6, 0.02)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_the_threshold_of_the_most_predicted_class_is_the_global_one():
    running = np.array([0.1, 0.4, 0.2], "float32")
    np.testing.assert_allclose(adaptive_thresholds(running, 0.9), [0.225, 0.9, 0.45], rtol=1e-6)


@pytest.mark.parametrize("kept", [13, 4, 0])
def test_fairness_is_the_formula_of_the_paper(kept):
    rng = np.random.default_rng(3)
    running, histogram = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5))
    mask, p = np.arange(13) < kept, softmax(logits_of())[:kept]
    expected = 0.0
    if kept:
        wanted = running / histogram / np.sum(running / histogram)
        seen = np.bincount(p.argmax(axis=1), minlength=5) / kept
        here = np.array([m / s if s else 0 for m, s in zip(p.mean(axis=0), seen, strict=True)])
        share = here / here.sum()
        expected = sum(wanted[c] * np.log(share[c]) for c in range(5) if seen[c])
    found = fairness(logits_of(), mask, running, histogram)
    np.testing.assert_allclose(float(found), expected, rtol=1e-4, atol=1e-6)


def test_gradients_of_fairness_reach_the_rows_of_the_mask_alone(gradients):
    mask, even = np.arange(13) < 5, np.full(5, 0.2, "float32")

    def term(logits, running):
        return fairness(logits, mask, ops.softmax(running), even) + 0.0 * ops.sum(running)

    of_logits, of_running = (np.asarray(g) for g in gradients(term, logits_of(), np.zeros(5, "f4")))
    assert np.abs(of_logits[:5]).max() > 1e-4 and not of_logits[5:].any()
    assert not of_running.any()


def test_weights_and_thresholds_are_constants(gradients):
    def term(logits):
        p = ops.softmax(logits)
        weights = truncated_gaussian(ops.max(p, axis=1), 0.6, 0.02)
        thresholds = adaptive_thresholds(ops.mean(p, axis=0), ops.mean(p))
        constant = ops.sum(weights) + ops.sum(thresholds)
        return constant + ops.sum(aligned(p, p[0], p[1])) + 0.0 * ops.sum(logits)

    (found,) = gradients(term, logits_of())
    assert not np.asarray(found).any()
