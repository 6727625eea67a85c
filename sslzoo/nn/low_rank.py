"""Low-rank changes of the kernels of a trained network, which learn in their place."""

import math
from typing import Any

import keras
from keras import layers, ops

from sslzoo.checks import above, refused, whole
from sslzoo.nn.blocks import has_blocks
from sslzoo.nn.layers import Seeds

CHANGED = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D)


@keras.saving.register_keras_serializable("sslzoo")
class LowRank(layers.Layer):
    """A dense layer or a convolution whose kernel W is W + scale * A B.

    A is (inputs, rank), B is (rank, outputs) and starts at zero. The inputs of a convolution are
    the places of its window times its channels. W itself stays a variable of the layer inside.

    Keras' own `enable_lora` adds such matrices too. But Keras stores W + A B in place of W, and
    reads A and B back as zeros, which no gradient moves any more.

    Args:
        layer: A `Dense`, `Conv1D`, `Conv2D` or `Conv3D`.
        rank: Columns of A.
        scale: Of the change.
        initializer: Of A.

    Example:
        >>> import keras, numpy as np
        >>> from sslzoo.nn.low_rank import LowRank
        >>> layer = LowRank(keras.layers.Dense(4), rank=2)
        >>> tuple(layer(np.ones((1, 3), "float32")).shape), len(layer.weights)
        ((1, 4), 4)
    """

    def __init__(
        self,
        layer: layers.Layer,
        rank: int,
        scale: float = 1.0,
        initializer: Any = "he_uniform",
        **kwargs: Any,
    ) -> None:
        own = {"name": f"{layer.name}_lora", "dtype": layer.dtype_policy}
        super().__init__(**own | kwargs)
        self.layer, self.rank = layer, rank
        self.scale = scale
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape: tuple) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
        *window, outputs = self.layer.kernel.shape
        self.a = self.add_weight((math.prod(window), self.rank), self.initializer, name="a")
        self.b = self.add_weight((self.rank, outputs), "zeros", name="b")

    @property
    def kernel(self) -> Any:
        """W + scale * A B."""
        change = self.scale * ops.matmul(self.a, self.b)
        return self.layer.kernel + ops.reshape(change, self.layer.kernel.shape)

    def call(self, x: Any) -> Any:
        layer = self.layer
        if isinstance(layer, layers.Dense):
            x = ops.matmul(x, self.kernel)
        else:
            x = layer.convolution_op(x, self.kernel)
        if layer.use_bias:
            first = getattr(layer, "data_format", None) == "channels_first"
            x = x + ops.reshape(layer.bias, (-1, *[1] * (len(x.shape) - 2)) if first else (-1,))
        return layer.activation(x)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict:
        save = keras.saving.serialize_keras_object
        own = {"layer": save(self.layer), "initializer": save(self.initializer)}
        return super().get_config() | own | {"rank": self.rank, "scale": self.scale}

    @classmethod
    def from_config(cls, config: dict) -> "LowRank":
        return cls(**config | {"layer": keras.saving.deserialize_keras_object(config["layer"])})


def with_low_rank(
    network: keras.Model, rank: int, alpha: float | None = None, seed: int = 0
) -> keras.Model:
    """A network whose dense layers and convolutions have a `LowRank` change, alpha / rank * A B. It
    starts as it was.

    Args:
        network: A Functional model. The result shares its weights. Functional models inside it are
            changed too. Depthwise and transposed convolutions stay as they are.
        rank: Columns of each A.
        alpha: None: the rank, so that the scale is 1.
        seed: Random seed of A, uniform in -1 / sqrt(inputs)..1 / sqrt(inputs) as in the official
            code (microsoft/LoRA).

    Raises:
        ValueError: The network has no such layer, or rank or alpha is not positive.

    Example:
        >>> from sslzoo import nn
        >>> network = nn.with_low_rank(nn.backbone("micro", 8), rank=2)
        >>> [layer.name for layer in network.layers if layer.name.endswith("lora")]
        ['block1_conv_lora', 'block2_conv_lora']
    """
    rank = whole("rank", rank, 1)
    scale = 1.0 if alpha is None else above("alpha", alpha, 0) / rank
    seeds = Seeds(seed)
    clones = {}  # by id: a layer that is called twice stays one layer

    def clone(layer):
        if id(layer) not in clones:
            clones[id(layer)] = changed(layer)
        return clones[id(layer)]

    def changed(layer):
        if has_blocks(layer):  # a Functional model
            return keras.models.clone_model(layer, clone_function=clone)
        if type(layer) in CHANGED:
            return LowRank(layer, rank, scale, seeds.fan_in())
        return layer

    found = keras.models.clone_model(network, clone_function=clone)
    if not _changes(found):
        raise refused("backbone", network.name, "have dense layers or convolutions, for LoRA")
    return found


def merged(network: keras.Model, changed: keras.Model) -> keras.Model:
    """A copy of `network` with the kernels of `with_low_rank(network, ...)`, and no other layers.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> network = nn.backbone("micro", 8)
        >>> plain = nn.merged(network, nn.with_low_rank(network, rank=2))
        >>> images = np.ones((2, 8, 8, 3), "float32")
        >>> bool(np.allclose(plain(images), network(images)))
        True
    """
    kernels = {id(layer.layer.weights[0]): layer.kernel for layer in _changes(changed)}
    plain = keras.models.clone_model(network)
    plain.set_weights([ops.convert_to_numpy(kernels.get(id(v), v)) for v in network.weights])
    return plain


def _changes(network: keras.Model) -> list[LowRank]:
    """The layers of a network that have a change, those of models inside it too."""
    found = []
    for layer in network.layers:
        if has_blocks(layer):
            found += _changes(layer)
        elif isinstance(layer, LowRank):
            found.append(layer)
    return found
