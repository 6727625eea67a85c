import itertools

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo.losses import barlow_twins, vicreg, vicreg_parts

WEIGHTS = {"invariance": 25.0, "variance": 25.0, "covariance": 1.0}


def oracle_barlow_twins(z1, z2, weight=5.1e-3):
    """Equations 1 and 2 in float64, one pair of dimensions at a time."""
    z1, z2 = (
        (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5)
        for z in (z1.astype("float64"), z2.astype("float64"))
    )
    total = 0.0
    for i, j in itertools.product(range(z1.shape[1]), repeat=2):
        c = sum(z1[b, i] * z2[b, j] for b in range(len(z1))) / len(z1)
        total += (1 - c) ** 2 if i == j else weight * c**2
    return total


def oracle_vicreg(z1, z2):
    """The three terms in float64, one pair of dimensions at a time."""
    z1, z2 = z1.astype("float64"), z2.astype("float64")
    n, d = z1.shape
    terms = {"invariance": np.mean((z1 - z2) ** 2), "variance": 0.0, "covariance": 0.0}
    for z in (z1, z2):
        mean = z.mean(axis=0)
        for i, j in itertools.product(range(d), repeat=2):
            c = sum((z[b, i] - mean[i]) * (z[b, j] - mean[j]) for b in range(n)) / (n - 1)
            if i == j:
                terms["variance"] += max(0, 1 - np.sqrt(c + 1e-4)) / d / 2
            else:
                terms["covariance"] += c**2 / d
    return terms


def views(n, dimensions=6, seed=0, noise=0.5):
    rng = np.random.default_rng(seed)
    center = rng.normal(size=(n, dimensions)) * rng.uniform(0.1, 2, size=dimensions)
    return [(center + noise * rng.normal(size=(n, dimensions))).astype("float32") for _ in range(2)]


@pytest.mark.parametrize("n", [2, 7, 64])
def test_barlow_twins_equals_the_loop_of_the_paper(n):
    z1, z2 = views(n)
    assert float(barlow_twins(z1, z2)) == pytest.approx(oracle_barlow_twins(z1, z2), rel=1e-5)


@pytest.mark.parametrize("n", [2, 7, 64])
def test_vicreg_equals_the_loop_of_the_official_code(n):
    z1, z2 = views(n)
    expected = oracle_vicreg(z1, z2)
    for name, value in vicreg_parts(z1, z2).items():
        assert float(value) == pytest.approx(expected[name], rel=1e-5, abs=1e-6), name
    total = sum(WEIGHTS[name] * value for name, value in expected.items())
    assert float(vicreg(z1, z2)) == pytest.approx(total, rel=1e-5)


def test_barlow_twins_does_not_see_scale_and_shift():
    z1, z2 = views(32)
    value = float(barlow_twins(z1, z2))
    assert float(barlow_twins(z1, 2 * z2 + 4)) == pytest.approx(value, rel=1e-4)
    assert abs(float(barlow_twins(z1, -z2)) - value) > 1


def test_vicreg_of_collapsed_embeddings_is_the_variance_term():
    alike = np.ones((9, 4), "float32")
    assert float(vicreg(alike, alike)) == pytest.approx(25 * (1 - 1e-2), rel=1e-5)
    assert float(barlow_twins(alike, alike)) == pytest.approx(4.0)  # C is 0


@pytest.mark.parametrize(
    ("loss", "oracle"),
    [
        (barlow_twins, oracle_barlow_twins),
        (vicreg, lambda a, b: sum(WEIGHTS[k] * v for k, v in oracle_vicreg(a, b).items())),
    ],
)
def test_gradient_reaches_both_views_and_equals_finite_differences(
    loss, oracle, gradients, finite_differences
):
    z1, z2 = views(4, dimensions=3)
    expected = finite_differences(oracle, z1, z2)
    for found, exact in zip(gradients(loss, z1, z2), expected, strict=True):
        assert np.abs(exact).max() > 1e-3
        np.testing.assert_allclose(found, exact, rtol=2e-3, atol=2e-4 * np.abs(exact).max())


@pytest.mark.parametrize("loss", [barlow_twins, vicreg])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("kind", ["all equal", "zero", "huge"])
def test_half_precision_is_finite_on_the_worst_inputs(loss, dtype, kind, gradients):
    z1, z2 = views(16)
    if kind == "huge":  # float16 ends at 65504
        z1, z2 = np.sign(z1) * 65000, np.sign(z2) * 65000
    else:
        z1 = z2 = np.full_like(z1, 3.0 if kind == "all equal" else 0.0)
    z1, z2 = ops.cast(z1, dtype), ops.cast(z2, dtype)
    value = loss(z1, z2)
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    assert np.isfinite(float(value))
    scaled = gradients(lambda a, b: 1e-12 * loss(a, b), z1, z2)  # a small loss scale
    assert all(np.isfinite(g.astype("float32")).all() for g in scaled)


@pytest.mark.parametrize("loss", [barlow_twins, vicreg])
def test_refuses_what_it_cannot_compute(loss):
    with pytest.raises(ValueError, match="z1: got 1 rows; it must have at least 2"):
        loss(np.ones((1, 4), "float32"), np.ones((1, 4), "float32"))
    with pytest.raises(ValueError, match=r"z1 and z2: got shapes \(4, 4\) and \(4, 3\)"):
        loss(np.ones((4, 4), "float32"), np.ones((4, 3), "float32"))
    with pytest.raises(ValueError, match="got -1; it must be a finite number of at least 0"):
        loss(np.ones((4, 4), "float32"), np.ones((4, 4), "float32"), -1)
