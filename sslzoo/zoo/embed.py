"""Embeddings and classes of a whole data set, to a file."""

import csv
import io
from pathlib import Path

import numpy as np

from sslzoo.checks import local_path, refused
from sslzoo.data import Dataset
from sslzoo.data.decode import decode
from sslzoo.data.describe import locate, splits
from sslzoo.data.listing import list_images
from sslzoo.files import atomic
from sslzoo.training import Method
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.registry import saved_kind
from sslzoo.zoo.sources import load_sets
from sslzoo.zoo.strict import Source


def embed(
    model: Method, data: str, split: str, out: Path, on_error: str = "raise"
) -> tuple[int, ...]:
    """Encode one split of a data set and write `out`, an .npz: features (N, D) float32; labels (N,)
    int64 and classes (C,) where there are any; files (N,), relative to the folder, for a folder of
    images.

    Items are read as `sslzoo.zoo.sources` says. The file appears when it is whole.

    Args:
        model: whose `encode` is used.
        data, split, on_error: As for `sslzoo.data.load`.
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
    out = local_path("out", out)
    dataset, files = items_of(model, data, split, on_error)
    arrays = {"features": model.encode(dataset.inputs)}
    if dataset.labels is not None:
        arrays["labels"] = dataset.labels
    if dataset.classes is not None:
        arrays["classes"] = np.asarray(dataset.classes)
    if files is not None:
        arrays["files"] = np.asarray(files)
    with atomic(out) as file:
        np.savez(file, **arrays)
    return arrays["features"].shape


def items_of(
    model: Method, data: str, split: str, on_error: str = "raise"
) -> tuple[Dataset, list[str] | None]:
    """(one split of a data set, the files of its rows relative to the folder; None without one).

    Raises:
        ValueError: data that cannot be read, or of another kind than the model reads.

    Example:
        >>> import sslzoo
        >>> items_of(sslzoo.build("simclr", "micro", 8), "digits", "test")
        (Dataset('digits', 'test', images (500, 8, 8) uint8, 10 classes), None)
    """
    size = getattr(model.reads.layer, "image_size", None)
    (dataset,) = load_sets([Source(name=data, split=split, on_error=on_error)], size)
    if dataset.field != model.reads.field:
        got = f"{dataset.field} of {data!r}"
        raise refused("data", got, f"be {model.reads.field}, which this model reads")
    folder = folder_of(data)
    if folder is None:
        return dataset, None
    files = list_images(folder, split)[0]
    if len(files) > len(dataset):  # some were skipped
        files = [file for file in files if _readable(file)]
    return dataset, [str(file.relative_to(folder)) for file in files]


def classify(model: Method, dataset: Dataset, names: list | None, classes: list | None) -> str:
    """A .csv text of what a model sees in each item: its name or number, the class and its
    probability.

    Args:
        names: of the items; None: their numbers.
        classes: names of the model's classes; None: their numbers.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.load("flexmatch_convnet.digits")
        >>> classify(model, sslzoo.data.load("digits", "test"), None, None).splitlines()[0]
        'item,class,probability'
    """
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("item", "class", "probability"))
    for index, row in enumerate(model.classify(dataset.inputs)):
        name = index if names is None else names[index]
        number = int(row.argmax())
        rows.writerow((name, classes[number] if classes else number, f"{row.max():.4f}"))
    return text.getvalue()


def class_names(name: str, model: Method) -> list[str] | None:
    """Names of the classes that a model was trained on, where the folder of its images is here and
    has as many classes.

    Example:
        >>> import sslzoo
        >>> class_names("simclr_resnet20.digits", sslzoo.build("simclr", "micro", 8))
    """
    if "classify" not in model.verbs or saved_kind(name) is not None:
        return None
    source = next(iter(Entry.find(name).config.sources().values()))
    folder = folder_of(source.name)
    names = None if folder is None else list_images(folder, source.split).classes
    columns = model.classify(model.reads.examples(1)).shape[1]
    return names if names and len(names) == columns else None


def other_splits(data: str, split: str) -> list[str]:
    """The splits of a data set on this machine beside `split`.

    Example:
        >>> other_splits("digits", "train")
        ['test']
    """
    try:
        return [name for name in splits(data) if name != split]
    except ValueError:  # nothing tells
        return []


def _readable(file: Path) -> bool:
    try:
        decode(file)
    except OSError:
        return False
    return True


def folder_of(data: str) -> Path | None:
    """The folder of images that `data` names, or None.

    Example:
        >>> folder_of("digits")
    """
    try:
        kind, where = locate(data)
    except ValueError:  # a TensorFlow data set that was downloaded now
        return None
    return Path(where) if kind == "folder" else None
