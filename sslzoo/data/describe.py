"""What a data set at hand holds, without decoding it: nothing is downloaded, nothing is written."""

import json
from pathlib import Path

from sslzoo.data.decode import probe
from sslzoo.data.listing import available_splits, list_images
from sslzoo.data.npz import npz_splits
from sslzoo.data.sources import available, load
from sslzoo.errors import unknown
from sslzoo.progress import progress


def describe(name):
    """[{"split", "images", "shape", "dtype", "classes", "labels"}] of every split of a data set on
    this machine.

    name: of `available()`, or the path of an .npz or of a directory of images.
    images: how many. shape: [H, W] or [H, W, C] of one image; for files of several sizes a string.
    classes: names, or how many there are, or None without labels. labels: the number of images of
    each class, in the order of classes. A directory also has "unreadable": {file: reason} of the
    files that are damaged.

    Raises ValueError for a name that is not on this machine.
    """
    kind, where = locate(name)
    if kind == "folder":
        return [_folder(Path(where), split) for split in available_splits(where)]
    if kind == "tfds":
        splits = sorted(
            split["name"]
            for split in json.loads(Path(where, "dataset_info.json").read_text())["splits"]
        )
    else:
        splits = ["train", "test"] if kind == "embedded" else npz_splits(where)
    return [_arrays(load(name, split=split)) for split in splits]


def locate(name):
    """(kind, where) of a data set on this machine, as `available()` has them. Raises ValueError."""
    known = {entry: (kind, where) for entry, kind, where in available()}
    path = Path(name).expanduser()
    if name in known:
        return known[name]
    if path.is_dir():
        return "folder", str(path)
    if path.is_file() and npz_splits(path):
        return "npz", str(path)
    if path.exists():
        raise ValueError(
            f"data: {name} is neither a directory of images nor an .npz with x_train, y_train, ..."
        )
    raise ValueError(unknown("data set", name, known) + " A path works too.")


def _arrays(data):
    images = data.images
    return {
        "split": data.split,
        "images": len(images),
        "shape": list(images.shape[1:]),
        "dtype": str(images.dtype),
        **_labels(data.labels, data.classes),
    }


def _folder(path, split):
    files, labels, classes = list_images(path, split)
    sizes, unreadable = set(), {}
    for file in progress(files, "reading headers", len(files)):
        try:
            sizes.add(probe(file))
        except OSError as error:
            unreadable[str(file.relative_to(path))] = str(error)
    if len(sizes) == 1:
        shape = [*sizes.pop(), 3]
    else:
        shape = (
            f"from {_size(min(sizes, key=_area))} to {_size(max(sizes, key=_area))}"
            if sizes
            else "none readable"
        )
    found = {
        "split": split,
        "images": len(files),
        "shape": shape,
        "dtype": "uint8",
        **_labels(labels, classes),
    }
    return {**found, "unreadable": unreadable}


def _labels(labels, classes):
    if labels is None:
        return {"classes": None, "labels": None}
    counts = [
        int((labels == label).sum())
        for label in range(max(int(labels.max()) + 1, len(classes or ())))
    ]
    return {"classes": classes or len(counts), "labels": counts}


def _area(size):
    return size[0] * size[1]


def _size(size):
    return f"{size[0]}x{size[1]}"
