import math

import numpy as np
import pytest
from keras import ops

from sslzoo.losses import distillation, masked_cross_entropy, sigmoid_distillation

C = 6
OLD = np.array([True, True, False, True, False, False])
NEW = np.array([False, False, True, False, True, False])  # class 5 is still to come


def logits(n, seed=0, scale=3.0):
    return np.random.default_rng(seed).normal(size=(n, C)).astype("float32") * scale


def softmax_of(row, members):
    weights = {c: math.exp(row[c]) for c in members}
    return {c: w / sum(weights.values()) for c, w in weights.items()}


def distillation_oracle(student, teacher, temperature, mask):
    """LwF's own words: probabilities to the power 1/T, made to sum to one again, over the old
    classes.
    """
    members, total = np.flatnonzero(mask), 0.0
    for z, t in zip(student.astype("float64"), teacher.astype("float64"), strict=True):
        p, q = (
            {c: v ** (1 / temperature) for c, v in softmax_of(row, members).items()}
            for row in (t, z)
        )
        p, q = ({c: v / sum(row.values()) for c, v in row.items()} for row in (p, q))
        total -= sum(p[c] * math.log(q[c]) for c in members)
    return total / len(student)


def cross_entropy_oracle(z, labels, mask):
    members = np.flatnonzero(mask)
    return -np.mean(
        [
            math.log(softmax_of(row, members)[y])
            for row, y in zip(z.astype("float64"), labels, strict=True)
        ]
    )


def sigmoid_oracle(z, labels, old_z, new, old, temperature=1.0):
    total = 0.0
    for row, y, before in zip(z.astype("float64"), labels, old_z.astype("float64"), strict=True):
        for c in range(C):
            g, q = 1 / (1 + math.exp(-row[c])), 1 / (1 + math.exp(-before[c] / temperature))
            if new[c]:
                total -= math.log(g) if c == y else math.log(1 - g)
            elif old[c]:
                total -= q * math.log(g) + (1 - q) * math.log(1 - g)
    return total / len(z)


@pytest.mark.parametrize("n", [1, 7])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_distillation_is_the_formula_of_lwf(n, temperature):
    student, teacher = logits(n), logits(n, seed=1)
    for mask in (OLD, np.ones(C, bool)):
        found = float(distillation(student, teacher, temperature, mask))
        assert found == pytest.approx(
            distillation_oracle(student, teacher, temperature, mask), rel=1e-5
        )
    assert float(distillation(student, teacher, temperature)) == pytest.approx(found)


def test_distillation_has_no_factor_of_squared_temperature():
    z = logits(5)
    entropy = distillation_oracle(z, z, 2.0, OLD)
    assert float(distillation(z, z, 2.0, OLD)) == pytest.approx(entropy, rel=1e-5)
    assert entropy <= math.log(3)  # four times that would be above it


@pytest.mark.parametrize("n", [1, 7])
def test_cross_entropy_is_over_the_mask(n):
    z, labels = logits(n), np.array([2, 4] * 4)[:n]
    assert float(masked_cross_entropy(z, labels, NEW)) == pytest.approx(
        cross_entropy_oracle(z, labels, NEW), rel=1e-5
    )
    assert float(masked_cross_entropy(z, labels)) == pytest.approx(
        cross_entropy_oracle(z, labels, np.ones(C, bool)), rel=1e-5
    )


@pytest.mark.parametrize("n", [1, 7])
def test_sigmoid_distillation_is_the_formula_of_icarl(n):
    # exemplars among them
    z, old_z, labels = logits(n), logits(n, seed=1), np.array([2, 0, 4, 1, 3, 2, 4])[:n]
    found = float(sigmoid_distillation(z, labels, old_z, NEW, OLD))
    assert found == pytest.approx(sigmoid_oracle(z, labels, old_z, NEW, OLD), rel=1e-5)
    found = float(sigmoid_distillation(z, labels, old_z, NEW, OLD, temperature=2.0))
    assert found == pytest.approx(sigmoid_oracle(z, labels, old_z, NEW, OLD, 2.0), rel=1e-5)


def test_an_exemplar_of_an_old_class_is_taught_by_the_old_network_and_not_by_its_label():
    z, old_z = logits(4), logits(4, seed=1)
    one, other = (float(sigmoid_distillation(z, np.full(4, y), old_z, NEW, OLD)) for y in (0, 3))
    assert one == other
    assert one != pytest.approx(float(sigmoid_distillation(z, np.full(4, 2), old_z, NEW, OLD)))


LOSSES = {
    "distillation": (lambda z: distillation(z, logits(4, seed=1), 2.0, OLD), OLD),
    "masked_cross_entropy": (lambda z: masked_cross_entropy(z, np.array([2, 4, 4, 2]), NEW), NEW),
    "sigmoid_distillation": (
        lambda z: sigmoid_distillation(z, np.array([2, 0, 4, 1]), logits(4, seed=1), NEW, OLD),
        NEW | OLD,
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_classes_outside_the_mask_do_not_leak(name, gradients):
    """Not in the value, however large their logits are, and not in the gradient."""
    loss, counted = LOSSES[name]
    z = logits(4)
    loud = np.where(counted, z, 1e4).astype("float32")
    assert float(loss(loud)) == pytest.approx(float(loss(z)), rel=1e-6)
    (gradient,) = gradients(loss, loud)
    assert np.isfinite(gradient).all()
    assert not gradient[:, ~counted].any()
    assert (np.abs(gradient[:, counted]).max(axis=0) > 1e-4).all()


def test_no_old_class_is_nothing_to_distil(gradients):
    none = np.zeros(C, bool)
    assert float(distillation(logits(4), logits(4, seed=1), 2.0, none)) == 0
    (gradient,) = gradients(lambda z: distillation(z, logits(4, seed=1), 2.0, none), logits(4))
    assert not gradient.any()


def test_the_teacher_gets_no_gradient(gradients):
    _, teacher = gradients(lambda z, t: distillation(z, t, 2.0, OLD), logits(4), logits(4, seed=1))
    _, before = gradients(
        lambda z, t: sigmoid_distillation(z, np.array([2, 0, 4, 1]), t, NEW, OLD),
        logits(4),
        logits(4, seed=1),
    )
    assert not np.any(teacher) and not np.any(before)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_does_not_overflow(dtype):
    z = ops.cast(logits(4, scale=300.0), dtype)
    for loss, _ in LOSSES.values():
        assert np.isfinite(float(loss(z)))


def test_errors_name_what_came():
    with pytest.raises(ValueError, match="temperature: got 0; it must be a finite number above 0"):
        distillation(logits(2), logits(2), 0)
    with pytest.raises(
        ValueError,
        match=(
            r"student_logits and teacher_logits: got shapes \(2, 6\) and \(2, 5\); it must be of "
            r"one shape"
        ),
    ):
        distillation(logits(2), logits(2)[:, :5])
