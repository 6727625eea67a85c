"""Inference with BatchNorm folded into the convolutions, on live variables: faster, exact, still
trainable.

conv(x, W) followed by BN(gamma, beta, mean, var) equals conv(x, W * s) + (beta - mean * s), s =
gamma / sqrt(var + eps).
"""

import keras
from keras import layers, ops

from sslzoo import backends
from sslzoo.nn.apart import adds, apart


@keras.saving.register_keras_serializable("sslzoo")
class FoldedConv(layers.Layer):
    """A bias-free convolution and the BatchNorm behind it as one convolution with a bias, sharing
    their variables.
    """

    def __init__(self, conv, norm):
        super().__init__(dtype=conv.dtype_policy)
        self.conv, self.norm = conv, norm
        self.built = True

    def call(self, x):
        conv, norm = self.conv, self.norm
        scale = ops.rsqrt(ops.cast(norm.moving_variance, "float32") + norm.epsilon)
        if norm.gamma is not None:
            scale = scale * ops.cast(norm.gamma, "float32")
        shift = -ops.cast(norm.moving_mean, "float32") * scale
        if norm.beta is not None:
            shift = shift + ops.cast(norm.beta, "float32")
        kernel = ops.cast(conv.kernel, "float32") * scale
        x = ops.conv(x, ops.cast(kernel, x.dtype), conv.strides, conv.padding)
        return backends.bias_add(x, ops.cast(shift, x.dtype))

    def compute_output_shape(self, input_shape):
        return self.conv.compute_output_shape(input_shape)


def foldable(conv):
    """Plain enough: nothing between the products and the BatchNorm, channels last."""
    plain = (
        not conv.use_bias
        and conv.activation is keras.activations.linear
        and conv.data_format == "channels_last"
    )
    return plain and conv.groups == 1 and conv.dilation_rate == (1, 1)


def fold(model):
    """A Functional model that computes `model` at inference, every convolution folded with the
    BatchNorm behind it.

    Nothing is copied: it reads the variables of `model` as they are when it is called. Functional
    models inside it are folded too; other models come back as they are. Several threads may call it
    at once: its additions are kept apart (`nn.apart`), but not those inside other models and layers
    of your own.
    """
    if not (isinstance(model, keras.Model) and hasattr(model, "operations")):
        return model
    producers = {}  # id of a convolution's output -> (the layer, its input)
    inner = {}  # id of a model inside -> the folded one

    def call(layer, *args, **kwargs):
        if (
            isinstance(layer, layers.BatchNormalization)
            and layer.axis in (-1, 3)
            and id(args[0]) in producers
        ):
            conv, x, _ = producers[id(args[0])]
            return FoldedConv(conv, layer)(x)
        if adds(layer):
            args, kwargs = apart((args, kwargs))
        if id(layer) not in inner:
            inner[id(layer)] = fold(layer)
        outputs = inner[id(layer)](*args, **kwargs)
        if type(layer) is layers.Conv2D and foldable(layer):
            # the output is kept alive: its id stays its own
            producers[id(outputs)] = (layer, args[0], outputs)
        return outputs

    return keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)
