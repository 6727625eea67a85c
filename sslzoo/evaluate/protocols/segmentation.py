"""Segmentation: a linear head on the map of a frozen encoder."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from sslzoo.checks import check_masks
from sslzoo.checks.dense import UNLABELED_PIXEL
from sslzoo.data import Dataset
from sslzoo.evaluate.bootstrap import bootstrap_interval
from sslzoo.evaluate.dense import (
    check_settings,
    class_count,
    dense_splits,
    head_settings,
    named_classes,
    shuffled,
)
from sslzoo.evaluate.mask_quality import class_iou, mean_iou, pixel_accuracy
from sslzoo.evaluate.record import measured

HEADLINES = [
    ("miou", "%", "mIoU, {test_name}"),
    ("pixel_accuracy", "%", "pixel accuracy, {test_name}"),
]
DATA = "maps"

# Of Adam on standardized channels. On held-out images of CamVid the largest was best for encoders
# of 48 to 64 channels.
RATES = (0.3, 0.1, 0.03)


def segmentation(
    model: Any,
    train: Dataset | tuple,
    test: Dataset | tuple,
    longest: PositiveInt = 320,
    epochs: PositiveInt = 8,
    learning_rates: Sequence[PositiveFloat] = RATES,
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2,
    seed: NonNegativeInt = 0,
    batch_size: PositiveInt = 8,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Mean IoU of a linear classifier of pixels on the last map of a frozen encoder.

    The head standardizes the channels, has one 1x1 convolution, and enlarges its result to the
    images, bilinear (Oquab et al. 2023, DINOv2, arXiv:2304.07193, section 7.4, "linear"). Adam
    trains it by the cross-entropy of the pixels that have a class. Maps are computed once. Each
    learning rate is tried for half of the epochs, and judged by the mIoU on images that are held
    out of `train`. The best one trains on all of `train`.

    IoU is of the pixels of all test images together. The mean is over the classes that occur in
    them. Its interval is the bootstrap's, over images.

    Args:
        model: Has `backbone` or `encoder`, a network that pools a map or is a vision transformer,
            and `reads` images.
        train, test: A `sslzoo.data.Dataset` with images and `masks` (N, H, W), or (images, masks).
            255 marks pixels without a class. All images have one size.
        longest: Pixels of the longer side of images in the encoder. Larger ones are shrunk.
        epochs: Of the head.
        learning_rates: To choose from. A single one is not tried.
        validation_fraction: Fraction of the images of `train` for the choice.
        seed: Random seed of the held-out images, the order of images, and the bootstrap.
        batch_size: Images in the encoder at once.
        baselines: Whether to also measure the untrained encoder, and raw pixels: the values of
            patches of 4x4 pixels.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        The record of `sslzoo.evaluate.record`, with "miou", "confidence_95", "pixel_accuracy" and
        "per_class", the IoU of each class.

    Raises:
        ValueError: A model without a map of images, no masks, masks of another size, a number that
            is no class, images of several sizes, maps of more than 2 GiB.

    >>> import sslzoo
    >>> images = np.zeros((4, 16, 16, 3), "uint8")
    >>> images[:2, :, 8:], images[2:, :, 8:] = 255, 250
    >>> data = Dataset(images, masks=images[..., 0] // 250, classes=["dark", "light"])
    >>> model = sslzoo.build("simclr", "micro", 16)
    >>> train, test = data.take([0, 1]), data.take([2, 3])
    >>> record = segmentation(model, train, test, learning_rates=[0.3], epochs=20, baselines=False)
    >>> record["miou"] > 0.5, sorted(record["per_class"])
    (True, ['dark', 'light'])
    """
    numbers = {"longest": longest, "epochs": epochs, "seed": seed, "batch_size": batch_size}
    rates = check_settings(numbers, learning_rates, validation_fraction)
    train, test = dense_splits(model, train, test, "masks", check_masks, "segmentation")
    classes = max(_classes(data, role) for data, role in ((train, "train"), (test, "test")))
    # keras is imported only where there is a model
    from sslzoo.evaluate.dense_judge import Recipe, Sets, judged
    from sslzoo.evaluate.feature_maps import FeatureMaps
    from sslzoo.evaluate.segmentation_head import SegmentationHead

    FeatureMaps(model, train.images, longest)  # refuses a model without a map before the work
    if dry_run:
        return {}
    ordered, fitted = shuffled(train, validation_fraction, seed)
    sets = Sets(ordered, fitted, test, classes)
    recipe = Recipe(rates, epochs, longest, batch_size, seed)

    def measure(encoder):
        counts, details = judged(encoder, SegmentationHead, sets, recipe)
        return _figures(np.array(counts), test, seed), details

    settings = head_settings(SegmentationHead, recipe, len(train) - fitted)
    splits = {"train": train, "test": test}
    return measured("segmentation", measure, model, splits, settings, baselines)


def _classes(data, role):
    return class_count(data, data.masks[data.masks != UNLABELED_PIXEL], f"{role} masks")


def _figures(counts, test, seed):
    """Of the confusions (N, K, K) of all test images."""
    whole = counts.sum(axis=0)

    def resampled(rows):
        return mean_iou(counts[rows].sum(axis=0))

    return {
        "miou": mean_iou(whole),
        "confidence_95": bootstrap_interval(resampled, len(counts), seed),
        "pixel_accuracy": pixel_accuracy(whole),
        "per_class": named_classes(test, class_iou(whole)),
    }
