"""Omniglot: 1,623 characters of 50 alphabets, each drawn by 20 people (Lake et al. 2015)."""

import os
import pathlib
import zipfile

import numpy as np

from sslzoo.data.area import shrink
from sslzoo.data.dataset import Dataset
from sslzoo.data.read import npz

SUFFIXES = (".npz",)
SPLITS = ["background", "evaluation", "train", "validation"]
ROTATED = "+rotations"
SIZE = 28  # pixels of a side, as in the few-shot literature
VALIDATION_ALPHABETS = 5  # of the 30 of background
SPLIT_SEED = 0
CHUNK = 1000  # images shrunk at once
FIELDS = ("alphabet", "character", "character_names", "alphabet_names")


def reads(path: pathlib.Path) -> bool:
    """Whether the path is an archive laid out as `load` reads it.

    >>> reads(pathlib.Path("none.npz"))
    False
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {"x_background.npy", "background_character.npy"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def splits(path: str | os.PathLike) -> list[str]:
    """The splits, each of which there is with "+rotations" too.

    >>> splits("omniglot.npz")
    ['background', 'evaluation', 'train', 'validation']
    """
    return list(SPLITS)


def load(
    path: str | os.PathLike,
    split: str = "background",
    image_size: int | None = None,
    on_error: str = "raise",
) -> Dataset:
    """Characters as classes: uint8 (N, size, size), inverted as in few-shot learning: ink 255 on 0.

    Args:
        path: an .npz with, for S in background and evaluation: x_S (N, 105, 105), black ink (0) on
            white as published; S_alphabet and S_character (N,) integers; S_alphabet_names,
            S_character_names.
        split: "background": 964 characters of 30 alphabets; "evaluation": 659 of 20 others, never
            seen in training; "train" and "validation": background without and with 5 whole
            alphabets, drawn with seed 0, for choosing hyperparameters. With "+rotations" the same
            turned by 90, 180 and 270 degrees are classes of their own, as few-shot learning does in
            training (Santoro et al. 2016; Vinyals et al. 2016): four times the images and the
            classes.
        image_size: shrunk by area, from 105 pixels; None: 28, as in that literature.
        on_error: Not used.

    Classes are named "alphabet/character", turned ones "alphabet/character@90". Rows are in the
    order of the file, the turned ones behind.

    Raises:
        ValueError: no such split, or another kind of file.

    >>> load("omniglot.npz", "evaluation").images.shape  # doctest: +SKIP
    (13180, 28, 28)
    """
    name = split.removesuffix(ROTATED)
    if name not in SPLITS:
        raise ValueError(
            f"{path}: no split {split!r}; it has {SPLITS}, each also with {ROTATED!r}."
        )
    part = "evaluation" if name == "evaluation" else "background"
    stored = _read(path, part)
    images = stored["x"]
    characters = stored["character"]
    if name in ("train", "validation"):
        order = np.random.default_rng(SPLIT_SEED).permutation(len(stored["alphabet_names"]))
        held_out = np.isin(stored["alphabet"], order[:VALIDATION_ALPHABETS])
        rows = held_out if name == "validation" else ~held_out
        images = images[rows]
        characters = characters[rows]
    used, labels = np.unique(characters, return_inverse=True)
    classes = stored["character_names"][used].tolist()
    data = Dataset(_small(images, image_size or SIZE), labels, classes, "omniglot", split)
    return data if name == split else _turned(data)


def _read(path, part):
    """{field: array} of background or evaluation; "x" are the images."""
    keys = {"x": f"x_{part}"} | {field: f"{part}_{field}" for field in FIELDS}
    try:
        with np.load(path, allow_pickle=False) as archive:
            if missing := [key for key in keys.values() if key not in archive.files]:
                raise KeyError(f"need the keys {missing}, got {sorted(archive.files)}")
            return {field: archive[key] for field, key in keys.items()}
    except (KeyError, *npz.UNREADABLE) as error:
        raise ValueError(f"{path}: not a readable Omniglot archive ({error.args[-1]}).") from None


def _turned(data):
    """Every class four times: as it is, and turned by 90, 180 and 270 degrees."""
    angles = ["", "@90", "@180", "@270"]
    images = [np.rot90(data.images, turn, axes=(1, 2)) for turn in range(4)]
    labels = [data.labels + turn * len(data.classes) for turn in range(4)]
    classes = [character + angle for angle in angles for character in data.classes]
    return Dataset(np.concatenate(images), np.concatenate(labels), classes, data.name, data.split)


def _small(images, size):
    small = np.empty((len(images), size, size), "uint8")
    for start in range(0, len(images), CHUNK):
        ink = images[start : start + CHUNK] == 0
        small[start : start + CHUNK] = np.rint(255 * shrink(ink, size, size))
    return small
