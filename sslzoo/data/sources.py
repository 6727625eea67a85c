"""From the name of a data set to a `Dataset`."""

import importlib.util
import os
import pathlib

import numpy as np

from sslzoo.data.dataset import Dataset
from sslzoo.data.decode import resize
from sslzoo.data.digits import load_digits
from sslzoo.data.folder import load_folder, load_pictures
from sslzoo.data.listing import holds_images
from sslzoo.data.npz import load_npz, npz_splits
from sslzoo.data.omniglot import is_omniglot, load_omniglot
from sslzoo.data.tfds import load_tfds, stored
from sslzoo.errors import unknown


def load(name, split="train", *, image_size=None, on_error="raise", data_dir=None):
    """Load one split of a data set as a `Dataset`.

    name, tried in this order:
      1. "digits": scikit-learn's 8x8 digits, which need no download (1,297 train, 500 test);
      2. "tfds:NAME", "tfds:NAME/CONFIG:VERSION": that TensorFlow data set (see `load_tfds` in
        `tfds.py`);
      3. NAME.npz (keys x_train, y_train, x_test, y_test, or those of Omniglot, see `omniglot.py`)
         or a directory NAME of images (see `load_folder` in `folder.py`) in the folder that the
         environment variable SSLZOO_DATA names;
      4. a path to such an .npz or directory (before 3 if it ends in .npz or has a separator in it);
      5. a TensorFlow data set of that name, where tensorflow_datasets is installed.
    split: "train", "test" or what the data set has.
    image_size: resize the shorter side to this (bicubic, antialiased) and cut the centre square;
      None: as stored. Needed where stored sizes differ; models resize to their own size in any
      case.
    on_error: "raise" or "skip", for unreadable files in a directory of images.
    data_dir: where TensorFlow data sets are stored (default: TFDS_DATA_DIR, then TFDS' own); a set
      found there is read without any download.
    Raises ValueError for an unknown name (nearest names, places searched), a missing split, files
    that are not what they should be.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error: need 'raise' or 'skip', got {on_error!r}.")
    if image_size is not None and (not isinstance(image_size, (int, np.integer)) or image_size < 1):
        raise ValueError(f"image_size: need a positive integer or None, got {image_size!r}.")
    name = os.fspath(name)
    if name == "digits":
        return _resized(load_digits(split), image_size)
    if name.startswith("tfds:"):
        return _load_tfds(name, split, image_size, data_dir)
    path = _find(name)
    if path is not None and path.is_dir():
        return load_folder(path, split, image_size, on_error)
    if path is not None and is_omniglot(path):
        return load_omniglot(path, split, image_size)
    if path is not None:
        return _resized(load_npz(path, split), image_size)
    return _load_tfds(name, split, image_size, data_dir)


def pictures(name, split="train", *, smallest=1, on_error="raise"):
    """The images of a directory at their own sizes, as `Pictures`: for super-resolution, whose sets
    are of unequal sizes.

    name: a directory in the folder that SSLZOO_DATA names, such as "super_resolution/Set5", or a
    path.
    smallest: pixels that both sides must have.
    on_error: "raise" lists the files that cannot be read or are smaller, "skip" leaves them out
    with one warning.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error: need 'raise' or 'skip', got {on_error!r}.")
    path = _find(os.fspath(name))
    if path is None or not path.is_dir():
        raise ValueError(
            f"pictures: {name!r} is no directory of images, neither a path nor below SSLZOO_DATA "
            f"({os.environ.get('SSLZOO_DATA') or 'not set'})."
        )
    return load_pictures(path, split, smallest, on_error)


def available():
    """[(name, kind, where)] of what `load` finds without a download; kind: "embedded", "npz",
    "folder" or "tfds".
    """
    found = [("digits", "embedded", "scikit-learn")]
    root = _data_root()
    for entry in sorted(root.iterdir()) if root else []:
        if entry.suffix == ".npz" and npz_splits(entry):
            found.append((entry.stem, "npz", str(entry)))
        elif entry.is_dir() and holds_images(entry):
            found.append((entry.name, "folder", str(entry)))
    return found + [(name, "tfds", str(where)) for name, where in stored().items()]


def _resized(data, image_size):
    if image_size is None or data.images.shape[1:3] == (image_size, image_size):
        return data
    if data.images.dtype != np.uint8:
        raise ValueError(
            f"image_size: only uint8 images are resized here, {data.name} has {data.images.dtype}."
        )
    grey = data.images.ndim == 3
    images = np.stack(
        [resize(image[..., None] if grey else image, image_size) for image in data.images]
    )
    return Dataset(
        images[..., 0] if grey else images, data.labels, data.classes, data.name, data.split
    )


def _find(name):
    """The path that `name` means, or None."""
    root = _data_root()
    below = [root / f"{name}.npz", root / name] if root else []
    itself = pathlib.Path(name).expanduser()
    candidates = (
        [itself, *below]
        if itself.suffix == ".npz" or os.path.basename(name) != name
        else [*below, itself]
    )
    return next((path for path in candidates if path.exists()), None)


def _data_root():
    root = os.environ.get("SSLZOO_DATA")
    if root and not os.path.isdir(root):
        raise ValueError(f"SSLZOO_DATA: need a folder of data sets, got {root!r}, which is none.")
    return pathlib.Path(root) if root else None


def _load_tfds(name, split, image_size, data_dir):
    if importlib.util.find_spec("tensorflow_datasets") is None:
        raise _unknown(name, data_dir, [], "tensorflow_datasets is not installed")
    import tensorflow_datasets as tfds

    try:
        return load_tfds(name.removeprefix("tfds:"), split, image_size, data_dir)
    except tfds.core.DatasetNotFoundError:
        raise _unknown(
            name, data_dir, tfds.list_builders(with_community_datasets=False), "TFDS"
        ) from None


def _unknown(name, data_dir, tfds_names, tfds_state):
    here = [known for known, _, _ in available()]
    places = [
        "the path itself",
        f"SSLZOO_DATA ({os.environ.get('SSLZOO_DATA') or 'not set'})",
        tfds_state,
    ]
    hint = unknown(
        "data set", name.removeprefix("tfds:"), here, rare=[*stored(data_dir), *tfds_names]
    )
    return ValueError(f"{hint} Looked at {', '.join(places)}.")
