"""A linear head for segmentation: a 1x1 convolution on a map, enlarged to the size of the mask."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from sslzoo import backends
from sslzoo.checks.dense import UNLABELED_PIXEL
from sslzoo.evaluate.dense_heads import learn, standardized
from sslzoo.evaluate.mask_quality import confusion, mean_iou


class SegmentationHead:
    """Standardized channels, a 1x1 convolution to the classes, and bilinear enlargement.

    So Oquab et al. 2023 judge features (DINOv2, arXiv:2304.07193, section 7.4, "linear"). The
    convolution starts at zero.

    Args:
        maps: (N, h, w, D) of the training images, which give the statistics.
        size: Not used, the size of the images in the encoder.
        image_size: [H, W] of the images and masks.
        classes: K.
        seed: Not used.

    >>> maps = np.random.default_rng(0).normal(size=(8, 2, 2, 3)).astype("float16")
    >>> masks = (maps[..., 0] > 0).astype("uint8").repeat(2, axis=1).repeat(2, axis=2)
    >>> head = SegmentationHead(maps, (4, 4), (4, 4), 2)
    >>> _ = head.fit(maps, masks, learning_rate=0.3, epochs=40, seed=0)
    >>> bool(head.figure(head.compared(maps, masks)) > 0.7)
    True
    """

    FIELD = "masks"
    FIGURE = "miou"
    CELL = 1  # pixels: maps stay as they are
    BATCH = 8  # images of a step

    def __init__(
        self,
        maps: NDArray,
        size: Sequence[int],
        image_size: Sequence[int],
        classes: int,
        seed: int = 0,
    ) -> None:
        inputs, x = standardized(maps)
        x = layers.Conv2D(classes, 1, kernel_initializer="zeros", dtype="float32", name="head")(x)
        x = ops.image.resize(x, tuple(image_size), "bilinear", data_format="channels_last")
        self.network, self.classes = keras.Model(inputs, x), classes
        self._compute = backends.compiled(self.network, self.network)

    def fit(self, maps: NDArray, masks: NDArray, **options: Any) -> float:
        """Minimize the cross-entropy of the pixels that have a class; options as for `learn`.

        Args:
            masks: uint8 (N, H, W), 0 to K - 1, or 255.
        """
        options |= {"batch_size": self.BATCH}
        return learn(self.network, pixel_cross_entropy, maps, masks, **options)

    def predict(self, maps: NDArray) -> NDArray[np.uint8]:
        """The class of each pixel, uint8 (N, H, W), of maps (N, h, w, D)."""
        logits = self._compute(maps.astype("float32"))
        return logits.argmax(axis=-1).astype("uint8")

    def compared(self, maps: NDArray, masks: NDArray) -> list[NDArray[np.int64]]:
        """The confusion (K, K) of each image."""
        pairs = zip(masks, self.predict(maps), strict=True)
        return [confusion(*pair, self.classes) for pair in pairs]

    @staticmethod
    def figure(compared: Sequence[NDArray]) -> float:
        """The mIoU of images, of what `compared` said of each."""
        return mean_iou(np.sum(compared, axis=0))


def pixel_cross_entropy(masks: Any, logits: Any) -> Any:
    """The mean cross-entropy over the pixels that have a class, a scalar.

    Args:
        masks: Integers (N, H, W), 255 for no class. logits: (N, H, W, K).

    >>> logits = np.zeros((1, 1, 2, 4), "float32")
    >>> round(float(pixel_cross_entropy(np.array([[[3, 255]]]), logits)), 4)  # ln 4
    1.3863
    """
    masks = ops.cast(masks, "int32")
    known = ops.cast(masks != UNLABELED_PIXEL, "float32")
    labels = ops.where(masks != UNLABELED_PIXEL, masks, 0)
    losses = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return ops.sum(known * losses) / ops.maximum(ops.sum(known), 1.0)
