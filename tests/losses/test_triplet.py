import itertools
import math

import keras
import metric_oracles as metric
import numpy as np
import pytest
from keras import ops

from sslzoo.losses import triplet_batch_all, triplet_batch_hard, triplet_loss, triplet_semi_hard
from sslzoo.losses.distances import DISTANCES
from sslzoo.losses.miners import MINERS
from sslzoo.losses.reducers import REDUCERS

PUBLIC = {
    "batch_all": triplet_batch_all,
    "batch_hard": triplet_batch_hard,
    "semi_hard": triplet_semi_hard,
}
DEFAULTS = {  # of the papers
    "batch_all": ("euclidean", "nonzero_mean"),
    "batch_hard": ("euclidean", "mean"),
    "semi_hard": ("squared_euclidean", "mean"),
}


@pytest.mark.parametrize(
    ("miner", "distance", "reducer"), list(itertools.product(MINERS, DISTANCES, REDUCERS))
)
@pytest.mark.parametrize(("n", "margin"), [(17, 0.4), (17, "soft")])
def test_every_combination_equals_the_triple_loop(miner, distance, reducer, n, margin):
    labels, x = metric.batch(n)
    found = [float(v) for v in triplet_loss(labels, x, miner, margin, distance, reducer)]
    assert found == pytest.approx(
        metric.triplet(labels, x, miner, margin, distance, reducer), rel=2e-5, abs=1e-6
    )
    assert found[0] > 0


@pytest.mark.parametrize("n", [2, 3, 40])
def test_small_and_uneven_batches(n):
    labels, x = metric.batch(n)
    found = [float(v) for v in triplet_loss(labels, x, "batch_hard", 1.0, "euclidean", "mean")]
    assert found == pytest.approx(
        metric.triplet(labels, x, "batch_hard", 1.0, "euclidean", "mean"), rel=2e-5, abs=1e-6
    )


@pytest.mark.parametrize("miner", MINERS)
@pytest.mark.parametrize("margin", [0.5, 1.0, "soft"])
def test_the_public_losses_are_those_of_the_papers(miner, margin):
    labels, x = metric.batch(21, seed=3)
    distance, reducer = DEFAULTS[miner]
    expected, _ = metric.triplet(labels, x, miner, margin, distance, reducer)
    assert float(PUBLIC[miner](labels, x, margin)) == pytest.approx(expected, rel=2e-5)
    assert float(PUBLIC[miner](labels, x)) == float(PUBLIC[miner](labels, x, 1.0))


def test_an_anchor_without_a_positive_is_left_out():
    labels, x = metric.batch(9, noise=0.1)
    x[-1] = x[0] + 0.05  # the only image of its class lies next to another's
    right, wrong = (
        metric.triplet(labels, x, "batch_hard", 1.0, "euclidean", "mean", lonely)[0]
        for lonely in (False, True)
    )
    assert abs(right - wrong) > 0.05
    assert float(triplet_batch_hard(labels, x)) == pytest.approx(right, rel=2e-5)


def test_batch_all_divides_by_the_unsatisfied_triplets_alone():
    labels, x = metric.batch(12, noise=0.2)
    mean, nonzero = (
        metric.triplet(labels, x, "batch_all", 0.5, "euclidean", reducer)[0] for reducer in REDUCERS
    )
    assert nonzero > 2 * mean > 0
    assert float(triplet_batch_all(labels, x, 0.5)) == pytest.approx(nonzero, rel=2e-5)


@pytest.mark.parametrize("miner", MINERS)
def test_order_of_the_batch_and_names_of_the_classes_do_not_matter(miner):
    labels, x = metric.batch(15)
    order = np.random.default_rng(1).permutation(15)
    value = float(PUBLIC[miner](labels, x, 0.7))
    assert float(PUBLIC[miner](labels[order], x[order], 0.7)) == pytest.approx(value, rel=1e-5)
    assert float(PUBLIC[miner](90 - 7 * labels, x, 0.7)) == pytest.approx(value, rel=1e-6)
    shuffled = np.random.default_rng(2).permutation(labels)
    # which image is of which class does
    assert abs(float(PUBLIC[miner](shuffled, x, 0.7)) - value) > 0.02


