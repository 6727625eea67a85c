"""SRGAN's content network from torchvision's file."""

import keras
import numpy as np
import pytest

from sslzoo.zoo.importers import layouts
from sslzoo.zoo.vgg19 import vgg19

foreign = pytest.importorskip("benchmarks.fuzz._foreign", reason="the wheel has no benchmarks")
RNG = np.random.default_rng(0)


def small(include_top, weights):
    """Of VGG-19, the first and the last convolution."""
    inputs = keras.Input((None, None, 3))
    options = {"padding": "same", "activation": "relu"}
    x = keras.layers.Conv2D(4, 3, name="block1_conv1", **options)(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(2, 3, name="block5_conv4", **options)(x))


def convolved(maps, kernel, bias):
    """torch's convolution: maps (H, W, in), kernel (out, in, 3, 3)."""
    padded = np.pad(maps, [(1, 1), (1, 1), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    return np.einsum("hwcij,ocij->hwo", windows, kernel) + bias


def test_every_convolution_has_its_published_number():
    names = [f"block{b}_conv{c}" for b, n in enumerate((2, 2, 4, 4, 4), 1) for c in range(1, n + 1)]
    found = layouts.find("torchvision_vgg19").names([f"{name}/bias" for name in names])
    numbers = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]
    assert found == [f"features.{number}.bias" for number in numbers]


def test_torchvisions_file_gives_the_features_of_its_network(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.applications, "VGG19", small)
    arrays = {
        "features.0.weight": RNG.normal(size=(4, 3, 3, 3)).astype("float32"),
        "features.0.bias": RNG.normal(size=4).astype("float32"),
        "features.34.weight": RNG.normal(size=(2, 4, 3, 3)).astype("float32"),
        "features.34.bias": RNG.normal(size=2).astype("float32"),
        "classifier.0.weight": np.zeros((2, 2), "float32"),
    }
    path = tmp_path / "vgg19-dcbb9e9d.pth"
    path.write_bytes(foreign.torch_zip(arrays))
    image = RNG.random((6, 7, 3)).astype("float32")
    maps = (image - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    first, second = (list(arrays.values())[i : i + 2] for i in (0, 2))
    expected = convolved(np.maximum(convolved(maps, *first), 0), *second) / 12.75
    found = np.asarray(vgg19("content", path)(image[None]))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    path.write_bytes(foreign.torch_zip(arrays | {"features.2.bias": np.zeros(4, "float32")}))
    with pytest.raises(ValueError, match="1 left over .features.2.bias"):
        vgg19("content", path)


@pytest.mark.parametrize("source", ["no.pth", "no.weights.h5"])
def test_a_missing_file_is_named(source):
    with pytest.raises(FileNotFoundError, match=f"content: got '{source}'"):
        vgg19("content", source)
