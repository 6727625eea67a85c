"""Neuron coverage and the orders of weights, against plain loops."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from sslzoo import nn
from sslzoo.nn.coverage import Coverage, edge_coverage


def naive_covered(x, threshold):
    """One item, one channel at a time."""
    found = np.zeros((len(x), x.shape[-1]), bool)
    for n, c in itertools.product(*map(range, found.shape)):
        low, high = x[n].min(), x[n].max()
        scaled = (x[n, ..., c] - low) / (high - low)
        found[n, c] = scaled.mean() > threshold
    return found


@pytest.mark.parametrize("shape", [(7, 5, 5, 4), (7, 6, 4), (7, 9)])
def test_a_neuron_is_covered_where_the_mean_of_its_scaled_channel_is_high(shape):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=shape) + 2 * rng.normal(size=shape[-1])).astype("float32")
    for threshold in (0.4, 0.5):
        expected = naive_covered(x, threshold)
        assert expected.any() and not expected.all()
        np.testing.assert_array_equal(nn.covered(x, threshold), expected)


def test_activations_are_scaled_over_the_layer_of_one_item():
    """Not over the batch, and not over a channel: there every channel would reach 1."""
    x = np.array([[[0.0, 9.0], [0.0, 8.0]], [[0.0, 0.3], [0.0, 0.2]]], "float32")  # (N, T, C)
    assert np.asarray(nn.covered(x)).tolist() == [[False, True], [False, True]]
    x = np.array([[[1.0, 0.0], [1.1, 100.0]]], "float32")
    assert np.asarray(nn.covered(x, 0.4)).tolist() == [[False, True]]


def tiny():
    """A convolution, a convolution in two groups, and a dense layer used twice, in a model inside a
    model.
    """
    maps = keras.Input((4, 4, 4))
    inner = keras.Model(maps, layers.Conv2D(6, 3, groups=2, use_bias=False, name="grouped")(maps))
    x = images = keras.Input((6, 6, 3))
    x = inner(layers.ReLU()(layers.Conv2D(4, 3, name="first")(x)))
    x = layers.GlobalAveragePooling2D()(x)
    twice = layers.Dense(6, name="twice")
    return keras.Model(images, twice(layers.ReLU()(twice(x))))


def test_the_coverage_of_a_network_counts_items_on_both_sides_of_each_kernel():
    network = tiny()
    x = np.random.default_rng(0).random((20, 6, 6, 3), "float32")
    kernels = nn.kernel_layers(network)
    assert [layer.name for layer in kernels] == ["first", "grouped", "twice"]
    counts = nn.coverage_graph(network)(x)

    first, grouped, twice = kernels
    a = first(x)
    b = ops.relu(a)
    c = grouped(b)
    d = ops.mean(c, axis=(1, 2))
    e = twice(d)
    f = ops.relu(e)
    sides = [[(x, a)], [(b, c)], [(d, e), (f, twice(f))]]
    for found, pairs in zip(counts, sides, strict=True):
        for side in (0, 1):
            values = [ops.convert_to_numpy(pair[side]) for pair in pairs]
            expected = sum(naive_covered(each, 0.5).sum(axis=0) for each in values)
            np.testing.assert_array_equal(found[side], expected)
    assert max(np.max(each.outputs) for each in counts) > 20  # the layer that is used twice


def naive_relevance(kernels, coverages):
    """The lists and loops of the authors' code."""
    edges, weights = [], []
    for layer, (kernel, (inputs, outputs)) in enumerate(zip(kernels, coverages, strict=True)):
        for i, o in itertools.product(range(kernel.shape[2]), range(kernel.shape[3])):
            edges.append((inputs[i] + outputs[o], (layer, i, o)))
        for place in np.ndindex(kernel.shape):
            weights.append((abs(kernel[place]), (layer, place)))
    scores = [np.zeros(kernel.shape, int) for kernel in kernels]
    rank = 0
    for _, (layer, i, o) in sorted(edges, key=lambda edge: edge[0]):
        height, width = kernels[layer].shape[:2]
        scores[layer][:, :, i, o] = rank
        rank += height * width
    for rank, (_, (layer, place)) in enumerate(sorted(weights, key=lambda weight: weight[0])):
        scores[layer][place] -= rank
    return scores


def case(seed=0):
    rng = np.random.default_rng(seed)
    shapes = [(3, 3, 3, 4), (1, 1, 4, 5), (3, 2, 5, 2)]
    kernels = [rng.normal(size=shape) * np.prod(shape) for shape in shapes]
    counts = [[rng.integers(0, 9, shape[side]) for side in (2, 3)] for shape in shapes]
    return kernels, [Coverage(*pair) for pair in counts]


def test_the_order_of_the_weights_is_that_of_the_loops():
    kernels, coverages = case()
    found = nn.relevance(kernels, coverages)
    for mine, expected in zip(found, naive_relevance(kernels, coverages), strict=True):
        np.testing.assert_array_equal(mine, expected)
    zeros, scores = (np.concatenate([x.ravel() for x in y]) for y in (nn.lowest(found, 0.3), found))
    assert zeros.sum() == int(0.3 * len(scores))
    assert scores[zeros].max() <= scores[~zeros].min()


def test_a_window_counts_as_many_weights_as_it_has():
    """The rank of the coverage goes on by the window: else it would hardly count beside that of the
    weights, and the largest weights would go first, whatever they are for.
    """
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 3, 8, 8))
    kernel[:, :, 4:] *= 2  # larger weights, which all items use
    coverage = Coverage(np.repeat([0, 100], 4), np.zeros(8, int))
    zero = nn.lowest(nn.relevance([kernel], [coverage]), 0.2)[0]
    assert zero[:, :, :4].sum() > 3 * zero[:, :, 4:].sum()


def test_an_edge_of_a_convolution_in_groups_has_the_input_of_its_group():
    counts = Coverage(np.array([1, 2, 10, 20]), np.arange(6) * 100)
    found = edge_coverage(np.zeros((3, 3, 2, 6)), counts)
    expected = [[counts.inputs[2 * (o // 3) + i] + 100 * o for o in range(6)] for i in range(2)]
    assert found.tolist() == expected


def test_large_weights_that_are_seldom_covered_go_first():
    kernel = np.array([[[[5.0, 5.0], [0.1, 0.1]]]])
    coverage = Coverage(np.array([0, 0]), np.array([9, 0]))
    zero = nn.lowest(nn.relevance([kernel], [coverage]), 0.25)[0]
    assert zero[0, 0].tolist() == [[False, True], [False, False]]


def test_ranks_are_over_all_kernels():
    kernels = [np.full((1, 1, 2, 2), 0.1), np.full((1, 1, 2, 2), 5.0)]
    zero = nn.lowest(nn.magnitude(kernels), 0.5)
    assert [each.mean() for each in zero] == [1, 0]


def test_a_network_without_kernels_is_refused():
    x = keras.Input((5, 2), name="series")
    network = keras.Model(x, layers.GRU(3)(x), name="recurrent")
    with pytest.raises(ValueError, match="backbone: got recurrent; it must have dense layers or"):
        nn.kernel_layers(network)
