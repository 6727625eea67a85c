"""A vision transformer that sees a part of the patches, and a decoder that makes the others."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from sslzoo.checks import refused, whole
from sslzoo.nn.layers import Seeds
from sslzoo.nn.normalize import Normalize
from sslzoo.nn.positions import sincos_positions
from sslzoo.nn.transformer_layers import Tokens
from sslzoo.nn.vit import block, layer_norm, transformer


class VitParts(NamedTuple):
    """The parts of a vision transformer, which share its weights.

    normalize: the layer that subtracts the mean of a checkpoint's images, or None.
    tokens: network from what `normalize` gives to tokens (N, leading + patches, D) with positions.
    blocks: network from tokens (N, leading + kept, D) to normalized tokens of the same shape.
    pool: the layer from them to features.
    leading: class token and registers.
    grid: [rows, columns] of patches.
    patch: pixels of a patch's side.

    Example:
        >>> from sslzoo import nn
        >>> parts = nn.vit_parts(nn.backbone("vit_micro", 16), kept=4)
        >>> parts.tokens.output_shape, parts.blocks.output_shape
        ((None, 17, 16), (None, 5, 16))
    """

    normalize: layers.Layer | None
    tokens: keras.Model
    blocks: keras.Model
    pool: layers.Layer
    leading: int
    grid: tuple[int, int]
    patch: int


def vit_parts(backbone: keras.Model, kept: int) -> VitParts:
    """`VitParts` of a backbone of `sslzoo.nn.vit`, for `kept` patches.

    Raises:
        ValueError: another network, or one whose tokens are not normalized before they are pooled.

    Example:
        >>> from sslzoo import nn
        >>> nn.vit_parts(nn.backbone("vit_micro", 16), kept=4).grid
        (4, 4)
    """
    network, tokens = _tokens(backbone)
    before = [layer for layer in backbone.layers if isinstance(layer, Normalize)]
    tail = keras.Model(tokens.output, network.get_layer("norm").output)
    leading = 1 + tokens.registers_count
    shorter = keras.Input((leading + kept, tokens.output.shape[-1]), name="visible")
    blocks = keras.models.clone_model(tail, shorter, clone_function=lambda layer: layer)
    return VitParts(
        before[0] if before else None,
        keras.Model(network.input, tokens.output),
        blocks,
        network.layers[-1],
        leading,
        tokens.grid,
        network.get_layer("patch_embed").strides[0],
    )


def vit_patches(backbone: keras.Model) -> int:
    """The patches of an image. Raises ValueError as `vit_parts` does.

    Example:
        >>> from sslzoo import nn
        >>> nn.vit_patches(nn.backbone("vit_micro", 16))
        16
    """
    rows, columns = _tokens(backbone)[1].grid
    return rows * columns


def _tokens(backbone: keras.Model) -> tuple[keras.Model, Tokens]:
    """The transformer, which may be behind a `Normalize`, and its layer of tokens."""
    network = transformer(backbone)
    if all(layer.name != "norm" for layer in network.layers):
        needed = "be a vision transformer with pool 'class' or 'mean'"
        raise refused("backbone", backbone.name, needed)
    return network, network.get_layer("tokens")


@keras.saving.register_keras_serializable("sslzoo")
class MaskTokens(layers.Layer):
    """Tokens of visible patches (N, 1 + kept, D) and the order (N, L) -> tokens of all (N, 1 + L,
    D), each in its place, with fixed positions. The hidden ones are one vector that is learned.

    The first token is the class token, and stays first. The positions are those of MAE.

    Args:
        grid: [rows, columns] of patches; L is their product.
        seed: Random seed of the vector, normal of deviation 0.02.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.masked_vit import MaskTokens
        >>> tokens, order = np.zeros((1, 3, 8), "float32"), np.array([[3, 0, 1, 2]])
        >>> tuple(MaskTokens((2, 2))([tokens, order]).shape)
        (1, 5, 8)
    """

    def __init__(self, grid: Sequence[int], seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.grid, self.seed = tuple(grid), seed

    def build(self, input_shape: list) -> None:
        dim = input_shape[0][-1]
        start = keras.initializers.RandomNormal(stddev=0.02, seed=self.seed)
        self.mask_token = self.add_weight((1, 1, dim), start, name="mask_token")
        fixed = np.pad(sincos_positions(*self.grid, dim), ((1, 0), (0, 0)))  # class: 0
        self.positions = fixed[None]

    def call(self, inputs: list) -> Any:
        tokens, order = inputs
        n, visible, dim = ops.shape(tokens)
        hidden = ops.broadcast_to(self.mask_token, (n, order.shape[1] - visible + 1, dim))
        shuffled = ops.concatenate([tokens[:, 1:], hidden], axis=1)  # (N, L, D)
        places = ops.argsort(order, axis=1)[:, :, None]  # (N, L, 1)
        patches = ops.take_along_axis(shuffled, places, axis=1)
        tokens = ops.concatenate([tokens[:, :1], patches], axis=1)
        return tokens + ops.convert_to_tensor(self.positions, tokens.dtype)

    def compute_output_shape(self, input_shape: list) -> tuple:
        tokens, order = input_shape
        return (tokens[0], 1 + order[1], tokens[2])

    def get_config(self) -> dict:
        return super().get_config() | {"grid": self.grid, "seed": self.seed}


def masked_decoder(
    dim: int,
    grid: Sequence[int],
    kept: int,
    values: int,
    width: int = 512,
    blocks: int = 8,
    heads: int = 16,
    seed: int = 0,
) -> keras.Model:
    """The decoder of MAE: [tokens (N, 1 + kept, dim), order (N, L)] -> float32 (N, L, values).

    A dense layer to `width`, `MaskTokens`, transformer blocks, a layer normalization, and a dense
    layer. The class token goes through the blocks, and is dropped. Dense layers start
    uniform by Glorot's rule (facebookresearch/mae, models_mae.py).

    Args:
        dim: D of the encoder's tokens.
        grid: [rows, columns] of patches.
        kept: patches that the encoder saw.
        values: of a patch.
        width, blocks, heads: The paper has 512, 8 and 16.
        seed: Random seed of the initializers.

    Raises:
        ValueError: sizes below 1, heads that do not divide the width, or a width that is no
            multiple of 4.

    Example:
        >>> from sslzoo import nn
        >>> nn.masked_decoder(16, (4, 4), 4, 48, width=8, blocks=1, heads=2).output_shape
        (None, 16, 48)
    """
    whole("decoder_width", width, 1)
    if width % whole("decoder_heads", heads, 1) or width % 4:
        raise refused("decoder_width", width, f"be a multiple of 4 and of {heads}, its heads")
    seeds = Seeds(seed)
    tokens = keras.Input((1 + kept, dim), name="visible")
    order = keras.Input((grid[0] * grid[1],), dtype="int32", name="order")

    def dense(x, units, name, **options):
        return layers.Dense(units, kernel_initializer=seeds.glorot(), name=name, **options)(x)

    x = dense(tokens, width, "decoder_embed")
    x = MaskTokens(grid, 1_000_003 * seed + 1, name="decoder_tokens")([x, order])
    for index in range(1, whole("decoder_blocks", blocks, 1) + 1):
        x = block(x, heads, f"decoder_block{index}", seeds, start=seeds.glorot)
    x = layer_norm("decoder_norm")(x)[:, 1:]
    x = dense(x, values, "decoder_values", dtype="float32")
    return keras.Model([tokens, order], x, name="decoder")
