import keras
import numpy as np
from keras import ops

from sslzoo.augment import Symmetry

IMAGE = np.arange(27, dtype="uint8").reshape(3, 3, 3)
EIGHT = {
    np.rot90(flipped, turns).tobytes() for flipped in (IMAGE, IMAGE[::-1]) for turns in range(4)
}


def test_each_image_becomes_one_of_its_eight_symmetries():
    found = ops.convert_to_numpy(Symmetry(seed=1)(np.repeat(IMAGE[None], 400, axis=0)))
    names, counts = np.unique([image.tobytes() for image in found], return_counts=True)
    assert found.dtype == "uint8" and set(map(bytes, names)) <= EIGHT
    assert len(names) == 8 and counts.min() > 25 and counts.max() < 80


def test_draws_follow_from_the_seed_and_differ_between_calls():
    images = np.repeat(IMAGE[None], 16, axis=0)
    first, second = Symmetry(seed=1), Symmetry(seed=1)
    calls = [ops.convert_to_numpy(layer(images)).tobytes() for layer in (first, second, first)]
    assert calls[0] == calls[1] != calls[2]


def test_half_precision_leaves_the_pixels_alone():
    layer = Symmetry(dtype="mixed_float16")
    assert (
        keras.backend.standardize_dtype(layer(np.full((2, 4, 4, 3), 0.1, "float32")).dtype)
        == "float32"
    )
    assert Symmetry.from_config(layer.get_config()).seed == 0
