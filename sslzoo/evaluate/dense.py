"""What the protocols on maps share: their data, the choice of the learning rate, the details of a
record.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import above, in_range, refused, whole
from sslzoo.data import Dataset
from sslzoo.evaluate.encoders import RawPixels, network_of
from sslzoo.evaluate.overlap import warn_of_overlap
from sslzoo.evaluate.splits import items_of, reads_of

# (values, n, size, classes, name) -> the values, checked
Check = Callable[[Any, int, Sequence[int], Sequence[str] | None, str], Any]


def dense_splits(
    model: Any,
    train: Dataset | tuple,
    test: Dataset | tuple,
    field: str,
    check: Check,
    protocol: str,
) -> tuple[Dataset, Dataset]:
    """`train` and `test` as checked data sets of images and `field`. Images of test that are in
    train too are warned of.

    Args:
        model: What will read the images.
        train, test: A `Dataset` with images and the field, or (images, values of the field).
        field: "masks" or "boxes".
        check: `sslzoo.checks.check_masks` or `check_boxes`.
        protocol: Its name.

    Raises:
        ValueError: A model that does not read images or has no network, a missing field, values
            that the check refuses, other classes or images of another shape in test.

    >>> from sslzoo.checks import check_masks
    >>> data = Dataset(vectors=np.eye(2))
    >>> dense_splits(None, data, data, "masks", check_masks, "segmentation")
    Traceback (most recent call last):
    ValueError: model: got a NoneType without a network; it must have a backbone for segmentation.
    """
    _check_model(model, protocol)
    train, test = (
        _checked(model, data, role, field, check, protocol)
        for data, role in ((train, "train"), (test, "test"))
    )
    if train.classes != test.classes:
        needed = f"be those of train, {train.classes}"
        raise refused("test classes", test.classes, needed)
    shapes = [(data.images.shape[1:], data.images.dtype) for data in (train, test)]
    if shapes[0] != shapes[1]:
        got, needed = (f"{dtype} {shape}" for shape, dtype in reversed(shapes))
        raise refused("test images", got, f"be like those of train, {needed}")
    if len(train) < 2:
        raise refused("train", "one image", "hold 2 or more: one is held out")
    warn_of_overlap(train.images, test.images, "images")
    return train, test


def check_settings(
    whole_numbers: dict[str, int], learning_rates: Sequence[float], validation_fraction: float
) -> list[float]:
    """The learning rates as a list. Raises ValueError for a setting that is out of range.

    >>> check_settings({"epochs": 3}, [0.1], 0.2)
    [0.1]
    >>> check_settings({"epochs": 0}, [0.1], 0.2)
    Traceback (most recent call last):
    ValueError: epochs: got 0; it must be an integer of at least 1.
    """
    for name, value in whole_numbers.items():
        whole(name, value, 0 if name == "seed" else 1)
    rates = [float(above("learning_rates", rate, 0)) for rate in learning_rates]
    if not rates:
        raise refused("learning_rates", rates, "be one or more numbers above 0")
    in_range("validation_fraction", validation_fraction, 0, 1, low_open=True, high_open=True)
    return rates


def shuffled(train: Dataset, fraction: float, seed: int) -> tuple[Dataset, int]:
    """(the images in another order, how many of them are fitted): the others, the last ones, are
    held out to choose the learning rate.

    >>> data, fitted = shuffled(Dataset(vectors=np.eye(10)), 0.2, seed=0)
    >>> len(data), fitted
    (10, 8)
    """
    count = len(train)
    held_out = int(np.clip(np.rint(fraction * count), 1, count - 1))
    return train.take(np.random.default_rng(seed).permutation(count)), count - held_out


def head_settings(head: Any, recipe: Any, held_out: int) -> dict:
    """What the record says of the training of a head.

    Args:
        head: `SegmentationHead` or `DetectionHead`. recipe: `Recipe`. held_out: Images.

    >>> from types import SimpleNamespace
    >>> recipe = SimpleNamespace(longest=320, epochs=10, seed=0)
    >>> head_settings(SimpleNamespace(BATCH=16), recipe, 9)["n_validation"]
    9
    """
    return {
        "layer": "last map",
        "preprocessing": {"resizing": "bilinear, antialiased", "range": [0, 1]},
        "longest": int(recipe.longest),
        "epochs": int(recipe.epochs),
        "n_validation": held_out,
        "optimizer": f"Adam, cosine schedule, batches of {head.BATCH}",
        "seed": int(recipe.seed),
    }


def class_count(data: Dataset, numbers: NDArray, role: str) -> int:
    """How many classes there are: the names, or by the largest number that occurs.

    Args:
        numbers: Those that occur in `data`, which `role` names.

    Raises:
        ValueError: None occurs.

    >>> class_count(Dataset(vectors=np.eye(2)), np.array([0, 2]), "train")
    3
    """
    if not numbers.size:
        raise refused(role, "nothing of any class", "hold something of a class")
    return len(data.classes) if data.classes else int(numbers.max()) + 1


def named_classes(data: Dataset, values: Sequence[float]) -> dict[str, float]:
    """{name or number of a class: its figure}, without those that are NaN.

    >>> named_classes(Dataset(vectors=np.eye(2), classes=["cat", "dog"]), [0.5, np.nan])
    {'cat': 0.5}
    """
    names = data.classes or range(len(values))
    pairs = zip(names, values, strict=True)
    return {str(name): float(value) for name, value in pairs if not np.isnan(value)}


def _check_model(model, protocol):
    if isinstance(model, RawPixels):
        return
    kind = type(model).__name__
    network, reads = network_of(model), reads_of(model)
    if network is None or reads is None:
        raise refused("model", f"a {kind} without a network", f"have a backbone for {protocol}")
    if reads.field != "images":
        raise refused("model", f"one that reads {reads.field}", f"read images for {protocol}")


def _checked(model, data, role, field, check, protocol):
    """A data set with images and the field, both checked."""
    if not isinstance(data, Dataset):
        images, values = data
        data = Dataset(images, **{field: values})
    _, images = items_of(model, data, role)
    if field not in data.fields:
        raise refused(role, f"no {field}", f"have {field}, which {protocol} needs")
    size = images.shape[1:3]
    values = check(data.fields[field], len(images), size, data.classes, f"{role} {field}")
    return data.replace(images=images, **{field: values})
