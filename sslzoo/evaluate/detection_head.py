"""A small one-stage head for detection on a map, without anchors."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray
from scipy.special import expit

from sslzoo import backends
from sslzoo.evaluate.bootstrap import known_mean
from sslzoo.evaluate.box_quality import Matches, class_precisions, image_matches
from sslzoo.evaluate.box_targets import box_targets, boxes_of
from sslzoo.evaluate.dense_heads import learn, standardized
from sslzoo.evaluate.feature_maps import resized

WIDTH = 64  # channels; FCOS has 256, for 80 classes
RARE = 0.01  # share of places that show a class, at the start (Lin et al. 2017, arXiv:1708.02002)
GAMMA, ALPHA = 2.0, 0.25  # of the focal loss, as there
FARTHEST = 8.0  # of the logarithm of a distance in cells, so that it stays finite


class DetectionHead:
    """Scores of classes, a centerness and four distances at each place of a grid of 8 px cells.

    Standardized channels, a 1x1 convolution to 64, resizing to the grid, ReLU, a 1x1 convolution
    to 64, ReLU, and one to the results. The head sees each place alone: what lies around it has to
    be in the features. With 3x3 convolutions, heads found more in raw pixels than in features.
    Losses, centerness and decoding are those of FCOS (Tian et al. 2019, arXiv:1904.01355) on a
    single level, with GIoU (Rezatofighi et al. 2019, arXiv:1902.09630).

    Args:
        maps: (N, h, w, D) of the training images, which give the statistics.
        size: [height, width] of the images in the encoder.
        image_size: [H, W] of the images themselves, in whose pixels boxes are.
        classes: K.
        seed: Random seed of the initial weights.

    >>> maps = np.zeros((2, 4, 6, 3), "float16")
    >>> DetectionHead(maps, (32, 48), (64, 96), 2).grid
    [4, 6]
    """

    FIELD = "boxes"
    FIGURE = "map_50"
    CELL = 8  # pixels in the encoder, that of the finest map of FCOS
    BATCH = 4  # images of a step: few images make few steps

    def __init__(
        self,
        maps: NDArray,
        size: Sequence[int],
        image_size: Sequence[int],
        classes: int,
        seed: int = 0,
    ) -> None:
        self.grid = [math.ceil(side / self.CELL) for side in size]
        self.image_size, self.classes = image_size, classes
        inputs, x = standardized(maps)
        x = _convolution(WIDTH, seed)(x)
        if list(x.shape[1:3]) != self.grid:
            x = resized(x, self.grid)
        x = ops.relu(x)
        x = ops.relu(_convolution(WIDTH, seed + 1)(x))
        start = [math.log(RARE / (1 - RARE))] * classes + [0.0] * 5
        bias = keras.initializers.Constant(np.array(start))
        x = _convolution(classes + 5, seed + 2, bias_initializer=bias)(x)
        self.network = keras.Model(inputs, x)
        self._compute = backends.compiled(self.network, self.network)

    def fit(self, maps: NDArray, boxes: NDArray, **options: Any) -> float:
        """Train on boxes (N, M, 5), see `sslzoo.checks.check_boxes`; options as for `learn`."""
        targets = box_targets(boxes, self.image_size, self.grid)
        options |= {"batch_size": self.BATCH}
        return learn(self.network, detection_loss, maps, targets, **options)

    def predict(self, maps: NDArray) -> list[NDArray]:
        """The boxes (n, 6) found in each image, as `boxes_of` gives them."""
        outputs = self._compute(maps.astype("float32")).astype("float64")
        chances = expit(outputs[..., : self.classes + 1])
        scores = np.sqrt(chances[..., :-1] * chances[..., -1:])
        distances = np.exp(np.minimum(outputs[..., -4:], FARTHEST))
        return [boxes_of(*each, self.image_size) for each in zip(scores, distances, strict=True)]

    def compared(self, maps: NDArray, boxes: NDArray) -> list[list[Matches]]:
        """The matches of each image, one of each class."""
        pairs = zip(boxes, self.predict(maps), strict=True)
        return [image_matches(*pair, self.classes) for pair in pairs]

    @staticmethod
    def figure(compared: Sequence[list[Matches]]) -> float:
        """The mAP at IoU 0.5 of images, of what `compared` said of each."""
        return known_mean(class_precisions(compared)[:, 0])


def _convolution(channels, seed, **options):
    start = keras.initializers.HeNormal(seed=seed)
    return layers.Conv2D(channels, 1, kernel_initializer=start, dtype="float32", **options)


def detection_loss(targets: Any, outputs: Any) -> Any:
    """The sum of three losses of a batch, a scalar.

    The focal loss of the classes over all places, divided by the number of places that learn a box.
    1 - GIoU of these places, weighted by their centerness. The cross-entropy of the centerness.

    Args:
        targets: (N, h, w, 6), see `box_targets`.
        outputs: (N, h, w, K + 5): logits of classes and of the centerness, logarithms of distances.

    >>> targets = np.zeros((1, 1, 1, 6), "float32")
    >>> targets[..., 1:] = 1  # class 0, a place in the middle of a box of 2 cells
    >>> outputs = np.array([[[[20, -20, 20, 0, 0, 0, 0]]]], "float32")
    >>> round(float(detection_loss(targets, outputs)), 4)
    0.0
    """
    classes = outputs.shape[-1] - 5
    number, centerness = ops.cast(targets[..., 0], "int32"), targets[..., 1]
    here = ops.cast(number >= 0, "float32")  # (N, h, w)
    count = ops.maximum(ops.sum(here), 1.0)
    truth = ops.one_hot(ops.where(number >= 0, number, classes), classes + 1)[..., :classes]
    focal = ops.sum(focal_loss(truth, outputs[..., :classes])) / count
    logits = outputs[..., classes]
    middle = ops.relu(logits) - logits * centerness + ops.softplus(-ops.abs(logits))
    distances = ops.exp(ops.minimum(outputs[..., -4:], FARTHEST))
    weights = here * centerness
    overlap = ops.sum(weights * (1.0 - giou(targets[..., 2:], distances)))
    return focal + overlap / ops.maximum(ops.sum(weights), 1e-6) + ops.sum(here * middle) / count


def focal_loss(truth: Any, logits: Any) -> Any:
    """-alpha_t (1 - p_t)^gamma log p_t of each logit (Lin et al. 2017, arXiv:1708.02002).

    Args:
        truth: 0 or 1, of the shape of the logits.

    >>> round(float(focal_loss(1.0, 0.0)), 4)  # 0.25 * 0.25 * ln 2
    0.0433
    """
    signed = logits * (2.0 * truth - 1.0)  # p_t = sigmoid(signed)
    weight = ALPHA * truth + (1.0 - ALPHA) * (1.0 - truth)
    return weight * ops.sigmoid(-signed) ** GAMMA * ops.softplus(-signed)


def giou(distances: Any, others: Any) -> Any:
    """Generalized IoU of two boxes around one place, (...).

    IoU less the share of the smallest box around both that neither covers.

    Args:
        distances, others: (..., 4), from the place to the left, top, right and bottom.

    >>> float(giou(np.ones(4, "float32"), np.ones(4, "float32")))
    1.0
    """
    shared = _area(ops.minimum(distances, others))
    union = _area(distances) + _area(others) - shared
    around = _area(ops.maximum(distances, others))
    return shared / ops.maximum(union, 1e-9) - (around - union) / ops.maximum(around, 1e-9)


def _area(distances):
    return (distances[..., 0] + distances[..., 2]) * (distances[..., 1] + distances[..., 3])
