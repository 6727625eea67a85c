import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import losses
from sslzoo.losses.domains import DOMAIN_DISTANCES

STEPS = [2.0**i for i in (-2, -1, 0, 1, 2)]


def mean_squared_distance(x, y):
    """Of two different rows of both samples."""
    rows = [*x, *y]
    n = len(rows)
    total = sum(np.sum((a - b) ** 2) for a in rows for b in rows)
    return total / (n * n - n)


def rbf(x, y, bandwidth=None):
    """Equation 5 of Gretton et al. with five Gaussian kernels, one pair of rows at a time."""
    s = mean_squared_distance(x, y) if bandwidth is None else bandwidth

    def kernel(p, q):
        return sum(np.exp(-np.sum((p - q) ** 2) / (step * s)) for step in STEPS)

    return discrepancy(kernel, x, y)


def linear(x, y):
    return discrepancy(np.dot, x, y)


def discrepancy(kernel, x, y):
    def mean(a, b):
        return np.mean([[kernel(p, q) for q in b] for p in a])

    return mean(x, x) + mean(y, y) - 2 * mean(x, y)


def coral(x, y):
    d = x.shape[1]
    return np.sum((np.cov(x.T).reshape(d, d) - np.cov(y.T).reshape(d, d)) ** 2) / (4 * d * d)


def cosine(x, y):
    a, b = x.mean(axis=0), y.mean(axis=0)
    return 1 - a @ b / np.sqrt((a @ a) * (b @ b))


ORACLES = {"mmd": linear, "mmd_rbf": rbf, "coral": coral, "cosine": cosine}


def samples(n=7, m=5, dimensions=3, seed=0, shift=0.7):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, dimensions)), shift + 1.5 * rng.normal(size=(m, dimensions))
    return x.astype("float32"), y.astype("float32")


@pytest.mark.parametrize("name", DOMAIN_DISTANCES)
@pytest.mark.parametrize(("n", "m"), [(2, 2), (7, 5), (36, 36)])
@pytest.mark.parametrize("scale", [1e-2, 1.0, 30.0])
def test_equals_the_formula_in_float64(name, n, m, scale):
    x, y = (scale * sample for sample in samples(n, m))
    expected = ORACLES[name](x.astype("float64"), y.astype("float64"))
    assert float(DOMAIN_DISTANCES[name](x, y)) == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", DOMAIN_DISTANCES)
def test_gradients_of_both_samples_are_those_of_the_formula_and_not_zero(
    name, gradients, finite_differences
):
    """The official code's "mmd_rbf" has none: its means are taken under no_grad."""
    x, y = samples(6, 4)
    oracle = ORACLES[name]
    if name == "mmd_rbf":  # the bandwidth is a constant
        bandwidth = mean_squared_distance(x.astype("float64"), y.astype("float64"))
        expected = finite_differences(lambda x, y: rbf(x, y, bandwidth), x, y)
    else:
        expected = finite_differences(oracle, x, y)
    found = gradients(DOMAIN_DISTANCES[name], x, y)
    for mine, theirs in zip(found, expected, strict=True):
        assert np.abs(theirs).max() > 1e-3
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5)


def test_kernels_without_gradient_would_be_noticed(gradients):
    x, y = samples()
    found = gradients(lambda x, y: ops.sum(0.0 * x) + ops.stop_gradient(losses.mmd(x, y)), x, y[:7])
    assert np.abs(found[0]).max() == 0


@pytest.mark.parametrize("name", DOMAIN_DISTANCES)
def test_equal_samples_are_at_zero_whatever_the_order_of_rows(name):
    x, _ = samples(9)
    assert float(DOMAIN_DISTANCES[name](x, x[::-1])) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", DOMAIN_DISTANCES)
def test_symmetric_and_larger_for_samples_further_apart(name):
    x, y = samples(40, 30)
    there, back = float(DOMAIN_DISTANCES[name](x, y)), float(DOMAIN_DISTANCES[name](y, x))
    assert there == pytest.approx(back, rel=1e-5, abs=1e-6)
    x, near = samples(40, 30, seed=1, shift=0.1)
    near, far = x + 0.1 * near[:1], 3 * x - 2.0  # another mean, and another spread
    assert float(DOMAIN_DISTANCES[name](x, far)) > float(DOMAIN_DISTANCES[name](x, near)) + 1e-3


