"""Embeddings of a whole data set, to a file."""

from pathlib import Path

import numpy as np

from sslzoo.checks import refused
from sslzoo.data.describe import locate
from sslzoo.data.listing import list_images
from sslzoo.files import atomic
from sslzoo.training import Method
from sslzoo.zoo.sources import load_sets
from sslzoo.zoo.strict import Source


def embed(model: Method, data: str, split: str, out: Path) -> tuple[int, ...]:
    """Encode one split of a data set and write `out`, an .npz: features (N, D) float32; labels (N,)
    int64 and classes (C,) where there are any; files (N,), relative to the folder, for a folder of
    images.

    Items are read as `sslzoo.zoo.sources` says. The file appears when it is whole.

    Args:
        model: whose `encode` is used.
        data, split: as for `sslzoo.data.load`.
        out: a path that ends in .npz.

    Returns:
        The shape of the features.

    Raises:
        ValueError: data that cannot be read, or of another kind than the model reads.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import sslzoo
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     embed(model, "digits", "test", Path(folder, "digits.npz"))
        (500, 16)
    """
    size = getattr(model.reads.layer, "image_size", None)
    (dataset,) = load_sets([Source(name=data, split=split)], size)
    if dataset.field != model.reads.field:
        got = f"{dataset.field} of {data!r}"
        raise refused("data", got, f"be {model.reads.field}, which this model reads")
    arrays = {"features": model.encode(dataset.inputs)}
    if dataset.labels is not None:
        arrays["labels"] = dataset.labels
    if dataset.classes is not None:
        arrays["classes"] = np.asarray(dataset.classes)
    folder = _folder(data)
    if folder is not None:
        files = list_images(folder, split)[0]
        arrays["files"] = np.asarray([str(file.relative_to(folder)) for file in files])
    with atomic(out) as file:
        np.savez(file, **arrays)
    return arrays["features"].shape


def _folder(data: str) -> Path | None:
    """The folder of images that `data` names, or None."""
    try:
        kind, where = locate(data)
    except ValueError:  # a TensorFlow data set that was downloaded now
        return None
    return Path(where) if kind == "folder" else None
