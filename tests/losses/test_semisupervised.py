import numpy as np
import pytest
from keras import ops

from sslzoo.losses import (
    annealed_cross_entropy,
    confident_cross_entropy,
    flexible_thresholds,
    pseudo_labels,
    sharpen,
    tsa_threshold,
)


def logits_of(n=13, classes=5, seed=0, scale=3.0):
    return np.random.default_rng(seed).normal(0, scale, (n, classes)).astype("float32")


def softmax(z):
    e = np.exp(z.astype("float64") - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def fixmatch(weak, strong, threshold):
    """The unlabeled term of the paper, image by image."""
    total = 0.0
    for w, s in zip(softmax(weak), softmax(strong), strict=True):
        if w.max() >= threshold:
            total += -np.log(s[w.argmax()])
    return total / len(weak)


@pytest.mark.parametrize("n", [1, 13, 64])
@pytest.mark.parametrize("threshold", [0.0, 0.7, 0.95, 1.0])
def test_fixmatch_term_is_the_formula_of_the_paper(n, threshold):
    weak, strong = logits_of(n), logits_of(n, seed=1)
    labels, confidence = pseudo_labels(weak)
    loss = confident_cross_entropy(strong, labels, confidence >= threshold)
    np.testing.assert_allclose(float(loss), fixmatch(weak, strong, threshold), rtol=1e-5, atol=1e-6)


def test_division_is_by_all_rows_and_not_by_the_sum_of_the_mask():
    logits, labels = logits_of(8), np.zeros(8, "int32")
    mask = np.array([1, 0, 0, 0, 0, 0, 0, 0], bool)
    one = float(confident_cross_entropy(logits[:1], labels[:1]))
    np.testing.assert_allclose(
        float(confident_cross_entropy(logits, labels, mask)), one / 8, rtol=1e-6
    )
    assert float(confident_cross_entropy(logits, labels, np.zeros(8, bool))) == 0.0  # and no 0 / 0


def test_without_a_mask_it_is_the_mean_cross_entropy():
    logits, labels = logits_of(), np.arange(13) % 5
    expected = np.mean([-np.log(p[y]) for p, y in zip(softmax(logits), labels, strict=True)])
    np.testing.assert_allclose(float(confident_cross_entropy(logits, labels)), expected, rtol=1e-5)


def test_gradient_reaches_the_strong_view_and_nothing_through_the_labels(gradients):
    weak, strong = logits_of(), logits_of(seed=1)

    def fixmatch_term(weak, strong):
        labels, confidence = pseudo_labels(weak)
        return confident_cross_entropy(strong, labels, confidence >= 0.5) + 0.0 * ops.sum(weak)

    def uda_term(weak, strong):
        _, confidence = pseudo_labels(weak)
        return confident_cross_entropy(
            strong, sharpen(weak, 0.4), confidence > 0.5
        ) + 0.0 * ops.sum(weak)

    def soft_mask(weak, strong):
        return confident_cross_entropy(strong, np.zeros(13, "int32"), ops.softmax(weak)[:, 0])

    for term in (fixmatch_term, uda_term, soft_mask):
        of_weak, of_strong = (np.asarray(g) for g in gradients(term, weak, strong))
        assert not of_weak.any(), term.__name__
        assert np.abs(of_strong).max() > 1e-3, term.__name__


def test_pseudo_label_of_a_view_on_itself_still_learns(gradients):
    def term(logits):
        labels, confidence = pseudo_labels(logits)
        return confident_cross_entropy(logits, labels, confidence >= 0.5)

    (found,) = gradients(term, logits_of())
    logits, expected = logits_of(), np.zeros((13, 5))
    for row, p in enumerate(softmax(logits)):
        if p.max() >= 0.5:
            expected[row] = (p - np.eye(5)[p.argmax()]) / 13
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_soft_targets_are_sharpened_by_the_power_of_the_temperature():
    logits = logits_of()
    powered = softmax(logits) ** (1 / 0.4)
    np.testing.assert_allclose(
        sharpen(logits, 0.4), powered / powered.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-6
    )
    targets, strong = softmax(logits).astype("float32"), logits_of(seed=1)
    expected = -np.mean((targets * np.log(softmax(strong))).sum(axis=1))
    np.testing.assert_allclose(float(confident_cross_entropy(strong, targets)), expected, rtol=1e-5)


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.9, 1.0])
def test_annealing_drops_rows_whose_true_class_is_above_the_threshold(threshold):
    logits, labels = logits_of(scale=1.5), np.arange(13) % 5
    kept = [
        -np.log(p[y]) for p, y in zip(softmax(logits), labels, strict=True) if p[y] <= threshold
    ]
    expected = np.mean(kept) if kept else 0.0
    np.testing.assert_allclose(
        float(annealed_cross_entropy(logits, labels, threshold)), expected, rtol=1e-5, atol=1e-6
    )


