"""Sub-pixel upsampling."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("sslzoo")
class PixelShuffle(keras.layers.Layer):
    """Channels -> pixels: (N, H, W, factor^2 C) -> (N, factor H, factor W, C), of any H and W.

    Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network", arXiv:1609.05158, in TensorFlow's order of channels:
        out[n, factor h + i, factor w + j, c] = in[n, h, w, (factor i + j) C + c];
    torch's `PixelShuffle` has c outermost.
    """

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        n, height, width, channels = ops.shape(x)
        r = self.factor
        x = ops.reshape(x, (n, height, width, r, r, channels // r**2))
        return ops.reshape(
            ops.transpose(x, (0, 1, 3, 2, 4, 5)), (n, height * r, width * r, channels // r**2)
        )

    def compute_output_shape(self, input_shape):
        n, height, width, channels = input_shape
        return (
            n,
            *(side and self.factor * side for side in (height, width)),
            channels // self.factor**2,
        )

    def get_config(self):
        return super().get_config() | {"factor": self.factor}
