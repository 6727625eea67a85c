from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import nn
from sslzoo.nn import ema


def test_target_is_a_frozen_copy_that_still_normalizes_by_its_batch():
    source = nn.backbone("micro", 8)
    target = ema.target(source)
    assert target.trainable_variables == []
    for mine, theirs in zip(target.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    x = np.random.default_rng(0).uniform(size=(4, 8, 8, 3)).astype("float32")
    outputs = [ops.convert_to_numpy(network(x, training=True)) for network in (target, source)]
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-6)
    means = [
        ops.convert_to_numpy(network.get_layer("block1_bn").moving_mean)
        for network in (target, source)
    ]
    assert means[0].any()
    np.testing.assert_allclose(*means, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("momentum", [0.0, 0.9, 1.0])
def test_update_moves_parameters_and_leaves_statistics(momentum):
    source, rng = nn.backbone("micro", 8), np.random.default_rng(0)
    target = ema.target(source)
    for variable in source.weights:
        variable.assign(rng.uniform(1, 2, variable.shape))
    before = [ops.convert_to_numpy(v) for v in target.weights]
    ema.update(source, target, momentum)
    for old, mine, theirs in zip(before, target.weights, source.weights, strict=True):
        statistic = mine.name in ("moving_mean", "moving_variance")
        expected = (
            old if statistic else momentum * old + (1 - momentum) * ops.convert_to_numpy(theirs)
        )
        np.testing.assert_allclose(ops.convert_to_numpy(mine), expected, rtol=1e-6)


def test_integers_are_no_parameters():
    kernel, memory = (
        keras.Variable(np.zeros(2), name="kernel"),
        keras.Variable(np.zeros(4), dtype="int32", name="memory"),
    )
    assert ema.parameters(SimpleNamespace(weights=[kernel, memory])) == [kernel]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_update_for_evaluation_moves_statistics_too(momentum):
    source, rng = nn.backbone("micro", 8), np.random.default_rng(0)
    average = ema.target(source)
    for variable in source.weights:
        variable.assign(rng.uniform(1, 2, variable.shape))
    before = [ops.convert_to_numpy(v) for v in average.weights]
    ema.update_for_evaluation(source, average, momentum)
    assert sum(v.name in ema.STATISTICS for v in average.weights) == 4
    for old, mine, theirs in zip(before, average.weights, source.weights, strict=True):
        expected = momentum * old + (1 - momentum) * ops.convert_to_numpy(theirs)
        np.testing.assert_allclose(
            ops.convert_to_numpy(mine), expected, rtol=1e-6, err_msg=mine.path
        )


def test_the_momentum_warms_up():
    found = [float(ema.warmed_up(0.999, step)) for step in (0, 1, 8, 90, 8_989, 20_000)]
    np.testing.assert_allclose(
        found, [1 / 10, 2 / 11, 9 / 18, 91 / 100, 8990 / 8999, 0.999], rtol=1e-6
    )
    left = np.prod([float(ema.warmed_up(0.999, step)) for step in range(200)])
    assert left < 1e-6 < 0.999**200  # of the initial weights
