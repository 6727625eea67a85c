"""Embeddings of a whole data set, to a file."""

import os
from pathlib import Path

import numpy as np

from sslzoo.data.describe import locate
from sslzoo.data.listing import list_images
from sslzoo.zoo.schema import Source
from sslzoo.zoo.sources import load_sets


def embed(model, data, split, out):
    """Encode one split of a data set and write `out`, an .npz: features (N, D) float32; labels (N,)
    int64 and classes (C,) where there are any; files (N,), relative to the folder, for a folder of
    images.

    Images are read as `sslzoo.zoo.sets` says. The file appears when it is whole. Returns the shape
    of the features. Raises ValueError for data that cannot be read.
    """
    (dataset,) = load_sets([Source(name=data, split=split)], model.preprocess.image_size)
    found = {"features": model.encode(dataset.images)}
    if dataset.labels is not None:
        found["labels"] = dataset.labels
    if dataset.classes is not None:
        found["classes"] = np.asarray(dataset.classes)
    if folder := _folder(data):
        found["files"] = np.asarray(
            [str(file.relative_to(folder)) for file in list_images(folder, split)[0]]
        )
    part = out.with_name(f".{out.name}.part")
    try:
        with open(part, "wb") as file:
            np.savez(file, **found)
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)
    return found["features"].shape


def _folder(data):
    """The folder that `data` names, or None."""
    try:
        kind, where = locate(data)
    except ValueError:  # a TensorFlow data set that was downloaded now
        return None
    return Path(where) if kind == "folder" else None
