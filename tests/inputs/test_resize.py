"""The resize that other runtimes have too, beside Keras' own."""

import numpy as np
import pytest
from keras import ops

from sslzoo import nn
from sslzoo.inputs.resize import resize

SIZES = [(32, 32), (24, 24), (50, 37), (9, 200), (1, 1)]
ROUNDED = 2e-5  # Keras' places of pixels are float32 numbers


def images_of(size):
    return np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)


def portable(layer, images):
    return ops.convert_to_numpy(layer(ops.convert_to_tensor(images), portable=True))


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", SIZES)
def test_two_matrix_products_give_what_keras_resize_gives(size, kernel):
    images = images_of(size)
    for layer in (nn.Preprocess(24, 3, kernel), nn.Preprocess((24, 16), 3, kernel, share=0.8)):
        np.testing.assert_allclose(portable(layer, images), layer(images), atol=ROUNDED)


@pytest.mark.parametrize("size", SIZES)
def test_bilinear_weights_are_those_of_float64(size):
    images = images_of(size)
    exact = resize(images, (24, 24)) / 255
    np.testing.assert_allclose(portable(nn.Preprocess(24), images), exact, atol=1e-6)


def test_images_of_the_networks_size_pass_untouched():
    images = images_of((24, 24))
    layer = nn.Preprocess(24, share=0.5)
    np.testing.assert_array_equal(portable(layer, images), layer(images))


@pytest.mark.tensorflow
@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_one_graph_resizes_images_of_every_size(kernel):
    import tensorflow as tf

    layer = nn.Preprocess((24, 16), 3, kernel, share=0.8)
    spec = tf.TensorSpec((None, None, None, 3), tf.uint8)
    graph = tf.function(lambda x: layer(x, portable=True), [spec], autograph=False)
    for size in (*SIZES, (24, 16)):
        images = images_of(size)
        np.testing.assert_allclose(graph(images), layer(images), atol=ROUNDED)


def test_other_interpolations_are_refused():
    layer = nn.Preprocess(24, interpolation="lanczos3")
    with pytest.raises(ValueError, match="interpolation: got 'lanczos3'"):
        layer(np.zeros((1, 32, 32, 3), "uint8"), portable=True)
