"""Inference with BatchNorm folded into the convolutions, on live variables: faster, exact, still
trainable.

conv(x, W) followed by BN(gamma, beta, mean, var) equals conv(x, W * s) + (beta - mean * s), s =
gamma / sqrt(var + eps).
"""

from typing import Any

import keras
from keras import layers, ops

from sslzoo import backends
from sslzoo.nn.apart import adds, apart


@keras.saving.register_keras_serializable("sslzoo")
class FoldedConv(layers.Layer):
    """A bias-free convolution and the BatchNorm behind it as one convolution with a bias, sharing
    their variables.

    Example:
        >>> from sslzoo import nn
        >>> from sslzoo.nn.fold import FoldedConv
        >>> network = nn.backbone("micro", 8)
        >>> conv, norm = network.get_layer("block1_conv"), network.get_layer("block1_bn")
        >>> FoldedConv(conv, norm).compute_output_shape((None, 8, 8, 3))
        (None, 8, 8, 8)
    """

    def __init__(self, conv: layers.Conv2D, norm: layers.BatchNormalization) -> None:
        super().__init__(dtype=conv.dtype_policy)
        self.conv, self.norm = conv, norm
        self.built = True

    def call(self, x: Any) -> Any:
        conv, norm = self.conv, self.norm
        scale = ops.rsqrt(ops.cast(norm.moving_variance, "float32") + norm.epsilon)
        if norm.gamma is not None:
            scale = scale * ops.cast(norm.gamma, "float32")
        shift = -ops.cast(norm.moving_mean, "float32") * scale
        if norm.beta is not None:
            shift = shift + ops.cast(norm.beta, "float32")
        kernel = ops.cast(conv.kernel, "float32") * scale
        x = ops.conv(x, ops.cast(kernel, x.dtype), conv.strides, conv.padding, "channels_last")
        return backends.bias_add(x, ops.cast(shift, x.dtype))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.conv.compute_output_shape(input_shape)


def foldable(conv: layers.Conv2D) -> bool:
    """Plain enough: nothing between the products and the BatchNorm, channels last.

    Example:
        >>> import keras
        >>> from sslzoo.nn.fold import foldable
        >>> foldable(keras.layers.Conv2D(4, 3)), foldable(keras.layers.Conv2D(4, 3, use_bias=False))
        (False, True)
    """
    plain = (
        not conv.use_bias
        and conv.activation is keras.activations.linear
        and conv.data_format == "channels_last"
    )
    return plain and conv.groups == 1 and conv.dilation_rate == (1, 1)


def fold(model: Any) -> Any:
    """A Functional model that computes `model` at inference, every convolution folded with the
    BatchNorm behind it.

    Nothing is copied: it reads the variables of `model` as they are when it is called. Functional
    models inside it are folded too; other models come back as they are. Several threads may call it
    at once: its additions are kept apart (`nn.apart`), but not those inside other models and layers
    of your own.

    Example:
        >>> from sslzoo import nn
        >>> folded = nn.fold(nn.backbone("micro", 8))
        >>> any("BatchNorm" in type(layer).__name__ for layer in folded.layers)
        False
    """
    if not (isinstance(model, keras.Model) and hasattr(model, "operations")):
        return model
    convolutions = {}  # id of a convolution's output -> (the layer, its input, its output)
    folded = {}  # id of a layer or model inside -> what stands for it

    def call(layer, *args, **kwargs):
        if _normalizes_channels(layer) and id(args[0]) in convolutions:
            conv, x, _ = convolutions[id(args[0])]
            return FoldedConv(conv, layer)(x)
        if adds(layer):
            args, kwargs = apart((args, kwargs))
        if id(layer) not in folded:
            folded[id(layer)] = fold(layer)
        outputs = folded[id(layer)](*args, **kwargs)
        if type(layer) is layers.Conv2D and foldable(layer):
            # the output is kept alive: its id stays its own
            convolutions[id(outputs)] = (layer, args[0], outputs)
        return outputs

    return keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)


def _normalizes_channels(layer: Any) -> bool:
    return isinstance(layer, layers.BatchNormalization) and layer.axis in (-1, 3)
