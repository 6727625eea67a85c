"""Omniglot: 1,623 characters of 50 alphabets, each drawn by 20 people (Lake et al. 2015)."""

import zipfile
import zlib

import numpy as np

from sslzoo.data.area import shrink
from sslzoo.data.dataset import Dataset

SPLITS = ("background", "evaluation", "train", "validation")
ROTATED = "+rotations"
VALIDATION_ALPHABETS = 5  # of the 30 of background
SPLIT_SEED = 0
CHUNK = 1000  # images shrunk at once


def load_omniglot(path, split="background", image_size=None):
    """Characters as classes: uint8 (N, size, size), inverted as in few-shot learning: ink 255 on 0.

    path: an .npz with, for S in background and evaluation: x_S (N, 105, 105), black ink (0) on
      white as published; S_alphabet and S_character (N,) integers; S_alphabet_names,
      S_character_names.
    split: "background": 964 characters of 30 alphabets; "evaluation": 659 of 20 others, never seen
      in training; "train" and "validation": background without and with 5 whole alphabets, drawn
      with seed 0, for choosing hyperparameters. With "+rotations" the same turned by 90, 180 and
      270 degrees are classes of their own, as few-shot learning does in training (Santoro et al.
      2016; Vinyals et al. 2016): four times the images and the classes.
    image_size: shrunk by area, from 105 pixels; None: 28, as in that literature.
    Classes are named "alphabet/character", turned ones "alphabet/character@90"; rows are sorted by
    nothing but their order in the file, the turned ones behind. ValueError: no such split, or
    another kind of file.
    """
    name = split.removesuffix(ROTATED)
    if name not in SPLITS:
        raise ValueError(
            f"{path}: no split {split!r}; it has {list(SPLITS)}, each also with {ROTATED!r}."
        )
    part = "evaluation" if name == "evaluation" else "background"
    keys = [
        f"x_{part}",
        *(
            f"{part}_{key}"
            for key in ("alphabet", "character", "character_names", "alphabet_names")
        ),
    ]
    try:
        with np.load(path, allow_pickle=False) as archive:
            if missing := [key for key in keys if key not in archive.files]:
                raise KeyError(f"need the keys {missing}, got {sorted(archive.files)}")
            images, alphabets, characters, names, alphabet_names = (archive[key] for key in keys)
    except (
        OSError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError(f"{path}: not a readable Omniglot archive ({error.args[-1]}).") from None
    if name in ("train", "validation"):
        held_out = np.random.default_rng(SPLIT_SEED).permutation(len(alphabet_names))[
            :VALIDATION_ALPHABETS
        ]
        rows = np.isin(alphabets, held_out) == (name == "validation")
        images, characters = images[rows], characters[rows]
    used, labels = np.unique(characters, return_inverse=True)
    images, classes = _small(images, image_size or 28), names[used].tolist()
    if name != split:
        turns = range(4)
        classes = [
            character + (f"@{90 * turn}" if turn else "") for turn in turns for character in classes
        ]
        labels = np.concatenate([labels + turn * len(used) for turn in turns])
        images = np.concatenate([np.rot90(images, turn, axes=(1, 2)) for turn in turns])
    return Dataset(images, labels, classes, "omniglot", split)


def is_omniglot(path):
    """Whether the archive at `path` is laid out as `load_omniglot` reads it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {"x_background.npy", "background_character.npy"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _small(images, size):
    small = np.empty((len(images), size, size), "uint8")
    for start in range(0, len(images), CHUNK):
        ink = images[start : start + CHUNK] == 0
        small[start : start + CHUNK] = np.rint(255 * shrink(ink, size, size))
    return small
