import itertools
import math

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo.losses import dcl, info_nce, info_nce_batch, nt_xent


def cosine(u, v):
    return float(u @ v / math.sqrt((u @ u) * (v @ v)))


def oracle(z1, z2, temperature, self_masked=True, within_view=True):
    """Equation 1 of the paper in float64, one pair of rows at a time. The flags make the two
    classical mistakes.
    """
    n = len(z1)
    z = np.concatenate([z1, z2]).astype("float64")
    total = 0.0
    for i in range(2 * n):
        positive = (i + n) % (2 * n)
        denominator = 0.0
        for k in range(2 * n):
            same_view = (i < n) == (k < n)
            if (k == i and self_masked) or (same_view and k != i and not within_view):
                continue
            denominator += math.exp(cosine(z[i], z[k]) / temperature)
        total -= cosine(z[i], z[positive]) / temperature - math.log(denominator)
    return total / (2 * n)


def views(n, dimensions=16, seed=0, noise=0.5):
    """Two noisy views of n random vectors of varied length."""
    rng = np.random.default_rng(seed)
    center = rng.normal(size=(n, dimensions)) * rng.uniform(0.1, 10, size=(n, 1))
    return [(center + noise * rng.normal(size=(n, dimensions))).astype("float32") for _ in range(2)]


# float32 against float64: similarities / T reach 20 at T = 0.05, where one unit in the last place
# is 2e-6.
@pytest.mark.parametrize(("n", "temperature"), list(itertools.product([2, 7, 256], [0.05, 0.5])))
def test_equals_the_double_loop_of_the_paper(n, temperature):
    z1, z2 = views(n)
    assert float(nt_xent(z1, z2, temperature)) == pytest.approx(
        oracle(z1, z2, temperature), rel=1e-5, abs=5e-6
    )


@pytest.mark.parametrize("mistake", [{"self_masked": False}, {"within_view": False}])
def test_tolerance_would_catch_the_classical_mistakes(mistake):
    z1, z2 = views(7)
    for temperature in (0.05, 0.5):
        right, wrong = oracle(z1, z2, temperature), oracle(z1, z2, temperature, **mistake)
        assert abs(wrong - right) > 1e-2 * right


def test_float64_is_computed_in_float64():
    if keras.backend.backend() == "jax":
        pytest.skip("jax computes in float32 unless x64 is enabled")
    z1, z2 = (z.astype("float64") for z in views(7))
    assert float(nt_xent(z1, z2, 0.05)) == pytest.approx(oracle(z1, z2, 0.05), rel=1e-12)


@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_identical_views_with_orthogonal_negatives(temperature):
    n = 8
    z = np.eye(n, dtype="float32")
    # Per row: one positive of cosine 1, 2N - 2 negatives of cosine 0.
    expected = math.log(math.exp(1 / temperature) + 2 * n - 2) - 1 / temperature
    assert float(nt_xent(z, z, temperature)) == pytest.approx(expected, rel=1e-5, abs=5e-6)


def test_collapsed_embeddings_give_log_of_2n_minus_1():
    z = np.ones((9, 4), "float32")
    assert float(nt_xent(z, z, 0.1)) == pytest.approx(math.log(17), rel=1e-5)


def test_invariant_to_length_swap_and_order():
    z1, z2 = views(12)
    value = float(nt_xent(z1, z2, 0.1))
    lengths = np.random.default_rng(1).uniform(1e-2, 1e2, size=(12, 1)).astype("float32")
    order = np.random.default_rng(2).permutation(12)
    assert float(nt_xent(z1 * lengths, z2 / lengths, 0.1)) == pytest.approx(value, abs=5e-6)
    assert float(nt_xent(z2, z1, 0.1)) == pytest.approx(value, abs=5e-6)
    assert float(nt_xent(z1[order], z2[order], 0.1)) == pytest.approx(value, abs=5e-6)
    assert abs(float(nt_xent(z1[order], z2, 0.1)) - value) > 0.1  # the pairing itself does matter


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_finite_and_close(dtype, gradients):
    z1, z2 = (ops.cast(z, dtype) for z in views(64))
    loss = nt_xent(z1, z2, 0.05)
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    # The inputs were rounded to half precision, nothing else was: the oracle of the rounded inputs
    # is met.
    rounded = [np.asarray(ops.cast(z, "float32")) for z in (z1, z2)]
    assert float(loss) == pytest.approx(oracle(*rounded, 0.05), rel=1e-5, abs=5e-6)
    for grad in gradients(lambda a, b: nt_xent(a, b, 0.05), z1, z2):
        assert np.isfinite(grad.astype("float32")).all() and np.any(grad != 0)