@pytest.mark.parametrize("name", DOMAIN_DISTANCES)
def test_leading_axes_are_separate_pairs(name):
    pairs = [samples(5, 4, seed=seed) for seed in range(6)]
    x, y = (np.stack(part).reshape(2, 3, -1, 3) for part in zip(*pairs, strict=True))
    found = np.asarray(DOMAIN_DISTANCES[name](x, y))
    expected = [float(DOMAIN_DISTANCES[name](a, b)) for a, b in pairs]
    np.testing.assert_allclose(found.reshape(-1), expected, rtol=1e-5, atol=1e-6)


def test_biased_estimate_is_never_negative():
    values = [float(losses.mmd(*samples(3, 3, seed=seed, shift=0.0))) for seed in range(20)]
    assert min(values) >= 0


def test_coral_sees_no_shift_and_the_linear_kernel_nothing_else():
    x, _ = samples(30)
    assert float(losses.coral(x, x + 5)) == pytest.approx(0.0, abs=1e-6)
    assert float(losses.mmd(x, x + 5, kernel="linear")) == pytest.approx(75.0, rel=1e-5)
    mirrored = 2 * x.mean(axis=0) - x  # the same mean, the same covariance
    assert float(losses.mmd(x, mirrored, kernel="linear")) == pytest.approx(0.0, abs=1e-6)
    assert float(losses.mmd(x, mirrored)) > 1e-2


def test_cosine_sees_directions_alone():
    x, _ = samples(30, shift=1.0)
    assert float(losses.mean_cosine(x, 4 * x)) == pytest.approx(0.0, abs=1e-6)
    assert float(losses.mean_cosine(x, -x)) == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize("name", DOMAIN_DISTANCES)
def test_constant_samples_have_finite_values_and_gradients(name, gradients):
    x = np.zeros((4, 3), "float32")
    assert float(DOMAIN_DISTANCES[name](x, x)) in (0.0, 1.0)  # zero vectors have no direction
    for gradient in gradients(DOMAIN_DISTANCES[name], x, x):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", DOMAIN_DISTANCES)
def test_half_precision_is_cast_up_before_anything_is_summed(name, dtype):
    x, y = (ops.cast(sample, dtype) for sample in samples(36, 36))
    found = DOMAIN_DISTANCES[name](x, y)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    exact = [np.asarray(ops.cast(sample, "float32"), "float64") for sample in (x, y)]
    assert float(found) == pytest.approx(ORACLES[name](*exact), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    "shapes", [((3,), (3,)), ((4, 3), (4, 2)), ((2, 4, 3), (3, 4, 3)), ((4, 3), (1, 4, 3))]
)
@pytest.mark.parametrize("name", DOMAIN_DISTANCES)
def test_shapes_that_do_not_fit_are_refused(name, shapes):
    x, y = (np.zeros(shape, "float32") for shape in shapes)
    with pytest.raises(ValueError, match="x and y: got shapes"):
        DOMAIN_DISTANCES[name](x, y)


def test_unknown_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel: got 'rbff'.*did you mean rbf"):
        losses.mmd(*samples(), kernel="rbff")


def unbiased(kernel, x, y):
    """Equation 3 of Gretton et al., one pair of rows at a time."""

    def others(rows):
        values = [kernel(a, b) for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j]
        return np.mean(values)

    return others(x) + others(y) - 2 * np.mean([[kernel(a, b) for b in y] for a in x])


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_unbiased_estimate_leaves_out_each_row_with_itself(kernel):
    x, y = samples()
    exact = x.astype("float64"), y.astype("float64")
    s = mean_squared_distance(*exact)
    kernels = {
        "linear": np.dot,
        "rbf": lambda p, q: sum(np.exp(-np.sum((p - q) ** 2) / (step * s)) for step in STEPS),
    }
    found = float(losses.mmd(x, y, kernel, estimate="unbiased"))
    assert found == pytest.approx(unbiased(kernels[kernel], *exact), rel=1e-4, abs=1e-5)
    assert found < float(losses.mmd(x, y, kernel))


def test_unbiased_estimate_is_zero_in_the_mean_where_the_distributions_are_equal():
    rng = np.random.default_rng(0)
    pairs = rng.normal(size=(2, 400, 8, 2)).astype("float32")
    found = np.asarray(losses.mmd(*pairs, estimate="unbiased"))
    assert found.min() < 0 < found.max()
    assert abs(found.mean()) < 3 * found.std() / 20
    assert np.asarray(losses.mmd(*pairs)).mean() > 0.5


