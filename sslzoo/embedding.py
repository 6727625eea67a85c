"""Embeddings of a whole data set, to a file."""

import os
from pathlib import Path

import numpy as np

from sslzoo.data import load
from sslzoo.data.describe import locate
from sslzoo.data.listing import list_images

CHUNK = 1024  # images decoded at a time


def embed(model, data, split, out, console):
    """Encode one split of a data set and write `out`, an .npz: features (N, D) float32; labels (N,) int64 and classes
    (C,) where there are any; files (N,), relative to the folder, for a folder of images.

    Images of a folder are resized (shorter side, bicubic) and cut to the model's own size as they are read. The file
    appears when it is whole. Returns the shape of the features. Raises ValueError for data that cannot be read.
    """
    found = {}
    folder = _folder(data)
    dataset = load(data, split=split, image_size=model.preprocess.image_size if folder else None)
    found["features"] = encode(model, dataset.images, console)
    if dataset.labels is not None:
        found["labels"] = dataset.labels
    if dataset.classes is not None:
        found["classes"] = np.asarray(dataset.classes)
    if folder:
        found["files"] = np.asarray([str(file.relative_to(folder)) for file in list_images(folder, split)[0]])
    part = out.with_name(f".{out.name}.part")
    try:
        with open(part, "wb") as file:
            np.savez(file, **found)
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)
    return found["features"].shape


def encode(model, images, console):
    """Features (N, D) of images, read in chunks of one size (one compiled graph), with a progress bar."""
    from rich.progress import track

    count = min(CHUNK, len(images))
    starts = range(0, len(images), count)
    chunks = []
    for start in track(starts, "embedding", console=console, transient=True, disable=len(starts) < 2):
        first = min(start, len(images) - count)  # the last chunk overlaps the one before
        chunks.append(model.encode(images[first : first + count])[start - first :])
    return np.concatenate(chunks)


def _folder(data):
    """The folder that `data` names, or None."""
    try:
        kind, where = locate(data)
    except ValueError:  # not on this machine: `load` knows what to say, or to download
        return None
    return Path(where) if kind == "folder" else None