@pytest.mark.parametrize(("margin", "expected"), [(0.2, 0.2), (1.0, 1.0), ("soft", math.log(2))])
@pytest.mark.parametrize("miner", MINERS)
def test_a_collapsed_batch_gives_the_margin_or_ln_2(miner, margin, expected):
    labels, x = metric.batch(8)[0], np.full((8, 4), 0.3, "float32")
    assert float(PUBLIC[miner](labels, x, margin)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize(
    ("miner", "distance"),
    [("batch_all", "euclidean"), ("batch_hard", "cosine"), ("semi_hard", "euclidean")],
)
def test_duplicates_make_no_nan(miner, distance, dtype, gradients):
    labels, x = metric.batch(11)
    labels[3], labels[5] = labels[1], labels[1] + 1
    x[3] = x[5] = x[1]  # one duplicate of the same class, one of another
    x = ops.cast(x, dtype)
    loss = triplet_loss(labels, x, miner, 1.0, distance, "mean")[0]
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    expected, _ = metric.triplet(
        labels, np.asarray(ops.cast(x, "float32")), miner, 1.0, distance, "mean"
    )
    assert float(loss) == pytest.approx(expected, rel=1e-4)
    (gradient,) = gradients(lambda x: triplet_loss(labels, x, miner, 1.0, distance, "mean")[0], x)
    gradient = np.asarray(ops.cast(gradient, "float32"))
    assert np.isfinite(gradient).all() and gradient.any()


@pytest.mark.parametrize("margin", [1.0, "soft"])
@pytest.mark.parametrize("miner", MINERS)
def test_gradient_equals_finite_differences(miner, margin, gradients, finite_differences):
    labels, x = metric.batch(7, classes=2, dimensions=3, noise=1.5)
    distance, reducer = DEFAULTS[miner]
    (found,) = gradients(lambda x: PUBLIC[miner](labels, x, margin), x)
    (expected,) = finite_differences(
        lambda x: metric.triplet(labels, x, miner, margin, distance, reducer)[0], x
    )
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("miner", MINERS)
def test_a_batch_without_a_triplet_gives_zero(miner, gradients):
    _, x = metric.batch(6)
    for labels in (np.zeros(6, int), np.arange(6)):  # no negative, no positive
        assert [float(v) for v in triplet_loss(labels, x, miner, 1.0, "euclidean", "mean")] == [
            0,
            0,
        ]
    (gradient,) = gradients(lambda x: PUBLIC[miner](labels, x), x)
    assert not gradient.any()


@pytest.mark.parametrize("miner", MINERS)
def test_a_collapsed_batch_has_a_finite_gradient(miner, gradients):
    labels, x = metric.batch(6)[0], np.full((6, 4), 0.3, "float32")
    (gradient,) = gradients(lambda x: PUBLIC[miner](labels, x), x)
    assert np.isfinite(gradient).all()


def test_functions_of_ones_own_are_taken():
    labels, x = metric.batch(9)
    found = triplet_loss(
        labels, x, MINERS["batch_hard"], 1.0, DISTANCES["cosine"], REDUCERS["mean"]
    )[0]
    assert float(found) == float(triplet_batch_hard(labels, x, distance="cosine"))


@pytest.mark.tensorflow
@pytest.mark.parametrize("miner", MINERS)
def test_unknown_batch_size_under_tf_function(miner):
    tf = pytest.importorskip("tensorflow")
    signature = [tf.TensorSpec((None,), "int64"), tf.TensorSpec((None, 6))]
    labels, x = metric.batch(9)
    found = tf.function(PUBLIC[miner], input_signature=signature)(labels, x)
    assert float(found) == pytest.approx(float(PUBLIC[miner](labels, x)), rel=1e-6)


@pytest.mark.parametrize(
    ("labels", "shape", "options", "message"),
    [
        (5, (6, 2), {}, r"got shapes \(5,\) and \(6, 2\); it must be \(N,\) and \(N, D\)"),
        (6, (6, 2, 2), {}, r"got shapes \(6,\) and \(6, 2, 2\)"),
        (6, (6, 2), {"margin": 0}, "margin: got 0; it must be a finite number above 0"),
        (6, (6, 2), {"margin": "hard"}, "margin: got 'hard'; it must be .* or 'soft'"),
        (
            6,
            (6, 2),
            {"distance": "euklidean"},
            "distance: got 'euklidean'; .*did you mean euclidean",
        ),
        (6, (6, 2), {"reducer": "sum"}, "reducer: got 'sum'; it must be one of"),
    ],
)
def test_refuses_what_it_cannot_compute(labels, shape, options, message):
    with pytest.raises(ValueError, match=message):
        triplet_batch_hard(np.zeros(labels, int), np.ones(shape, "float32"), **options)