def local(x, y, labels, probabilities, s):
    """Equation 6 of Zhu et al., one class and one pair of rows at a time."""

    def kernel(p, q):
        return sum(np.exp(-np.sum((p - q) ** 2) / (step * s)) for step in STEPS)

    classes = sorted(set(labels) & set(probabilities.argmax(axis=1)))
    total = 0.0
    for c in classes:
        w = (labels == c) / np.sum(labels == c)
        v = probabilities[:, c] / probabilities[:, c].sum()
        for rows, left in ((x, w), (y, -v)):
            for others, right in ((x, w), (y, -v)):
                total += sum(
                    a * b * kernel(p, q)
                    for p, a in zip(rows, left, strict=True)
                    for q, b in zip(others, right, strict=True)
                )
    return total / max(len(classes), 1)


def classes_of_both(n=9, m=7, classes=4):
    rng = np.random.default_rng(1)
    labels = np.arange(n) % (classes - 1)  # the last class has no label
    return labels, rng.dirichlet(np.full(classes, 0.5), m).astype("float32")


def test_lmmd_is_the_formula_with_the_classes_of_both_alone():
    x, y = samples(9, 7)
    labels, p = classes_of_both()
    s = mean_squared_distance(x.astype("float64"), y.astype("float64"))
    expected = local(x.astype("float64"), y.astype("float64"), labels, p.astype("float64"), s)
    assert float(losses.lmmd(x, y, labels, p)) == pytest.approx(expected, rel=1e-4)


def test_lmmd_has_the_gradient_of_the_formula_on_both_sides(gradients, finite_differences):
    x, y = samples(9, 7)
    labels, p = classes_of_both()
    s = mean_squared_distance(x.astype("float64"), y.astype("float64"))
    expected = finite_differences(lambda x, y: local(x, y, labels, p, s), x, y)
    found = gradients(lambda x, y: losses.lmmd(x, y, labels, p), x, y)
    for mine, theirs in zip(found, expected, strict=True):
        assert np.abs(theirs).max() > 1e-3
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5)


def test_lmmd_sees_classes_that_changed_places_and_mmd_does_not():
    x, _ = samples(20)
    labels = np.arange(20) % 2
    known = np.eye(2, dtype="float32")[labels]
    assert float(losses.lmmd(x, x, labels, known)) == pytest.approx(0.0, abs=1e-6)
    x = x + 3 * labels[:, None].astype("float32")
    assert float(losses.lmmd(x, x, labels, known[:, ::-1])) > 1.0
    assert float(losses.mmd(x, x)) == pytest.approx(0.0, abs=1e-6)


def test_lmmd_without_a_common_class_is_zero_with_finite_gradients(gradients):
    x, y = samples(4, 4)
    labels, p = np.zeros(4, "int32"), np.tile(np.array([[0.0, 1.0]], "float32"), (4, 1))
    assert float(losses.lmmd(x, y, labels, p)) == 0.0
    for gradient in gradients(lambda x, y: losses.lmmd(x, y, labels, p), x, y):
        assert not gradient.any()


def test_unknown_estimate_is_refused():
    with pytest.raises(ValueError, match="estimate: got 'unbiassed'.*did you mean unbiased"):
        losses.mmd(*samples(), estimate="unbiassed")


def game(x, y):
    """ln 2 less the mean cross-entropy of logits x of the first sample and y of the second."""

    def probability(logits):
        return 1 / (1 + np.exp(-logits))

    entropy = -np.log(probability(x)).mean(axis=-1) - np.log(1 - probability(y)).mean(axis=-1)
    return np.log(2) - entropy / 2


def test_adversarial_distance_is_the_formula_and_its_gradient_that_of_the_discriminator(
    gradients, finite_differences
):
    rng = np.random.default_rng(0)
    x, y = rng.normal(1, 2, (3, 7)).astype("float32"), rng.normal(-1, 2, (3, 5)).astype("float32")
    found = losses.adversarial_distance(x, y)
    expected = game(x.astype("float64"), y.astype("float64"))
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-6)
    there = gradients(lambda x, y: ops.sum(losses.adversarial_distance(x, y)), x, y)
    expected = finite_differences(lambda x, y: -np.sum(game(x, y)), x, y)  # it lowers the entropy
    for mine, theirs in zip(there, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
        assert np.abs(mine).max() > 1e-3


def test_adversarial_distance_of_the_best_discriminator_is_the_divergence_of_jensen_and_shannon():
    """Two coins, 0.8 and 0.2: the best logit of a side is the log ratio of its probabilities."""
    first, second = np.array([0.8, 0.2]), np.array([0.2, 0.8])
    middle = (first + second) / 2
    divergence = sum(np.sum(p * np.log(p / middle)) for p in (first, second)) / 2
    logit = np.log(first / second).astype("float32")
    x, y = np.repeat(logit, [8, 2]), np.repeat(logit, [2, 8])
    assert float(losses.adversarial_distance(x, y)) == pytest.approx(divergence, rel=1e-5)
