"""What every protocol takes in: checked, labelled splits, and the features of their images."""

from typing import Any, NamedTuple

import numpy as np

from sslzoo.data import check_labels
from sslzoo.data.area import shrink


class Split(NamedTuple):
    """A labelled set: images (N, ...), labels (N,) integers, and where it came from."""

    images: Any
    labels: np.ndarray
    name: str | None
    split: str | None
    classes: list | None


class RawPixels:
    """The encoder that learns nothing: flattened pixels in [0, 1], of at most 32 on the longer
    side.

    Larger images are shrunk by area, `batch_size` at a time: whole, 50,000 photos of 224 px would
    be 30 GB. `size` is the [height, width] of the pixels that `encode` gave last, None before.
    """

    longest = 32  # pixels; CIFAR's images stay as they are
    size = None

    def encode(self, images, batch_size=256):
        sides = np.array(images.shape[1:3])
        self.size = (
            np.maximum(1, np.rint(sides * min(1.0, self.longest / sides.max())))
            .astype(int)
            .tolist()
        )
        scale = np.float32(255 if np.issubdtype(images.dtype, np.integer) else 1)
        pixels = np.empty((len(images), *self.size, *images.shape[3:]), "float32")
        for start in range(0, len(images), batch_size):
            chunk = images[start : start + batch_size].astype("float32") / scale
            if self.size != sides.tolist():
                chunk = shrink(chunk, *self.size)
            pixels[start : start + batch_size] = chunk
        return pixels.reshape(len(images), -1)


def features(model, dataset, batch_size=256):
    """Features (N, D) float32 of a dataset, of an (images, labels) tuple or of an array of images.

    `model` is anything with `.encode(images, batch_size) -> (N, D)`; None says that the images
    already are features (N, D). Refused: features that are not (N, D) or not finite (they would
    silently make every figure nonsense).
    """
    images = dataset[0] if isinstance(dataset, tuple) else getattr(dataset, "images", dataset)
    found = np.asarray(
        images if model is None else model.encode(images, batch_size=batch_size), "float32"
    )
    if found.ndim != 2 or len(found) != len(images):
        raise ValueError(
            f"features are {found.shape}: ({len(images)}, D) is needed, one row per image"
        )
    if not np.isfinite(found).all():
        bad = int((~np.isfinite(found).all(axis=1)).sum())
        raise ValueError(
            f"features hold non-finite values in {bad} of {len(found)} rows: finite ones are needed"
        )
    return found


def labelled_splits(train, test, protocol):
    """`train` and `test` as checked Splits; every problem is one ValueError before any work
    starts.
    """
    train, test = labelled_split(train, "train", protocol), labelled_split(test, "test", protocol)
    known = np.unique(train.labels)
    unknown = np.setdiff1d(test.labels, known)
    if len(unknown):
        raise ValueError(
            f"test labels hold {_some(unknown)}, train labels only {_some(known)}: the same "
            "are needed"
        )
    return train, test


def labelled_split(data, field, protocol):
    """`data`, a Dataset or (images, labels), as a checked Split."""
    images, labels = data if isinstance(data, tuple) else (data.images, data.labels)
    if labels is None:
        raise ValueError(f"{field} has no labels; {protocol} needs labels (N,)")
    images = images if hasattr(images, "shape") else np.asarray(images)  # image files stay on disk
    if len(images) == 0:
        raise ValueError(f"{field} is empty; {protocol} needs at least one image")
    name, split, classes = (getattr(data, known, None) for known in ("name", "split", "classes"))
    return Split(
        images, check_labels(labels, len(images), classes, f"{field} labels"), name, split, classes
    )


def _some(labels):
    shown = ", ".join(map(str, labels[:5]))
    return f"[{shown}, ... {len(labels)} in all]" if len(labels) > 5 else f"[{shown}]"