@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_gradient_reaches_both_views_and_equals_finite_differences(
    temperature, gradients, finite_differences
):
    z1, z2 = views(3, dimensions=4)
    found = gradients(lambda a, b: nt_xent(a, b, temperature), z1, z2)
    expected = finite_differences(lambda a, b: oracle(a, b, temperature), z1, z2)
    for f, e in zip(found, expected, strict=True):
        assert np.abs(e).max() > 1e-3
        np.testing.assert_allclose(f, e, rtol=1e-3, atol=1e-4 * np.abs(e).max())


def test_gradient_of_a_zero_row_is_finite(gradients):
    z1, z2 = views(4)
    z1[0] = 0
    for grad in gradients(nt_xent, z1, z2):
        assert np.isfinite(grad).all()


@pytest.mark.tensorflow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.function")
def test_unknown_batch_size_under_tf_function():
    tf = pytest.importorskip("tensorflow")
    traced = tf.function(nt_xent, input_signature=[tf.TensorSpec((None, 16))] * 2)
    z1, z2 = views(5)
    assert float(traced(z1, z2)) == pytest.approx(oracle(z1, z2, 0.5), rel=1e-5)


@pytest.mark.parametrize(
    ("shapes", "temperature", "message"),
    [
        (((1, 4), (1, 4)), 0.5, "z1: got 1 rows; it must have at least 2"),
        (((4, 4), (5, 4)), 0.5, r"z1 and z2: got shapes \(4, 4\) and \(5, 4\); it must be of one"),
        (((4, 4), (4, 3)), 0.5, "of one shape"),
        (((4, 2, 2), (4, 2, 2)), 0.5, r"shape \(N, D\)"),
        (((4, 4), (4, 4)), 0.0, "temperature: got 0.0; it must be a finite number above 0"),
    ],
)
def test_refuses_what_it_cannot_compute(shapes, temperature, message):
    with pytest.raises(ValueError, match=message):
        nt_xent(*(np.ones(s, "float32") for s in shapes), temperature)


@pytest.mark.parametrize(("n", "temperature"), list(itertools.product([1, 7, 64], [0.07, 0.2])))
def test_info_nce_equals_the_double_loop(n, temperature):
    q, k = views(n, seed=n)
    queue = np.random.default_rng(5).normal(size=(33, 16)).astype("float32")
    queue /= np.linalg.norm(queue, axis=1, keepdims=True)
    expected = 0.0
    for i in range(n):
        positive = math.exp(cosine(q[i].astype("float64"), k[i]) / temperature)
        negatives = [math.exp(cosine(q[i].astype("float64"), row) / temperature) for row in queue]
        expected -= math.log(positive / (positive + sum(negatives))) / n
    assert float(info_nce(q, k, queue, temperature)) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_info_nce_does_not_look_at_the_other_keys_of_the_batch():
    q, k = views(5)
    queue = np.eye(16, dtype="float32")
    whole = float(info_nce(q, k, queue))
    parts = [float(info_nce(q[i : i + 1], k[i : i + 1], queue)) for i in range(5)]
    assert whole == pytest.approx(np.mean(parts), rel=1e-5)


