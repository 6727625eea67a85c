"""Data sets by name or path."""

import importlib.util
import os
import pathlib
import re
from types import ModuleType

from sslzoo.checks import in_range, local_path, one_of, refused, whole
from sslzoo.data import subset
from sslzoo.data.dataset import Dataset
from sslzoo.data.pictures import Pictures
from sslzoo.data.read import digits, folder, format_of, formats, kind, tfds
from sslzoo.data.resized import resized
from sslzoo.errors import nearest, unknown

ON_ERROR = ("raise", "skip")
MOST_PIXELS = 2**14  # of a side: an image is then 0.8 GB
TFDS_NAME = re.compile(r"(tfds:)?\w+(/[\w.+-]+)?(:[\d.*]+)?")  # NAME/CONFIG:VERSION
PART = re.compile(r"(.+)\[(\d*):(\d*)\]")  # "train[10:20]"
VALIDATION = "[validation]"  # ends the name of the part that `validation` keeps apart


def load(
    name: str | os.PathLike,
    split: str = "train",
    *,
    image_size: int | None = None,
    on_error: str = "raise",
    data_dir: str | os.PathLike | None = None,
    labels: str | os.PathLike | None = None,
    hold_out: float | None = None,
    per_class: int | None = None,
    validation: float | None = None,
) -> Dataset:
    """Load one split of a data set as a `Dataset`.

    Args:
        name: A name or a path. The first of these that exists is read. "digits": scikit-learn's 8x8
            digits, which need no download (1,297 train, 500 test). "tfds:NAME" or
            "tfds:NAME/CONFIG:VERSION": that TensorFlow data set (see `read/tfds.py`). In the folder
            that the environment variable SSLZOO_DATA names: NAME.npz, a directory NAME of images,
            or another format of `sslzoo/data/read/`, one file each. A path to such a file or
            directory; it comes before that folder if it has an ending of one, or a separator in
            it. A TensorFlow data set of that name, where tensorflow_datasets is installed.
        split: "train", "test" or another split of the data set, or a part of one. "train[:10000]"
            has the first 10,000 rows, "train[10000:]" has the others.
        image_size: Resize the shorter side to this size (bicubic, antialiased) and cut the center
            square. None: keep the stored size. You need it if stored sizes differ. Models resize
            images to their own size anyway.
        on_error: "raise" or "skip", for files that cannot be read in a directory of images, and
            for images that are decoded on access: the next one then stands for it.
        data_dir: Folder of TensorFlow data sets. Default: TFDS_DATA_DIR, then TFDS' own. A set in
            it is read without a download.
        labels: A CSV file with two columns, path and label, for a directory of images. Its images
            are the split "train". All others are the split "unlabeled".
        hold_out: Fraction of each class of "train" that becomes the split "test", for a set without
            one. The result equals `split(load(name), test=hold_out)`.
        per_class: Keep the first so many rows of each class, in their order. None: all rows.
        validation: Fraction of each class of the split to keep apart, for the choice of settings.
            "train" then has the other rows, and "train[validation]" has these.

    Raises:
        ValueError: The name is unknown, the split is missing, files are damaged, or an option does
            not apply to this kind of data.

    >>> load("digits", "test")
    Dataset('digits', 'test', images (500, 8, 8) uint8, 10 classes)
    """
    options = {"image_size": image_size, "on_error": on_error, "data_dir": data_dir}
    if validation is not None:
        parts = {"labels": labels, "hold_out": hold_out, "per_class": per_class}
        return _kept_apart(name, split, validation, options | parts)
    if per_class is not None:
        data = load(name, split, labels=labels, hold_out=hold_out, **options)
        return data.take(subset.first_rows(data.labels, per_class))
    _check_options(name, split, image_size, on_error)
    name = os.fspath(name)
    if hold_out is not None:
        return _held_out(name, split, hold_out, options | {"labels": labels})
    place = None if name.startswith("tfds:") or name == "digits" else find(name)
    if labels is not None and (place is None or place[1] is not folder):
        raise refused("labels", f"{labels} for {name!r}", "stand beside a directory of images")
    if place is None and name != "digits":
        return _load_tfds(
            name, split, image_size, data_dir, on_error
        )  # which knows parts of splits itself
    whole_split, rows = _part(split)
    if name == "digits":
        data = digits.load(whole_split)
    else:
        path, its_format = place
        table = {} if labels is None else {"labels": labels}
        data = its_format.load(path, whole_split, image_size, on_error, **table)
    data = resized(data, image_size)
    return data if rows is None else _rows(data, rows, split)


def pictures(
    name: str | os.PathLike, split: str = "train", *, smallest: int = 1, on_error: str = "raise"
) -> Pictures:
    """Load the images of a directory at their own sizes, for super-resolution.

    Args:
        name: A path, or a directory in the folder SSLZOO_DATA, such as "super_resolution/Set5".
        smallest: Smallest side of an image in pixels.
        on_error: "raise" lists files that cannot be read or are too small. "skip" leaves them out
            with one warning.

    Raises:
        ValueError: The directory or the split does not exist, or a file cannot be used.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as photos:
    ...     Image.new("RGB", (9, 6)).save(f"{photos}/cat.png")
    ...     pictures(photos).names
    ['cat']
    """
    one_of("on_error", on_error, ON_ERROR)
    path = next((path for path in _candidates(os.fspath(name)) if path.is_dir()), None)
    if path is None:
        raise ValueError(
            f"pictures: {os.fspath(name)!r} is no directory of images, neither a path nor below "
            f"SSLZOO_DATA ({os.environ.get('SSLZOO_DATA') or 'not set'})."
        )
    return folder.pictures(path, split, smallest, on_error)


