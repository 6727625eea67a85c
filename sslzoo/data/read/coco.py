"""Folders of images with boxes in a JSON file: COCO's format, or that of BCCD's copy."""

import os
import pathlib

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import refused
from sslzoo.checks.dense import NO_BOX
from sslzoo.data.annotations import Annotated, annotated, categories_of, splits_of
from sslzoo.data.dataset import Dataset
from sslzoo.data.decode import probe
from sslzoo.data.listing import SPLITS, Listing
from sslzoo.data.read import check_split
from sslzoo.data.read.folder import read_images, usable

SUFFIXES = ()
FILES = ("annotations.json", "_annotations.coco.json")  # the second is what Roboflow writes
FOLDERS = ("", "images")  # below the folder of the file, where images are looked for
SLACK = 1.0  # pixels by which rounding may take a box out of its image
LEAST_KEPT = 0.5  # of the area of a box that the square of `image_size` cuts


def reads(path: pathlib.Path) -> bool:
    """Whether the path is a directory with annotations.json, or with one in its folders of splits.

    >>> reads(pathlib.Path("nowhere"))
    False
    """
    return bool(_files(path))


def splits(path: str | os.PathLike) -> list[str]:
    """The splits of a directory, sorted. Raises ValueError for a file of another format.

    >>> splits("nowhere")
    []
    """
    files = _files(pathlib.Path(path))
    return splits_of(files[""]) if "" in files else sorted(files)


def load(
    path: str | os.PathLike,
    split: str = "train",
    image_size: int | None = None,
    on_error: str = "raise",
) -> Dataset:
    """Read one split: uint8 images (N, H, W, 3) and float32 boxes (N, M, 5).

    A box is class, left, top, right, bottom, in pixels. An image with fewer boxes than M has rows
    of -1. Classes are the categories of the file, in the order of their ids.

    path/annotations.json is of all images; an image may name its "split", and is "train" otherwise.
    Or each folder of a split, such as path/train, has annotations.json or _annotations.coco.json.
    Images are in the folder of the file, or in images/ below it. Outlines of objects are not read.

    Boxes without an area and those of crowds are left out, with one warning.

    Args:
        image_size: As for a folder of images. Boxes are cut at the square. Those that keep less
            than half of their area are left out.
        on_error: "raise" lists images that cannot be used, with the reason. "skip" leaves them out
            with one warning. Reasons are: missing, unreadable, of another size than the file says,
            with a box that leaves the image by more than a pixel.

    Raises:
        ValueError: No such split, another format, or images that cannot be used.

    >>> import json, tempfile
    >>> from PIL import Image
    >>> images = [{"id": 7, "file_name": "1.png", "width": 6, "height": 4}]
    >>> boxes = [{"image_id": 7, "category_id": 3, "bbox": [1, 2, 4, 2]}]
    >>> names = [{"id": 3, "name": "cat"}]
    >>> document = {"images": images, "annotations": boxes, "categories": names}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (6, 4)).save(f"{folder}/1.png")
    ...     _ = pathlib.Path(folder, "annotations.json").write_text(json.dumps(document))
    ...     data = load(folder)
    >>> data.boxes.tolist(), data.classes
    ([[[0.0, 1.0, 2.0, 5.0, 4.0]]], ['cat'])
    """
    path = pathlib.Path(path)
    check_split(path, split, splits(path))
    files = _files(path)
    file = files.get("", files.get(split))
    classes = categories_of(file)
    trained = categories_of(files.get("train", file))
    if classes != trained:
        raise refused(file, f"the categories {classes}", f"have those of train, {trained}")
    images = annotated(file, split if "" in files else None)
    known = {_place(file, image.name): image for image in images}
    listing, _ = usable(
        lambda place: _check(place, known[place]),
        Listing(list(known)),
        path,
        on_error,
        "reading headers",
    )
    listing, pixels = read_images(listing, path, image_size, on_error)
    boxes = [_fitted(known[place], image_size) for place in listing.files]
    return Dataset(pixels, boxes=padded(boxes), classes=classes, name=path.name, split=split)


def padded(boxes: list[NDArray]) -> NDArray[np.float32]:
    """Boxes (n, 5) of each image as one array (N, M, 5), filled up with rows of -1. M is at least
    1.

    >>> padded([np.ones((1, 5)), np.empty((0, 5))])[:, 0, 0]
    array([ 1., -1.], dtype=float32)
    """
    most = max(len(own) for own in boxes)
    result = np.full((len(boxes), max(1, most), 5), NO_BOX, "float32")
    for row, own in enumerate(boxes):
        result[row, : len(own)] = own
    return result


def _files(path):
    """{split: its file}, or {"": the file of all splits}."""
    if not path.is_dir():
        return {}
    if own := _beside(path):
        return {"": own}
    files = {}
    for folder in sorted(path.iterdir()):
        split = SPLITS.get(folder.name.lower())
        if split and folder.is_dir() and (own := _beside(folder)):
            files[split] = own
    return files


def _beside(folder):
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def _place(file, name):
    """Where an image lies."""
    if os.path.isabs(name) or os.path.normpath(name).startswith(".."):
        raise refused(file, f"the file {name}", "name files below its own folder")
    places = [file.parent / folder / name for folder in FOLDERS]
    return next((place for place in places if place.is_file()), places[0])


def _check(place: pathlib.Path, image: Annotated) -> None:
    """Raises OSError with the reason that an image cannot be used."""
    if not place.is_file():
        raise OSError("there is no such file")
    if (stored := probe(place)) != image.size:
        told = "x".join(map(str, image.size))
        raise OSError(f"it has {stored[0]}x{stored[1]} pixels, and {told} in the file of boxes")
    height, width = image.size
    low, high = image.boxes[:, 1:3], image.boxes[:, 3:]
    outside = (low < -SLACK).any(axis=1) | (high > (width + SLACK, height + SLACK)).any(axis=1)
    if outside.any():
        corners = [f"{corner:g}" for corner in image.boxes[outside][0, 1:]]
        box = f"({', '.join(corners[:2])}) to ({', '.join(corners[2:])})"
        raise OSError(f"its box from {box} leaves the {height}x{width} image")


def _fitted(image: Annotated, image_size: int | None) -> NDArray[np.float64]:
    """The boxes inside of the image, or inside of its central square at another size."""
    height, width = image.size
    side = min(image.size)
    start = np.zeros(2)
    end = np.array([width, height])
    if image_size is not None:
        start = (end - side) / 2
        end = start + side
    corners = image.boxes[:, 1:].reshape(-1, 2, 2)  # (n, [start, end], [x, y])
    inside = np.clip(corners, start, end)
    kept = _areas(inside) >= LEAST_KEPT * _areas(corners)
    inside = inside - start
    if image_size is not None:
        inside = inside * (image_size / side)
    return np.concatenate([image.boxes[:, :1], inside.reshape(-1, 4)], axis=1)[kept]


def _areas(corners):
    """(n,) of (n, [start, end], [x, y])."""
    return np.prod(corners[:, 1] - corners[:, 0], axis=1)
