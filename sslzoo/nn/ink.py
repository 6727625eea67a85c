"""Drawings, whichever way round their ink is."""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("sslzoo")
class LightInk(layers.Layer):
    """Images in [0, 1], (N, H, W, C) -> the same with light ink on dark. An image whose mean is
    above 1/2 is dark ink on light, since ink covers less than half of a drawing: it becomes 1 - x.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.ink import LightInk
        >>> float(LightInk()(np.full((1, 2, 2, 1), 0.75, "float32"))[0, 0, 0, 0])
        0.25
    """

    def call(self, images: Any) -> Any:
        light = ops.mean(images, axis=(1, 2, 3), keepdims=True) > 0.5  # the paper
        return ops.where(light, 1.0 - images, images)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape
