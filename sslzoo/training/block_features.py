"""The features of intermediate blocks of a model."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import nn
from sslzoo.checks import one_of


class BlockFeatures:
    """The features of every block of a `Method`'s encoder, as `sslzoo.nn.blocks` finds them.

    Example:
        >>> import sslzoo
        >>> sslzoo.build("simclr", "micro", 8).block_names
        ['block1', 'features']
    """

    encoder: Any  # of `Verbs`
    apply_verb: Callable
    _cached: Callable

    @property
    def block_names(self) -> list[str]:
        """Names of the blocks, from the first to the last; none of a closed form."""
        return self._blocks().names if nn.has_blocks(self.encoder) else []

    def encode_blocks(
        self, x: Any, batch_size: int = 256, names: Sequence[str] | None = None
    ) -> dict[str, np.ndarray]:
        """Features of items by block, each the mean over its map, tokens or steps.

        Args:
            x, batch_size: As for `encode`.
            names: Blocks of `block_names`. Default: all of them.

        Returns:
            {block: float32 (N, D)}. D differs between blocks.

        Raises:
            ValueError: An unknown block, or items that the network does not read.

        Example:
            >>> import sslzoo
            >>> model = sslzoo.build("simclr", "micro", 8)
            >>> found = model.encode_blocks(sslzoo.data.load("digits").images[:5])
            >>> {name: features.shape for name, features in found.items()}
            {'block1': (5, 8), 'features': (5, 16)}
        """
        names = self.block_names if names is None else list(names)
        for name in names:
            one_of("block", name, self.block_names)

        def chosen(function, chunk):
            features = dict(zip(self.block_names, function(chunk), strict=True))
            return [features[name] for name in names]

        features = self.apply_verb("encode_blocks", x, batch_size, chosen)
        return dict(zip(names, features, strict=True))

    def encode_blocks_graph(self, x: Any) -> list:
        network = self._cached("folded_blocks", lambda: nn.fold(self._blocks().network))
        outputs = keras.tree.flatten(network(self.reads.layer(x)))
        return [ops.cast(features, "float32") for features in outputs]

    def _blocks(self) -> nn.Blocks:
        return self._cached("blocks", lambda: nn.blocks(self.encoder))
