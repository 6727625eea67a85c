"""Which image files a directory holds, and what its folders or a table of labels say about them."""

import collections
import itertools
import os
import pathlib
import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sslzoo.checks import refused
from sslzoo.data.decode import readable_endings
from sslzoo.data.label_file import read_labels
from sslzoo.data.read import check_split

UNLABELED = "unlabeled"
# {name of a folder, in small letters: the split that it is}
SPLITS = {
    **{name: name for name in ("train", "test", "val", "valid", "validation", UNLABELED)},
    "training": "train",
    "labeled": "train",
    "labelled": "train",
    "testing": "test",
    "unlabelled": UNLABELED,
}
# What often lies beside images and is none: not counted among the files that are not read.
SIDECARS = frozenset(
    [".csv", ".db", ".html", ".ini", ".json", ".log", ".md", ".tsv", ".txt", ".xml", ".yaml"]
)


class Listing(NamedTuple):
    """Image files, their labels (N,) and the names of the classes; None without labels. `unread`:
    other files, and folders without any image.

    >>> Listing([pathlib.Path("cat/1.png")], np.array([0]), ["cat"]).classes
    ['cat']
    """

    files: list[pathlib.Path]
    labels: np.ndarray | None = None
    classes: list[str] | None = None
    unread: tuple[pathlib.Path, ...] = ()


def available_splits(path: str | os.PathLike, labels: str | os.PathLike | None = None) -> list[str]:
    """The splits of a directory of images, sorted.

    They are its folders train, test, val, valid, validation and unlabeled, in any case. "training"
    and "labeled" mean train, "testing" means test. Without them there is one split, "train".

    Args:
        labels: a table, as `read_labels` takes it: what it labels is "train", the rest "unlabeled".

    >>> available_splits("nowhere")
    ['train']
    """
    if labels is not None:
        return sorted(_by_table(pathlib.Path(path), labels))
    path = pathlib.Path(path)
    return _splits(_split_folders(path)) if path.is_dir() else ["train"]


def holds_images(path: pathlib.Path) -> bool:
    """Whether there is any image file below the directory `path`, hidden folders aside.

    >>> holds_images(pathlib.Path("nowhere"))
    False
    """
    return not path.name.startswith(".") and any(map(_is_image, _files_below(path)))


def images_below(path: pathlib.Path) -> list[pathlib.Path]:
    """Every image file below the directory `path`, sorted, hidden ones left out.

    >>> images_below(pathlib.Path("nowhere"))
    []
    """
    return sorted(file for file in _files_below(path) if _is_image(file))


def image_names_below(path: pathlib.Path, without: pathlib.Path) -> list[str]:
    """Paths of every image file below the directory `path`, relative to it, in the order of
    `images_below`. The directory `without` is left out. A million need about 100 MB.

    >>> image_names_below(pathlib.Path("nowhere"), pathlib.Path("out"))
    []
    """
    # The separator sorts before every other character, as it does in lists of folders' names.
    names = sorted(
        file.relative_to(path).as_posix().replace("/", "\0")
        for file in _files_below(path, os.path.realpath(without))
        if _is_image(file)
    )
    return [name.replace("\0", "/") for name in names]


def list_images(path: pathlib.Path, split: str, labels: str | os.PathLike | None = None) -> Listing:
    """The image files of one split of the directory `path`.

    The classes of every split are those of train/ where there is one, so that labels agree between
    splits. The split "unlabeled" has none.

    Args:
        labels: a table, as `read_labels` takes it. The files that it labels are the split "train",
            all others "unlabeled"; folders mean nothing then.

    Raises:
        ValueError: no such split, no images, images beside folders of images, splits beside
            classes, and what `read_labels` refuses.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as photos:
    ...     pathlib.Path(photos, "cat").mkdir()
    ...     pathlib.Path(photos, "cat", "a.png").touch()
    ...     list_images(pathlib.Path(photos), "train")[1:3]
    (array([0]), ['cat'])
    """
    if labels is not None:
        listings = _by_table(path, labels)
        check_split(path, split, sorted(listings))
        return listings[split]
    folders = _split_folders(path)
    check_split(path, split, _splits(folders))
    if split == UNLABELED:
        files, others = _images_and_others(folders[split])
        return Listing(files, unread=others)
    root = folders.get(split, path)
    listing = _class_folders(root, folders.get(UNLABELED))
    if root != path:
        beside = tuple(file for file in _entries(path) if _is_image(file))
        listing = listing._replace(unread=listing.unread + _lost(path) + beside)
    if listing.classes is None or "train" not in folders:
        return listing
    trained = [folder.name for folder in _folders(folders["train"]) if holds_images(folder)]
    if unknown := sorted(set(listing.classes) - set(trained)):
        raise ValueError(f"{root}: class folders {unknown[:3]} are not in {folders['train']}.")
    names = np.array(listing.classes)[listing.labels]
    return listing._replace(labels=np.searchsorted(trained, names), classes=trained)


