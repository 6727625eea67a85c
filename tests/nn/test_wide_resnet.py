import keras
import numpy as np
import pytest
from keras import ops

from sslzoo import nn
from sslzoo.nn import ema


def multiplications(network):
    """Of one image, in convolutions and dense layers."""
    count = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            count += int(np.prod(layer.output.shape[1:3])) * int(np.prod(layer.kernel.shape))
        elif isinstance(layer, keras.layers.Dense):
            count += int(np.prod(layer.kernel.shape))
    return count


def test_wrn_28_2_has_the_parameters_of_the_literature():
    """1,467,610 with ten classes (kekmodel/FixMatch-pytorch prints "1.47M")."""
    network = nn.backbone("wrn28_2", 32)
    classifier = 128 * 10 + 10
    assert sum(int(np.prod(v.shape)) for v in ema.parameters(network)) + classifier == 1_467_610
    assert network.output_shape == (None, 128)
    convolutions = [
        x
        for x in network.layers
        if isinstance(x, keras.layers.Conv2D) and "downsample" not in x.name
    ]
    # the classifier and two of the three shortcuts are counted in the name
    assert len(convolutions) == 28 - 3


def test_its_constants_are_those_of_torchssl():
    network = nn.backbone("wrn28_2", 32)
    norms = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert {(x.momentum, x.epsilon) for x in norms} == {(0.999, 1e-3)}
    slopes = [x.negative_slope for x in network.layers if isinstance(x, keras.layers.LeakyReLU)]
    assert slopes == pytest.approx([0.1] * len(norms))


def test_it_halves_twice_and_activates_before_the_first_branch():
    """So it is 32, 16 and 8 px; TorchSSL's first block takes its shortcut behind the activation,
    too.
    """
    network = nn.backbone("wrn28_2", 32)
    sides = [network.get_layer(f"stage{stage}_block4_add").output.shape[1] for stage in (1, 2, 3)]
    assert sides == [32, 16, 8]
    halving = {
        x.name for x in network.layers if isinstance(x, keras.layers.Conv2D) and x.strides == (2, 2)
    }
    assert halving == {
        f"stage{stage}_block1_{name}conv" for stage in (2, 3) for name in ("1_", "downsample_")
    }
    shortcut = network.get_layer("stage1_block1_downsample_conv").input
    assert shortcut is network.get_layer("stage1_block1_1_relu").output


def test_folded_it_computes_the_same():
    network = nn.backbone("wrn28_2", 8)
    rng = np.random.default_rng(0)
    for variable in network.weights:
        if variable.name != "kernel":
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    images = rng.random((3, 8, 8, 3), dtype="float32")
    expected = ops.convert_to_numpy(network(images, training=False))
    found = ops.convert_to_numpy(nn.fold(network)(images, training=False))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("size", [16, 28])
def test_the_network_of_the_cpu_runs_multiplies_three_million_times_at_most(size):
    assert multiplications(nn.backbone("convnet", size, width=32, channels=1)) <= 3e6