def available() -> list[tuple[str, str, str]]:
    """[(name, kind, where)] of what `load` finds without a download.

    kind: "embedded", the format of the files ("npz", "folder", ...), or "tfds".

    >>> available()[0]
    ('digits', 'embedded', 'scikit-learn')
    """
    root = _data_root()
    here = [("digits", "embedded", "scikit-learn")]
    for entry in sorted(root.iterdir()) if root else []:
        here += _sets_in(entry)
    return here + [(name, "tfds", str(where)) for name, where in tfds.stored().items()]


def find(name: str) -> tuple[pathlib.Path, ModuleType] | None:
    """The path that `name` means and the format that reads it, or None.

    A path that exists and that no format reads goes to the format of its ending, which says why.

    >>> find("nowhere") is None
    True
    """
    for path in _candidates(name):
        its_format = format_of(path)
        if its_format is not None:
            return path, its_format
        if path.is_dir():
            return path, folder
        if path.exists():
            return path, _by_ending(path)
    return None


def _check_options(name, split, image_size, on_error):
    one_of("on_error", on_error, ON_ERROR)
    if not isinstance(split, str):
        raise refused("split", repr(split), 'be a name, such as "train"')
    if image_size is not None:
        whole("image_size", image_size, 1, MOST_PIXELS)
    if not isinstance(name, str | os.PathLike):
        raise refused("data", f"a {type(name).__name__}", "be the name of a data set, or a path")


def _held_out(name, split, share, settings):
    """One of the parts "train" and "test" of the split "train"."""
    one_of("split", split, ("train", "test"))
    in_range("hold_out", share, 0, 1, low_open=True, high_open=True)
    place = find(name)
    splits = digits.SPLITS if name == "digits" else place and place[1].splits(place[0])
    if settings["labels"] is None and "test" in (splits or ()):
        raise refused("hold_out", share, f"be None: {name!r} has a split test of its own")
    parts = subset.split(load(name, "train", **settings), share)
    return parts[split == "test"]


def _kept_apart(name, split, share, settings):
    """A split without the rows that are kept apart, or these rows."""
    in_range("validation", share, 0, 1, low_open=True, high_open=True)
    whole_split = split.removesuffix(VALIDATION)
    parts = subset.split(load(name, whole_split, **settings), share)
    part = parts[split != whole_split]
    part.split = split
    return part


def _part(split):
    """("train", slice) of "train[10:20]", ("train", None) of "train"."""
    match = PART.fullmatch(split)
    if match is None:
        return split, None
    first, last = match[2], match[3]
    return match[1], slice(int(first or 0), int(last) if last else None)


def _rows(data, rows, split):
    if not len(range(len(data))[rows]):
        raise refused("split", repr(split), f"keep at least one of the {len(data)} rows")
    part = data.take(rows)
    part.split = split
    return part


def _by_ending(path):
    endings = {ending: module for module in formats() for ending in module.SUFFIXES}
    if path.suffix not in endings:
        needed = f"be a directory of images, or end in {', '.join(sorted(endings))}"
        raise refused("data", str(path), needed)
    return endings[path.suffix]


def _sets_in(entry):
    """[(name, kind, where)] of one entry of the data folder: one set, or a folder of several."""
    its_format = format_of(entry)
    if its_format is not None:
        name = entry.name if entry.is_dir() else entry.stem
        return [(name, kind(its_format), str(entry))]
    if not entry.is_dir() or entry.name.startswith("."):
        return []
    here = []
    for path in sorted(entry.iterdir()):
        if path.is_file() and (its_format := format_of(path)):
            here.append((f"{entry.name}/{path.stem}", kind(its_format), str(path)))
    for its_format in formats():
        names = its_format.names(entry) if hasattr(its_format, "names") else []
        here += [(f"{entry.name}/{name}", kind(its_format), str(entry / name)) for name in names]
    return here


def _candidates(name):
    """The paths that a name may mean, the first choice first."""
    root = _data_root()
    endings = sorted({ending for module in formats() for ending in module.SUFFIXES})
    below = [root / f"{name}{ending}" for ending in (*endings, "")] if root else []
    itself = local_path("data", name)
    if itself.suffix in endings or os.path.basename(name) != name:
        return [itself, *below]
    return [*below, itself]


def _data_root():
    root = os.environ.get("SSLZOO_DATA")
    if root and not os.path.isdir(root):
        raise refused("SSLZOO_DATA", repr(root), "be a folder of data sets")
    return pathlib.Path(root) if root else None


def _load_tfds(name, split, image_size, data_dir, on_error):
    if not TFDS_NAME.fullmatch(name):
        raise _unknown(name, data_dir, [], "TFDS")
    if importlib.util.find_spec("tensorflow_datasets") is None:
        raise _unknown(name, data_dir, [], "tensorflow_datasets is not installed")
    import tensorflow_datasets

    try:
        return tfds.load(name.removeprefix("tfds:"), split, image_size, data_dir, on_error)
    except tensorflow_datasets.core.DatasetNotFoundError:
        names = tensorflow_datasets.list_builders(with_community_datasets=False)
        raise _unknown(name, data_dir, names, "TFDS") from None


def _unknown(name, data_dir, tfds_names, tfds_state):
    here = [known for known, _, _ in available()]
    rare = [*tfds.stored(data_dir), *tfds_names]
    alike = [known for known in (*here, *rare) if name.count("/") == known.count("/")]
    if "/" in name and not nearest(name, alike):
        needed = f"be a data set or a path, and there is no {os.path.abspath(name)}"
        return refused("data", repr(name), needed)
    hint = unknown("data set", name.removeprefix("tfds:"), here, rare)
    root = os.environ.get("SSLZOO_DATA") or "not set"
    return ValueError(f"{hint} Looked at the path itself, SSLZOO_DATA ({root}), {tfds_state}.")
