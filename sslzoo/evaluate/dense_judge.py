"""One encoder under a head: its maps, the choice of the learning rate, and what the head finds."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from sslzoo.data import Dataset
from sslzoo.evaluate.feature_maps import FeatureMaps


class Sets(NamedTuple):
    """The data of a judge: training images, of which the first `fitted` are not held out; test
    images; and the number of classes.

    >>> data = Dataset(vectors=np.eye(4))
    >>> Sets(data, 3, data, 2).fitted
    3
    """

    train: Dataset
    fitted: int
    test: Dataset
    classes: int


class Recipe(NamedTuple):
    """How a head is trained: learning rates to choose from and epochs, as `segmentation` takes
    them. `longest` and `batch_size` are of the maps.

    >>> Recipe([0.1], 10, 320, 8, 0).epochs
    10
    """

    rates: Sequence[float]
    epochs: int
    longest: int
    batch_size: int
    seed: int


def judged(encoder: Any, head: type, sets: Sets, recipe: Recipe) -> tuple[list, dict]:
    """Train a head on the maps of an encoder, and compare what it finds with the truth.

    Args:
        encoder: As for `FeatureMaps`.
        head: `SegmentationHead` or `DetectionHead`.

    Returns:
        (what `head.compare` says of each test image, details for the record).

    >>> import sslzoo
    >>> from sslzoo.evaluate.segmentation_head import SegmentationHead
    >>> images = np.zeros((3, 16, 16, 3), "uint8")
    >>> images[:, :, 8:] = 255
    >>> data = Dataset(images, masks=images[..., 0] // 255)
    >>> recipe = Recipe([0.3], 20, 16, 2, 0)
    >>> model = sslzoo.build("simclr", "micro", 16)
    >>> counts, details = judged(model, SegmentationHead, Sets(data, 2, data, 2), recipe)
    >>> len(counts), counts[0].shape, details["map_shape"]
    (3, (2, 2), [8, 8, 16])
    """
    train, size = sets.train, sets.train.images.shape[1:3]
    maps = FeatureMaps(encoder, train.images, recipe.longest, head.CELL)
    known, truth = maps.kept(train, recipe.batch_size), train.fields[head.FIELD]

    def trained(count, rate, epochs):
        made = head(known[:count], maps.size, size, sets.classes, recipe.seed)
        settings = {"learning_rate": rate, "epochs": epochs, "seed": recipe.seed}
        made.fit(known[:count], truth[:count], **settings)
        return made

    def score(rate):
        made = trained(sets.fitted, rate, max(1, recipe.epochs // 2))
        compared = []
        for start in range(sets.fitted, len(known), recipe.batch_size):
            rows = slice(start, start + recipe.batch_size)
            compared += made.compared(known[rows], truth[rows])
        return head.figure(compared)

    rate, path = chosen_rate(recipe.rates, score, head.FIGURE)
    made = trained(len(known), rate, recipe.epochs)
    compared = []
    for found, batch in maps.of(sets.test, recipe.batch_size, "test images"):
        compared += made.compared(found, batch[head.FIELD])
    details = {"image_size": maps.size, "map_shape": list(maps.shape)}
    return compared, details | {"learning_rate": rate, "validation": path}


def chosen_rate(
    rates: Sequence[float], score: Callable[[float], float], figure: str
) -> tuple[float, list[dict]]:
    """(the rate of the highest score, [{"learning_rate", figure}]). Of equal ones the first. A rate
    that is alone is not tried. A score of NaN loses.

    >>> chosen_rate([0.1, 0.2], lambda rate: rate, "miou")
    (0.2, [{'learning_rate': 0.1, 'miou': 0.1}, {'learning_rate': 0.2, 'miou': 0.2}])
    >>> chosen_rate([0.1], None, "miou")
    (0.1, [])
    """
    if len(rates) == 1:
        return rates[0], []
    path = [{"learning_rate": rate, figure: float(score(rate))} for rate in rates]
    best = max(path, key=lambda step: np.nan_to_num(step[figure], nan=-1.0))
    return best["learning_rate"], path
