"""Sub-pixel upsampling."""

from typing import Any

import keras
from keras import ops

from sslzoo.nn.bicubic import enlarged


@keras.saving.register_keras_serializable("sslzoo")
class PixelShuffle(keras.layers.Layer):
    """Channels -> pixels: (N, H, W, factor^2 C) -> (N, factor H, factor W, C), of any H and W.

    Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network", arXiv:1609.05158, in TensorFlow's order of channels:
        out[n, factor h + i, factor w + j, c] = in[n, h, w, (factor i + j) C + c];
    torch's `PixelShuffle` has c outermost.

    Args:
        factor: Factor for both sides.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> tuple(nn.PixelShuffle(2)(np.zeros((1, 4, 6, 12), "float32")).shape)
        (1, 8, 12, 3)
    """

    def __init__(self, factor: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x: Any) -> Any:
        n, height, width, channels = ops.shape(x)
        r = self.factor
        x = ops.reshape(x, (n, height, width, r, r, channels // r**2))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))  # (N, H, r, W, r, C)
        return ops.reshape(x, (n, height * r, width * r, channels // r**2))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        *sizes, channels = input_shape
        return enlarged((*sizes, channels // self.factor**2), self.factor)

    def get_config(self) -> dict:
        return super().get_config() | {"factor": self.factor}