def test_annealing_judges_the_true_class_and_not_the_largest():
    logits = np.float32([[9.0, 0.0, 0.0]])  # sure, and wrong: the row to learn from
    assert float(annealed_cross_entropy(logits, np.array([1]), 0.5)) > 8


@pytest.mark.parametrize("schedule", ["linear", "exp", "log"])
def test_annealing_thresholds_rise_from_chance_to_one(schedule):
    t = np.linspace(0, 1, 5)
    alpha = {"linear": t, "exp": np.exp(5 * (t - 1)), "log": 1 - np.exp(-5 * t)}[schedule]
    found = np.asarray(tsa_threshold(t.astype("float32"), 10, schedule))
    np.testing.assert_allclose(found, alpha * 0.9 + 0.1, rtol=1e-5)
    assert np.all(np.diff(found) > 0)
    with pytest.raises(ValueError, match="schedule: got 'cosine'"):
        tsa_threshold(0.5, 10, "cosine")


def flexmatch(memory, classes, threshold):
    """Class by class, with the counter of TorchSSL: its largest value may be that of -1."""
    counts = {c: sum(1 for u in memory if u == c) for c in range(-1, classes)}
    most = max(
        max(counts[c] for c in range(classes)), len(memory) - sum(counts[c] for c in range(classes))
    )
    beta = [counts[c] / most for c in range(classes)]
    return [threshold * b / (2 - b) for b in beta]


@pytest.mark.parametrize("unlearned", [0, 5, 60, 200])
def test_flexible_thresholds_are_the_formula_of_the_paper(unlearned):
    rng = np.random.default_rng(0)
    memory = rng.permutation(
        np.concatenate([np.full(unlearned, -1), rng.choice(4, 100, p=[0.6, 0.3, 0.1, 0.0])])
    ).astype("int32")
    found = np.asarray(flexible_thresholds(memory, 5, 0.95))
    np.testing.assert_allclose(found, flexmatch(memory, 5, 0.95), rtol=1e-5, atol=1e-7)
    assert found[4] == 0 and found.max() <= 0.95 + 1e-6


def test_the_unlearned_hold_all_thresholds_down_and_then_let_go():
    learned = np.array([0, 0, 1], "int32")
    few = flexible_thresholds(np.concatenate([learned, np.full(97, -1, "int32")]), 2, 0.95)
    assert np.asarray(few).max() < 0.02  # without the -1 bucket class 0 would be at 0.95 already
    np.testing.assert_allclose(flexible_thresholds(learned, 2, 0.95), [0.95, 0.95 / 3], rtol=1e-5)
    assert not np.asarray(flexible_thresholds(np.full(9, -1, "int32"), 2, 0.95)).any()


def test_half_precision_logits_are_cast_up():
    logits = ops.cast(logits_of(scale=20.0), "float16")
    loss = confident_cross_entropy(logits, np.arange(13) % 5)
    assert "float32" in str(loss.dtype) and np.isfinite(float(loss))
