"""Detection: a small one-stage head on the map of a frozen encoder."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from sslzoo.checks import check_boxes
from sslzoo.checks.dense import NO_BOX
from sslzoo.data import Dataset
from sslzoo.evaluate.bootstrap import bootstrap_interval, known_mean
from sslzoo.evaluate.box_quality import class_precisions
from sslzoo.evaluate.dense import (
    check_settings,
    class_count,
    dense_splits,
    head_settings,
    named_classes,
    shuffled,
)
from sslzoo.evaluate.record import measured

HEADLINES = [
    ("map_50", "%", "mAP at IoU 0.5, {test_name}"),
    ("map_coco", "%", "mAP of COCO, {test_name}"),
]
DATA = "maps"

# Of Adam. On held-out images of BCCD 1e-2 to 3e-2 were the best for ResNet-20.
RATES = (0.03, 0.01, 0.003)


def detection(
    model: Any,
    train: Dataset | tuple,
    test: Dataset | tuple,
    longest: PositiveInt = 320,
    epochs: PositiveInt = 40,
    learning_rates: Sequence[PositiveFloat] = RATES,
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2,
    seed: NonNegativeInt = 0,
    batch_size: PositiveInt = 8,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Mean average precision of a small detector on the last map of a frozen encoder.

    The head is that of FCOS (Tian et al. 2019, arXiv:1904.01355) on one level of 8 px cells, with
    two hidden layers of 1x1 convolutions: it sees each place alone. Maps are computed once. Each
    learning rate is tried for half of the epochs, and judged by the mAP at IoU 0.5 on images that
    are held out of `train`. The best one trains on all of `train`. At most 100 boxes of an image
    count.

    Average precision is COCO's, over 101 recalls. "map_50" is the mean over the classes that occur
    in `test`, at IoU 0.5. "map_coco" is the mean over IoU 0.5 to 0.95, too. The interval of
    "map_50" is the bootstrap's, over images.

    Args:
        model: Has `backbone` or `encoder`, a network that pools a map or is a vision transformer,
            and `reads` images.
        train, test: A `sslzoo.data.Dataset` with images and `boxes` (N, M, 5), or (images, boxes).
            A box is class, left, top, right, bottom, in pixels. Rows of -1 are none. All images
            have one size.
        longest: Pixels of the longer side of images in the encoder. Larger ones are shrunk. Objects
            need about 8 px there.
        epochs: Of the head.
        learning_rates: To choose from. A single one is not tried.
        validation_fraction: Fraction of the images of `train` for the choice.
        seed: Random seed of the held-out images, the head, the order of images, and the bootstrap.
        batch_size: Images in the encoder at once.
        baselines: Whether to also measure the untrained encoder, and raw pixels: the values of
            patches of 4x4 pixels.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        The record of `sslzoo.evaluate.record`, with "map_50", "confidence_95", "map_coco" and
        "per_class", the average precision at IoU 0.5 of each class.

    Raises:
        ValueError: A model without a map of images, no boxes, a box without an area or outside of
            its image, a number that is no class, images of several sizes, maps of more than 2 GiB.

    >>> import numpy as np, sslzoo
    >>> images = np.zeros((4, 32, 32, 3), "uint8")
    >>> images[:2, 8:24, 8:24], images[2:, 8:24, 8:24] = 255, 250
    >>> boxes = np.tile([0, 8, 8, 24, 24], (4, 1, 1))
    >>> data = Dataset(images, boxes=boxes, classes=["square"])
    >>> train, test = data.take([0, 1]), data.take([2, 3])
    >>> model = sslzoo.build("simclr", "micro", 16)
    >>> record = detection(model, train, test, epochs=2, learning_rates=[0.01], baselines=False)
    >>> 0 <= record["map_coco"] <= record["map_50"] <= 1, list(record["per_class"])
    (True, ['square'])
    """
    numbers = {"longest": longest, "epochs": epochs, "seed": seed, "batch_size": batch_size}
    rates = check_settings(numbers, learning_rates, validation_fraction)
    train, test = dense_splits(model, train, test, "boxes", check_boxes, "detection")
    classes = max(_classes(data, role) for data, role in ((train, "train"), (test, "test")))
    # keras is imported only where there is a model
    from sslzoo.evaluate.dense_judge import Recipe, Sets, judged
    from sslzoo.evaluate.detection_head import DetectionHead
    from sslzoo.evaluate.feature_maps import FeatureMaps

    FeatureMaps(model, train.images, longest)  # refuses a model without a map before the work
    if dry_run:
        return {}
    ordered, fitted = shuffled(train, validation_fraction, seed)
    sets = Sets(ordered, fitted, test, classes)
    recipe = Recipe(rates, epochs, longest, batch_size, seed)

    def measure(encoder):
        matches, details = judged(encoder, DetectionHead, sets, recipe)
        return _figures(matches, test, seed), details

    settings = head_settings(DetectionHead, recipe, len(train) - fitted)
    splits = {"train": train, "test": test}
    return measured("detection", measure, model, splits, settings, baselines)


def _classes(data, role):
    labels = data.boxes[..., 0]
    return class_count(data, labels[labels != NO_BOX], f"{role} boxes")


def _figures(matches, test, seed):
    """Of the matches of all test images, one of each class."""
    precisions = class_precisions(matches)  # (K, thresholds)

    first = [[match.at_first() for match in image] for image in matches]

    def resampled(rows):
        return known_mean(class_precisions([first[row] for row in rows]))

    return {
        "map_50": known_mean(precisions[:, 0]),
        "confidence_95": bootstrap_interval(resampled, len(matches), seed),
        "map_coco": known_mean(precisions),
        "per_class": named_classes(test, precisions[:, 0]),
    }
