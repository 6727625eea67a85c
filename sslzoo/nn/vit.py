"""Vision transformers (Dosovitskiy et al. 2021, arXiv:2010.11929) as DINO, iBOT, DINOv2, MAE and
MoCo v3 publish them: images (N, H, W, C) -> features (N, D).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from sslzoo.checks import one_of, refused
from sslzoo.nn.layers import Seeds, image_input
from sslzoo.nn.positions import RESIZING
from sslzoo.nn.transformer_layers import Attention, ClassToken, LayerScale, PatchMean, Tokens

SIZES = {  # name: (width D, blocks, heads)
    "vit_micro": (16, 2, 2),  # for tests
    "vit_mini": (96, 4, 3),  # no published one: small images on a CPU
    "vit_tiny": (192, 12, 3),
    "vit_small": (384, 12, 6),
    "vit_base": (768, 12, 12),
}
POSITIONS = ("learned", "sincos", "sincos_rows")
POOLING = ("class", "mean", "mean_norm")


def vit(
    name: str,
    image_size: int | Sequence[int],
    channels: int = 3,
    patch: int | None = None,
    heads: int | None = None,
    pool: str = "class",
    positions: str = "learned",
    positions_size: int | Sequence[int] | None = None,
    resizing: str = "bicubic",
    registers: int = 0,
    layer_scale: float | None = None,
    train_patches: bool = True,
    seed: int = 0,
) -> keras.Model:
    """A vision transformer: pre-norm blocks, biases everywhere, exact GELU, LayerNorm with epsilon
    1e-6, and a last LayerNorm.

    Tokens behind block k are the output of the layer "block<k>". `keras.Model(vit.input,
    vit.get_layer("block9").output)` gives them.

    Args:
        name: "vit_tiny", "vit_small", "vit_base", "vit_mini" for small images on a CPU, or
            "vit_micro" for tests.
        image_size: pixels of a side, or [height, width]; multiples of `patch`.
        patch: pixels of a patch's side. Default: 4 up to 64 px, else 16.
        heads: attention heads of a block. Default: 64 channels each, as DINO. MoCo v3 has 12 in
            "vit_small".
        pool: "class", the normalized class token. "mean", the mean of the normalized patches.
            "mean_norm", the normalized mean of the patches (MAE fine-tuned).
        positions: "learned", or fixed: "sincos" of MAE, "sincos_rows" of MoCo v3.
        positions_size: image size of the stored positions. Default: `image_size`. With another
            size they are interpolated.
        resizing: "bicubic" (MAE), "dino" (DINO, iBOT, DINOv2 without registers), "antialias"
            (DINOv2 with registers). See `positions.resize_matrix`.
        registers: number of register tokens (DINOv2 has 4 or none).
        layer_scale: what LayerScale starts at (DINOv2: 1e-5). By default there is none.
        train_patches: whether the projection of the patches trains. MoCo v3 keeps it random.

    Raises:
        ValueError: a size that patches do not fill; unknown positions, pool or resizing; heads that
            do not divide the width.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("vit_tiny", 32).output_shape
        (None, 192)
    """
    width, depth = SIZES[name][:2]
    heads = heads or SIZES[name][2]
    if width % heads:
        raise refused("heads", heads, f"divide {width}, the width of {name}")
    one_of("positions", positions, POSITIONS)
    one_of("pool", pool, POOLING)
    one_of("resizing", resizing, RESIZING)
    seeds = Seeds(seed)
    inputs = image_input(image_size, channels)
    sides = inputs.shape[1:3]
    patch = patch or (4 if max(sides) <= 64 else 16)
    stored = image_input(positions_size or sides, channels).shape[1:3]
    grid = _grid("image_size", sides, patch)
    stored_grid = _grid("positions_size", stored, patch)

    x = _patches(inputs, width, patch, train_patches, seeds)  # (N, h, w, D)
    x = layers.Reshape((-1, width), name="patches")(x)  # (N, h w, D)
    tokens = Tokens(
        grid, stored_grid, positions, resizing, registers, 1_000_003 * seed, name="tokens"
    )
    x = tokens(x)  # (N, 1 + registers + h w, D)
    for index in range(1, depth + 1):
        x = block(x, heads, f"block{index}", seeds, layer_scale)
    return keras.Model(inputs, _pooled(x, pool, 1 + registers), name=name)


def block(
    x: Any,
    heads: int,
    name: str,
    seeds: Seeds,
    layer_scale: float | None = None,
    start: Callable | None = None,
) -> Any:
    """Tokens (N, T, D) -> tokens (N, T, D): x + attention(norm(x)), then x + MLP(norm(x)).

    Args:
        start: makes an initializer of dense layers. Default: `seeds.normal`.

    Example:
        >>> import keras
        >>> from sslzoo.nn.layers import Seeds
        >>> from sslzoo.nn.vit import block
        >>> block(keras.Input((5, 8)), 2, "block1", Seeds(0)).shape
        (None, 5, 8)
    """
    width = x.shape[-1]

    def dense(y, units, label):
        kernel = seeds.normal() if start is None else start()
        return layers.Dense(units, kernel_initializer=kernel, name=f"{name}_{label}")(y)

    def scaled(y, number):
        if layer_scale is None:
            return y
        return LayerScale(layer_scale, name=f"{name}_scale{number}")(y)

    y = layer_norm(f"{name}_norm1")(x)
    y = dense(y, 3 * width, "qkv")  # (N, T, 3 D)
    y = Attention(heads, name=f"{name}_attention")(y)  # (N, T, D)
    y = dense(y, width, "projection")
    x = layers.Add(name=f"{name}_attention_add")([x, scaled(y, 1)])
    y = layer_norm(f"{name}_norm2")(x)
    y = dense(y, 4 * width, "mlp1")  # (N, T, 4 D)
    y = layers.Activation("gelu", name=f"{name}_gelu")(y)  # exact
    y = dense(y, width, "mlp2")
    return layers.Add(name=name)([x, scaled(y, 2)])


def transformer(backbone: keras.Model) -> keras.Model:
    """The vision transformer that a backbone is, or has behind a `Normalize`.

    Raises:
        ValueError: another network.

    Example:
        >>> from sslzoo import nn
        >>> from sslzoo.nn.vit import transformer
        >>> transformer(nn.backbone("vit_micro", 16)).name
        'vit_micro'
    """
    inner = [layer for layer in backbone.layers if isinstance(layer, keras.Model)]
    network = inner[0] if inner else backbone
    if not any(isinstance(layer, Tokens) for layer in network.layers):
        raise refused("backbone", backbone.name, "be a vision transformer of sslzoo.nn")
    return network


def layer_norm(name: str) -> layers.LayerNormalization:
    """Layer normalization with the epsilon of vision transformers.

    Example:
        >>> from sslzoo.nn.vit import layer_norm
        >>> layer_norm("norm").epsilon
        1e-06
    """
    return layers.LayerNormalization(epsilon=1e-6, name=name)


def _grid(what: str, sides: Sequence[int], patch: int) -> tuple[int, int]:
    """Patches of each side."""
    if any(side % patch for side in sides):
        raise refused(what, f"{sides[0]}x{sides[1]}", f"be multiples of {patch}, the patch")
    return sides[0] // patch, sides[1] // patch


def _patches(inputs: Any, width: int, patch: int, train: bool, seeds: Seeds) -> Any:
    """Xavier's limit for the projection as a matrix of all values of a patch (MAE, MoCo v3)."""
    limit = math.sqrt(6 / (inputs.shape[-1] * patch**2 + width))
    start = seeds.uniform(limit)
    projection = layers.Conv2D(width, patch, patch, kernel_initializer=start, name="patch_embed")
    projection.trainable = train
    return projection(inputs)


def _pooled(x: Any, pool: str, skip: int) -> Any:
    """Tokens (N, T, D) -> features (N, D)."""
    if pool == "mean_norm":
        return layer_norm("features")(PatchMean(skip, name="patch_mean")(x))
    x = layer_norm("norm")(x)
    if pool == "mean":
        return PatchMean(skip, name="features")(x)
    return ClassToken(name="features")(x)
