import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image
from sklearn.datasets import load_sample_images

from sslzoo.nn.bicubic import BicubicUpsampling, bicubic, bicubic_matrix

FLOWER = load_sample_images().images[1][100:188, 200:296]  # 88 x 96, uint8
NOISE = np.random.default_rng(0).integers(0, 256, (40, 36, 3), dtype="uint8")


def pillow(image, height, width):
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("image", [FLOWER, NOISE], ids=["photo", "noise"])
@pytest.mark.parametrize("sides", [(1 / 4, 1 / 4), (0.71, 0.3), (4, 4), (1.7, 2.9)], ids=str)
def test_bytes_are_pillows(image, sides):
    height, width = (int(scale * side) for scale, side in zip(sides, image.shape, strict=False))
    found = ops.convert_to_numpy(bicubic(image[None], height, width))[0]
    expected = pillow(image, height, width)
    assert found.dtype == "uint8" and found.shape == expected.shape
    different = found != expected
    # ties of the rounding
    assert np.abs(found.astype(int) - expected).max() <= 1 and different.mean() < 2e-3


@pytest.mark.parametrize("size", [(10, 9), (160, 144)])
def test_floats_are_pillows_and_overshoot(size):
    gray = NOISE[..., 0].astype("float32") / 255
    found = ops.convert_to_numpy(bicubic(gray[None, ..., None], *size))[0, ..., 0]
    expected = np.asarray(Image.fromarray(gray).resize(size[::-1], Image.Resampling.BICUBIC))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert size[0] < 40 or (found.min() < 0 and found.max() > 1)


def test_the_matrix_is_keys_formula():
    """Naive: the kernel at every distance, stretched on shrinking, what leaves the image cut off
    and the rest scaled to 1.
    """

    def kernel(d, a=-0.5):
        d = abs(d)
        if d < 1:
            return (a + 2) * d**3 - (a + 3) * d**2 + 1
        return a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0

    for size_in, size_out in ((12, 3), (5, 20), (7, 4)):
        scale = size_in / size_out
        rows = []
        for i in range(size_out):
            row = [kernel((j + 0.5 - (i + 0.5) * scale) / max(scale, 1)) for j in range(size_in)]
            rows.append(np.array(row) / sum(row))
        np.testing.assert_allclose(
            ops.convert_to_numpy(bicubic_matrix(size_in, size_out)), rows, atol=1e-6
        )


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_layer_enlarges_any_size(policy):
    inputs = keras.Input((None, None, 3))
    layer = BicubicUpsampling(4, dtype=policy)
    network = keras.Model(inputs, layer(inputs))
    assert network.output_shape == (None, None, None, 3) and layer.compute_output_shape(
        (2, 5, 6, 3)
    ) == (2, 20, 24, 3)
    for size in ((5, 9), (8, 8)):
        images = NOISE[None, : size[0], : size[1]].astype("float32") / 255
        found = network(images)
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
        np.testing.assert_allclose(found, bicubic(images, 4 * size[0], 4 * size[1]), atol=1e-6)
    assert BicubicUpsampling.from_config(layer.get_config()).scale == 4