def hard_oracle(z1, z2, temperature, hardness, class_prior):
    """Equation 4 of Robinson et al. with the official estimate of the importance weights."""
    n, total = len(z1), 0.0
    z = np.concatenate([z1, z2]).astype("float64")
    for i in range(2 * n):
        positive = math.exp(cosine(z[i], z[(i + n) % (2 * n)]) / temperature)
        others = [k for k in range(2 * n) if k % n != i % n]
        e = np.array([math.exp(cosine(z[i], z[k]) / temperature) for k in others])
        weights = e**hardness
        mean = np.sum(weights * e) / np.mean(weights)
        negative = (mean - class_prior * len(e) * positive) / (1 - class_prior)
        negative = max(negative, len(e) * math.exp(-1 / temperature))
        total -= math.log(positive / (positive + negative)) / (2 * n)
    return total


@pytest.mark.parametrize("hardness", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("class_prior", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_hard_negatives_equal_the_loop_of_their_paper(hardness, class_prior, temperature):
    z1, z2 = views(7)
    found = float(nt_xent(z1, z2, temperature, hardness, class_prior))
    expected = hard_oracle(z1, z2, temperature, hardness, class_prior)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_without_hardness_and_prior_hard_negatives_are_nt_xent():
    z1, z2 = views(7)
    assert float(nt_xent(z1, z2, 0.5, hardness=1e-6)) == pytest.approx(
        float(nt_xent(z1, z2, 0.5)), rel=1e-4
    )
    assert float(nt_xent(z1, z2, 0.5, hardness=1.0)) > float(nt_xent(z1, z2, 0.5)) + 0.01


def test_gradient_of_hard_negatives_equals_finite_differences(gradients, finite_differences):
    z1, z2 = views(3, dimensions=4)
    found = gradients(lambda a, b: nt_xent(a, b, 0.5, 1.0, 0.05), z1, z2)
    expected = finite_differences(lambda a, b: hard_oracle(a, b, 0.5, 1.0, 0.05), z1, z2)
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-3, atol=1e-4 * np.abs(e).max())


@pytest.mark.parametrize("loss", [lambda a, b: nt_xent(a, b, 0.01, 1.0, 0.5), dcl])
def test_equal_and_opposite_rows_have_finite_gradients(loss, gradients):
    alike = np.ones((4, 3), "float32")
    for other in (alike, -alike):
        assert np.isfinite(float(loss(alike, other)))
        assert all(np.isfinite(g).all() for g in gradients(loss, alike, other))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hardness": -1.0}, "hardness: got -1.0; it must be a finite number of at least 0"),
        ({"class_prior": 1.0}, "class_prior: got 1.0; it must be a number of at least 0 and below"),
    ],
)
def test_refuses_weights_of_negatives_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        nt_xent(np.eye(3, dtype="float32"), np.eye(3, dtype="float32"), **options)


@pytest.mark.parametrize(("n", "temperature"), list(itertools.product([2, 7, 64], [0.07, 0.5])))
def test_dcl_equals_the_double_loop(n, temperature):
    z1, z2 = views(n)
    z, expected = np.concatenate([z1, z2]).astype("float64"), 0.0
    for i in range(2 * n):
        others = [k for k in range(2 * n) if k % n != i % n]
        negatives = sum(math.exp(cosine(z[i], z[k]) / temperature) for k in others)
        positive = cosine(z[i], z[(i + n) % (2 * n)]) / temperature
        expected += (math.log(negatives) - positive) / (2 * n)
    assert float(dcl(z1, z2, temperature)) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(("n", "temperature"), list(itertools.product([1, 7, 64], [0.2, 1.0])))
def test_info_nce_of_a_batch_equals_the_double_loop(n, temperature):
    q, k = views(n, seed=n)
    expected = 0.0
    for i in range(n):
        all_keys = [math.exp(cosine(q[i].astype("float64"), row) / temperature) for row in k]
        expected -= math.log(all_keys[i] / sum(all_keys)) / n
    found = float(info_nce_batch(q, k, temperature))
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)