def warn_of_unread(path: pathlib.Path, unread: tuple[pathlib.Path, ...], stacklevel: int) -> None:
    """One warning that counts and names what a listing leaves out; none for nothing.

    >>> warn_of_unread(pathlib.Path("photos"), (), 2)
    """
    if not unread:
        return
    names = ", ".join(str(file.relative_to(path)) for file in unread[:3])
    message = f"{path}: {len(unread)} files or folders are left out, {_counted(unread)}; {names}."
    files = itertools.chain(unread, *map(_files_below, unread))
    if any(_ending(file) in (".heic", ".heif") for file in files):
        message += " Pillow reads HEIC after `pillow_heif.register_heif_opener()`."
    warnings.warn(message, stacklevel=stacklevel + 1)


def _counted(unread):
    """How many there are of each ending, in words."""
    kinds = ["folders without images" if file.is_dir() else _ending(file) for file in unread]
    return ", ".join(f"{n} {kind}" for kind, n in collections.Counter(kinds).most_common())


def _by_table(path, table):
    """{split: Listing}: the files that a table labels, and all others if there are any."""
    files, unread = _images_and_others(path)
    if not files:
        raise _no_images(path)
    label_of = read_labels(table, path, files)
    names = set(label_of.values())
    classes = sorted(names, key=int if all(map(str.isdecimal, names)) else str)
    numbers = {name: number for number, name in enumerate(classes)}
    labeled = [file for file in files if file in label_of]
    labels = np.array([numbers[label_of[file]] for file in labeled])
    listings = {"train": Listing(labeled, labels, classes, unread)}
    if rest := [file for file in files if file not in label_of]:
        listings[UNLABELED] = Listing(rest, unread=unread)
    return listings


def _split_folders(path):
    """{split: its folder}; refused beside folders that would be classes."""
    folders, classes = {}, []
    for folder in filter(holds_images, _folders(path)):
        split = SPLITS.get(folder.name.lower())
        if split is None:
            classes.append(folder.name)
        elif split in folders:
            got = f"the folders {folders[split].name} and {folder.name}"
            raise refused(path, got, f"have one folder for the split {split}")
        else:
            folders[split] = folder
    splits = [folder.name for split, folder in folders.items() if split != UNLABELED]
    if splits and classes:
        got = f"{', '.join(splits)}, which name splits, beside {', '.join(classes[:5])}"
        needed = "hold splits or classes (rename a class that is named like a split)"
        raise refused(path, got, f"{needed}, or be loaded folder by folder")
    return folders


def _splits(folders):
    """The names of the splits; those without a folder of their own are "train"."""
    return sorted(folders if set(folders) - {UNLABELED} else {"train", *folders})


def _class_folders(root, unlabeled):
    """The listing of a split with its own classes, the folder `unlabeled` aside."""
    flat = [entry for entry in _entries(root) if _is_image(entry) and not entry.is_dir()]
    folders = {}
    unread = _lost(root)
    for folder in _folders(root):
        files, others = _images_and_others(folder)
        if folder != unlabeled and files:
            folders[folder] = files
            unread += others
    if flat and folders:
        raise ValueError(
            f"{root}: has both images and folders of images ({next(iter(folders)).name}); need "
            "one kind."
        )
    if flat:
        return Listing(flat, unread=unread)
    if not folders:
        raise _no_images(root)
    for folder in folders:
        if len(_folders(folder)) > 1 and not any(_is_image(entry) for entry in _entries(folder)):
            raise ValueError(
                f"{root}: its folders hold folders of images; load one of them, such as {folder}."
            )
    labels = np.repeat(np.arange(len(folders)), [len(files) for files in folders.values()])
    classes = [folder.name for folder in folders]
    files = list(itertools.chain.from_iterable(folders.values()))
    return Listing(files, labels, classes, unread)


def _lost(root):
    """What of a folder itself is no image, and its folders without images, as a tuple."""
    lost = []
    for entry in _entries(root):
        if not entry.is_dir():
            lost += [] if _is_image(entry) or _is_sidecar(entry) else [entry]
        elif not holds_images(entry):
            files = list(_files_below(entry))
            lost += [] if files and all(map(_is_sidecar, files)) else [entry]
    return tuple(lost)


def _no_images(path):
    _, others = _images_and_others(path)
    beside = f"; it holds {_counted(others)}" if others else ""
    endings = " ".join(sorted(readable_endings()))
    return ValueError(f"{path}: no image files found ({endings}){beside}.")


def _entries(folder):
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _folders(folder):
    return [entry for entry in _entries(folder) if entry.is_dir()]


def _images_and_others(folder):
    """The image files below a folder, and the other files that are no sidecars, both sorted."""
    images, others = [], []
    for file in sorted(_files_below(folder)):
        if _is_image(file):
            images.append(file)
        elif not _is_sidecar(file):
            others.append(file)
    return images, tuple(others)


def _files_below(folder, without=None) -> Iterator[pathlib.Path]:
    """Files, lazily, in no order; hidden files and folders are left out, and so is the folder
    `without`, a real path. Links to folders are followed, and no folder is read twice: a link may
    lead to a folder above it.
    """
    known = {without}
    for parent, folders, names in os.walk(folder, followlinks=True):
        if (itself := os.path.realpath(parent)) in known:
            folders.clear()
            continue
        known.add(itself)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (pathlib.Path(parent, name) for name in names if not name.startswith("."))


def _is_image(file):
    return _ending(file) in readable_endings()


def _is_sidecar(file):
    return _ending(file) in SIDECARS


def _ending(file):
    return file.suffix.lower() or "without an ending"
