import numpy as np
import pytest
from keras import ops

from sslzoo.losses import dino


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def oracle(student, teacher, center, student_temperature=0.1, teacher_temperature=0.04):
    """Equation 3 in float64, one pair of views and one row at a time."""
    terms = []
    for v, q in enumerate(student):
        for t, p in enumerate(teacher):
            if v == t:
                continue
            for a, b in zip(q.astype("float64"), p.astype("float64"), strict=True):
                target = softmax((b - center) / teacher_temperature)
                terms.append(-np.sum(target * np.log(softmax(a / student_temperature))))
    return np.mean(terms)


def logits(views, n=5, k=6, seed=0):
    return list(np.random.default_rng(seed).normal(0, 0.1, size=(views, n, k)).astype("float32"))


@pytest.mark.parametrize("views", [2, 5])
def test_equals_the_loop_of_the_paper(views):
    student, teacher = logits(views), logits(2, seed=1)
    center = np.linspace(-0.1, 0.1, 6).astype("float32")
    found = float(dino(student, teacher, center, 0.2, 0.07))
    assert found == pytest.approx(oracle(student, teacher, center, 0.2, 0.07), rel=1e-5)


def test_the_gradient_reaches_the_student_alone(gradients, finite_differences):
    student, teacher, center = logits(3, n=2), logits(2, n=2, seed=1), np.zeros(6, "float32")
    found = gradients(
        lambda a, b, c, t: dino([a, b, c], [t, teacher[1]], center), *student, teacher[0]
    )
    expected = finite_differences(lambda a, b, c: oracle([a, b, c], teacher, center), *student)
    for f, e in zip(found, expected, strict=False):
        np.testing.assert_allclose(f, e, rtol=1e-3, atol=1e-4 * np.abs(e).max())
    assert found[3] is None or not np.any(found[3])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("values", [0.0, 6e4])
def test_half_precision_is_finite_for_equal_and_for_huge_logits(dtype, values, gradients):
    signs = np.sign(logits(4)) if values else np.ones((4, 5, 6))
    student = [ops.cast(values * s, dtype) for s in signs]
    center = np.zeros(6, "float32")

    def loss(a, b):
        return dino([a, b, student[2]], [student[3], student[2]], center)

    assert np.isfinite(float(loss(*student[:2])))
    for gradient in gradients(loss, *student[:2]):
        assert np.isfinite(gradient.astype("float32")).all()


def test_refuses_what_it_cannot_compute():
    view, center = np.ones((3, 2), "float32"), np.zeros(2, "float32")
    with pytest.raises(
        ValueError, match="student: got 1 views of the student and 2 of the teacher"
    ):
        dino([view], [view, view], center)
    with pytest.raises(ValueError, match=r"student and teacher: got shapes \(3, 2\) and \(2, 2\)"):
        dino([view, view], [view[:2], view], center)
    with pytest.raises(ValueError, match="teacher_temperature: got 0; it must be a finite number"):
        dino([view, view], [view, view], center, teacher_temperature=0)
