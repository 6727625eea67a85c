"""The content of a data set on this machine. Nothing is decoded, downloaded or written."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from sslzoo.checks import local_path, refused
from sslzoo.data.decode import probe
from sslzoo.data.image_files import ImageSizeNeeded
from sslzoo.data.listing import available_splits, list_images
from sslzoo.data.read import digits, format_of, formats, kind
from sslzoo.data.sources import available, load
from sslzoo.errors import unknown
from sslzoo.progress import progress

GLANCE = 64  # pixels of images of several sizes whose masks or boxes are counted


def describe(name: str, labels: str | os.PathLike | None = None) -> list[dict[str, Any]]:
    """[{"split", "field", FIELD, "shape", "dtype", "classes", "labels"}] of every split of a data
    set on this machine.

    field: "images", "series", ..., what a network reads. FIELD, the key of that name: how many.
    shape: [H, W] or [H, W, C] of one image, [T, F] of one series, ...; for files of several sizes a
    string. classes: names, or how many there are, or None without labels. labels: the number of
    rows of each class, in the order of classes. A directory of images also has "unreadable": {file:
    reason} of the files that are damaged, and "not_read": the files that are no images by their
    endings, and the folders without images. Images with masks or boxes also have "beside": which of
    the two, and "shown": the number of images that show each class.

    Args:
        name: of `available()`, or the path of a data set.
        labels: as for `sslzoo.data.load`.

    Raises:
        ValueError: a name that is not on this machine, labels beside no directory of images.

    >>> [(split["split"], split["images"]) for split in describe("digits")]
    [('test', 500), ('train', 1297)]
    """
    its_kind, where = locate(name)
    if its_kind == "folder":
        return [_folder(Path(where), split, labels) for split in splits(name, labels)]
    if labels is not None:
        raise refused("labels", f"{labels} for {name!r}", "stand beside a directory of images")
    return [_rows(name, split) for split in splits(name)]


def splits(name: str, labels: str | os.PathLike | None = None) -> list[str]:
    """The splits of a data set on this machine. Raises ValueError.

    >>> splits("digits")
    ['test', 'train']
    """
    its_kind, where = locate(name)
    if its_kind == "folder":
        return available_splits(where, labels)
    if its_kind == "embedded":
        return sorted(digits.SPLITS)
    if its_kind == "tfds":
        info = json.loads(Path(where, "dataset_info.json").read_text())
        return sorted(split["name"] for split in info["splits"])
    return list(format_of(Path(where)).splits(where))


def locate(name: str) -> tuple[str, str]:
    """(kind, where) of a data set on this machine, as `available()` has them. Raises ValueError.

    >>> locate("digits")
    ('embedded', 'scikit-learn')
    """
    known = {entry: (its_kind, where) for entry, its_kind, where in available()}
    path = local_path("data", name)
    if name in known:
        return known[name]
    if its_format := format_of(path):
        return kind(its_format), str(path)
    if path.is_dir():
        return "folder", str(path)
    if path.exists():
        endings = ", ".join(sorted({end for known in formats() for end in known.SUFFIXES}))
        raise ValueError(
            f"data: {name} is neither a directory of images nor a file of a known form, {endings}."
        )
    raise ValueError(unknown("data set", name, known) + " A path works too.")


def _rows(name, split):
    try:
        data = load(name, split=split)
        shape = list(data.inputs.shape[1:])
    except ImageSizeNeeded:  # images with masks or boxes
        data, shape = load(name, split=split, image_size=GLANCE), "of several sizes"
    return {
        "split": data.split,
        "field": data.field,
        data.field: len(data),
        "shape": shape,
        "dtype": str(data.inputs.dtype),
        **_shown(data),
    }


def _folder(path, split, labels):
    listing = list_images(path, split, labels)
    sizes = set()
    unreadable = {}
    for file in progress(listing.files, "reading headers", len(listing.files)):
        try:
            sizes.add(probe(file))
        except OSError as error:
            unreadable[str(file.relative_to(path))] = str(error)
    return {
        "split": split,
        "field": "images",
        "images": len(listing.files),
        "shape": _shape(sizes),
        "dtype": "uint8",
        **_labels(listing.labels, listing.classes),
        "unreadable": unreadable,
        "not_read": [str(file.relative_to(path)) for file in listing.unread],
    }


def _shape(sizes):
    """[H, W, 3] of files of one size, else words."""
    if not sizes:
        return "none readable"
    if len(sizes) == 1:
        return [*next(iter(sizes)), 3]
    return f"from {_size(min(sizes, key=_area))} to {_size(max(sizes, key=_area))}"


def _shown(data):
    """Of masks or boxes beside images: the classes, and how many images show each of them."""
    beside = next((field for field in ("masks", "boxes") if field in data.fields), None)
    if beside is None or not data.classes:
        return _labels(data.labels, data.classes)
    rows = data.masks if beside == "masks" else data.boxes[..., 0]
    count = len(data.classes)
    numbers = np.concatenate([np.unique(row).astype(int) for row in rows])
    shown = np.bincount(numbers[(numbers >= 0) & (numbers < count)], minlength=count)
    return {"classes": data.classes, "labels": None, "beside": beside, "shown": shown.tolist()}


def _labels(labels, classes):
    if labels is None:
        return {"classes": None, "labels": None}
    count = max(int(labels.max()) + 1, len(classes or ()))
    counts = [int((labels == label).sum()) for label in range(count)]
    return {"classes": classes or len(counts), "labels": counts}


def _area(size):
    return size[0] * size[1]


def _size(size):
    return f"{size[0]}x{size[1]}"
