"""Layers of vision transformers that Keras has no exact counterpart of."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from sslzoo.checks import refused
from sslzoo.nn.positions import resize_matrix, sincos_positions


@keras.saving.register_keras_serializable("sslzoo")
class Tokens(layers.Layer):
    """Patches (N, h w, D) -> tokens (N, 1 + registers + h w, D): the class token, registers, and
    patches. All but the registers have positions.

    The variables are `class_token` (1, 1, D), `positions` (1, 1 + H W, D) of the stored grid, and
    `registers` (1, registers, D).

    Args:
        grid: [h, w], patches of the images. Other numbers of patches are those of a square.
        stored_grid: [H, W], the grid of the variable `positions`.
        kind: "learned", or the fixed "sincos" of MAE or "sincos_rows" of MoCo v3. The fixed ones
            are a variable too, which does not train.
        resizing: how positions come from one grid to the other (`positions.resize_matrix`).
        registers: number of register tokens (Darcet et al. 2024, arXiv:2309.16588).

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.transformer_layers import Tokens
        >>> layer = Tokens((2, 3), (4, 4), registers=2)
        >>> tuple(layer(np.zeros((1, 6, 8), "float32")).shape)
        (1, 9, 8)
    """

    def __init__(
        self,
        grid: Sequence[int],
        stored_grid: Sequence[int],
        kind: str = "learned",
        resizing: str = "bicubic",
        registers: int = 0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.grid, self.stored_grid = tuple(grid), tuple(stored_grid)
        self.kind, self.resizing = kind, resizing
        self.registers_count, self.seed = registers, seed

    def build(self, input_shape: tuple) -> None:
        dim = input_shape[-1]
        height, width = self.stored_grid
        starts = [
            keras.initializers.TruncatedNormal(stddev=0.02, seed=self.seed + index)
            for index in range(3)
        ]
        if self.kind != "learned":
            fixed = sincos_positions(height, width, dim, self.kind == "sincos_rows")
            starts[1] = keras.initializers.Constant(np.pad(fixed, ((1, 0), (0, 0))))  # class: 0
        self.class_token = self.add_weight((1, 1, dim), starts[0], name="class_token")
        self.positions = self.add_weight(
            (1, 1 + height * width, dim),
            starts[1],
            trainable=self.kind == "learned",
            name="positions",
        )
        if self.registers_count:
            shape = (1, self.registers_count, dim)
            self.registers = self.add_weight(shape, starts[2], name="registers")

    def call(self, patches: Any) -> Any:
        return self.on_grid(patches, self._grid(patches.shape[1]))

    def on_grid(self, patches: Any, grid: tuple[int, int]) -> Any:
        """`call` for patches (N, h w, D) of any grid [h, w]."""
        first, places = self.positions[:, :1], self.positions[:, 1:]
        patches = patches + self._resized(places, grid)
        leading = self.class_token + first
        if self.registers_count:
            leading = ops.concatenate([leading, self.registers], axis=1)  # (1, 1 + registers, D)
        shape = (ops.shape(patches)[0], *leading.shape[1:])
        return ops.concatenate([ops.broadcast_to(leading, shape), patches], axis=1)

    def _grid(self, count: int) -> tuple[int, int]:
        """[h, w] of so many patches."""
        if count == math.prod(self.grid):
            return self.grid
        side = math.isqrt(count)
        if side * side != count:
            needed = f"be {math.prod(self.grid)}, or those of a square"
            raise refused("patches", count, needed)
        return side, side

    def _resized(self, positions: Any, grid: tuple[int, int]) -> Any:
        """(1, H W, D) -> (1, h w, D)."""
        if grid == self.stored_grid:
            return positions
        height, width = self.stored_grid
        dim = positions.shape[-1]
        sizes = zip(self.stored_grid, grid, strict=True)
        rows, columns = (resize_matrix(old, new, self.resizing) for old, new in sizes)
        dtype = positions.dtype
        x = ops.reshape(positions, (height, width * dim))
        x = ops.matmul(ops.cast(rows, dtype), x)  # (h, W D)
        x = ops.reshape(x, (grid[0], width, dim))
        x = ops.matmul(ops.cast(columns, dtype), x)  # (h, w, D)
        return ops.reshape(x, (1, grid[0] * grid[1], dim))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        patches = input_shape[1]
        return (input_shape[0], 1 + self.registers_count + patches, input_shape[2])

    def get_config(self) -> dict:
        own = {"grid": self.grid, "stored_grid": self.stored_grid, "kind": self.kind}
        own |= {"resizing": self.resizing, "registers": self.registers_count, "seed": self.seed}
        return super().get_config() | own


class OtherGrid(layers.Layer):
    """The layer `Tokens` of a network, with its weights, for patches of another grid.

    Args:
        tokens: A `Tokens`.
        grid: [h, w].

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.transformer_layers import OtherGrid, Tokens
        >>> layer = OtherGrid(Tokens((2, 2), (2, 2)), (2, 3))
        >>> tuple(layer(np.zeros((1, 6, 8), "float32")).shape)
        (1, 7, 8)
    """

    def __init__(self, tokens: Tokens, grid: Sequence[int]) -> None:
        super().__init__(dtype=tokens.dtype_policy)
        self.tokens, self.grid = tokens, tuple(grid)

    def build(self, input_shape: tuple) -> None:
        if not self.tokens.built:
            self.tokens.build(input_shape)

    def call(self, patches: Any) -> Any:
        return self.tokens.on_grid(patches, self.grid)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.tokens.compute_output_shape(input_shape)


@keras.saving.register_keras_serializable("sslzoo")
class Attention(layers.Layer):
    """Queries, keys and values (N, T, 3 D) of all heads -> attended values (N, T, D).

    Vaswani et al. 2017, arXiv:1706.03762: softmax(q k^T / sqrt(D / heads)) v for each head. The
    3 D channels are q, k, v; each holds one head after the other. It has no weights.

    Args:
        heads: a divisor of D.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.transformer_layers import Attention
        >>> tuple(Attention(2)(np.zeros((1, 5, 24), "float32")).shape)
        (1, 5, 8)
    """

    def __init__(self, heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads

    def call(self, qkv: Any) -> Any:
        count, length, channels = ops.shape(qkv)
        parts = self._parts(qkv)
        x = ops.matmul(_shares(parts), parts[2])  # (N, heads, T, D/heads)
        x = ops.transpose(x, (0, 2, 1, 3))
        return ops.reshape(x, (count, length, channels // 3))

    def shares(self, qkv: Any) -> Any:
        """The softmax: how much each token takes from each other, (N, T, 3 D) -> (N, heads, T, T).
        Those that a token takes sum to 1.
        """
        return _shares(self._parts(qkv))

    def _parts(self, qkv: Any) -> Any:
        """Queries, keys and values: (3, N, heads, T, D/heads)."""
        count, length, channels = ops.shape(qkv)
        size = channels // (3 * self.heads)
        qkv = ops.reshape(qkv, (count, length, 3, self.heads, size))
        return ops.transpose(qkv, (2, 0, 3, 1, 4))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], input_shape[-1] // 3)

    def get_config(self) -> dict:
        return super().get_config() | {"heads": self.heads}


def _shares(parts: Any) -> Any:
    scores = ops.matmul(parts[0] * parts.shape[-1] ** -0.5, ops.transpose(parts[1], (0, 1, 3, 2)))
    return ops.softmax(scores, axis=-1)  # (N, heads, T, T)


@keras.saving.register_keras_serializable("sslzoo")
class LayerScale(layers.Layer):
    """One factor for each channel of a residual branch: the variable `gamma` (D,).

    Touvron et al. 2021, "Going deeper with Image Transformers", arXiv:2103.17239.

    Args:
        start: what the factors start at.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.transformer_layers import LayerScale
        >>> float(LayerScale(0.5)(np.ones((1, 2, 3), "float32"))[0, 0, 0])
        0.5
    """

    def __init__(self, start: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape: tuple) -> None:
        start = keras.initializers.Constant(self.start)
        self.gamma = self.add_weight((input_shape[-1],), start, name="gamma")

    def call(self, x: Any) -> Any:
        return x * self.gamma

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"start": self.start}


@keras.saving.register_keras_serializable("sslzoo")
class ClassToken(layers.Layer):
    """Tokens (N, T, D) -> the first (N, D).

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.transformer_layers import ClassToken
        >>> tuple(ClassToken()(np.zeros((2, 5, 8), "float32")).shape)
        (2, 8)
    """

    def call(self, tokens: Any) -> Any:
        return tokens[:, 0]

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], input_shape[-1])


@keras.saving.register_keras_serializable("sslzoo")
class PatchMean(layers.Layer):
    """Tokens (N, T, D) -> the mean (N, D) of those behind the first `skip`.

    Args:
        skip: class token and registers.

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.transformer_layers import PatchMean
        >>> float(PatchMean(1)(np.array([[[9.0], [1.0], [2.0]]], "float32"))[0, 0])
        1.5
    """

    def __init__(self, skip: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.skip = skip

    def call(self, tokens: Any) -> Any:
        return ops.mean(tokens[:, self.skip :], axis=1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], input_shape[-1])

    def get_config(self) -> dict:
        return super().get_config() | {"skip": self.skip}
