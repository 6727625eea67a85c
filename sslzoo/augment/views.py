"""Random views of a batch, of any kind of data."""

import inspect
from typing import Any

import keras

from sslzoo.augment.layers import Augment, Views
from sslzoo.checks import refused
from sslzoo.inputs import Input


def changed(layer: keras.layers.Layer, x: Any) -> Any:
    """What a random layer makes of items, in training mode where it has one.

    Example:
        >>> import keras, numpy as np
        >>> from sslzoo.augment.views import changed
        >>> noisy = changed(keras.layers.GaussianNoise(0.1), np.zeros((2, 3), "float32"))
        >>> bool(np.any(np.asarray(noisy)))
        True
    """
    if "training" in inspect.signature(layer.call).parameters:
        return layer(x, training=True)
    return layer(x)


class _RandomViews(keras.layers.Layer):
    """Views of items: by a preset of images, by any layer that changes items at random, or by
    "none", as `encode` reads them.
    """

    images = None  # the layer for a preset of images

    def __init__(self, reads: Input, augment: Any, seed: int = 0) -> None:
        super().__init__(dtype="float32")
        self.reads = reads
        augment = None if isinstance(augment, str) and augment == "none" else augment
        self.preset = isinstance(augment, (str, dict))
        if self.preset and reads.field != "images":
            needed = f"be a Keras layer that changes {reads.field}, or 'none'"
            raise refused("augment", repr(augment), f"{needed}; presets are for images")
        if self.preset:
            augment = self.images(augment, reads.layer.image_size, seed=seed)
        self.augment = augment
        self.built = True

    def _view(self, x: Any) -> Any:
        """What the layer makes of items, in training mode where it has one."""
        return x if self.augment is None else changed(self.augment, x)


class OneView(_RandomViews):
    """One random view of each item, as `batch["view"]`.

    Args:
        reads: The `Input` of the network.
        augment: For images, a preset or fields of `sslzoo.augment`. For any kind of data, "none" or
            a Keras layer that changes items at random, such as `keras.layers.GaussianNoise(0.1)`.
        seed: Random seed of a preset.

    Example:
        >>> import numpy as np
        >>> from sslzoo import augment, inputs
        >>> one_view = augment.OneView(inputs.Images(8, 8), "digits")
        >>> batch = one_view({"images": np.zeros((4, 8, 8, 1), "uint8")})
        >>> tuple(batch["view"].shape)
        (4, 8, 8, 3)
    """

    images = Augment

    def call(self, batch: dict) -> dict:
        x = self.reads.of(batch)
        if self.preset:
            return {**batch, "view": self._view(self.reads.layer.unit(x))}
        return {**batch, "view": self._view(self.reads.layer(x))}


class TwoViews(_RandomViews):
    """Two random views of each item, as `batch["view1"]` and `batch["view2"]`. The arguments are
    those of `OneView`.

    Example:
        >>> import keras, numpy as np
        >>> from sslzoo import augment, inputs
        >>> two_views = augment.TwoViews(inputs.Vectors(3), keras.layers.GaussianNoise(0.1))
        >>> sorted(two_views({"vectors": np.zeros((4, 3), "float32")}))
        ['vectors', 'view1', 'view2']
    """

    images = Views

    def call(self, batch: dict) -> dict:
        x = self.reads.of(batch)
        if self.preset:
            view1, view2 = self._view(self.reads.layer.unit(x))
        else:
            x = self.reads.layer(x)
            view1, view2 = self._view(x), self._view(x)
        return {**batch, "view1": view1, "view2": view2}
