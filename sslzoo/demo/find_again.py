"""Nearest neighbors: the piece of a photograph that a changed copy was made from."""

from typing import Any

import numpy as np

from sslzoo.data import Dataset
from sslzoo.demo.drawn import per_cent
from sslzoo.demo.steps import Chapter
from sslzoo.evaluate.encoders import RawPixels
from sslzoo.plots import nearest_neighbors
from sslzoo.plots.figure import png
from sslzoo.plots.neighbors import neighbors

MODEL = "simclr_resnet20.cifar10"
PIECE = 80  # pixels: five rows and eight columns of a photograph of 427 x 640
KEPT = 60  # pixels of a piece in its copy
SHOWN = (10, 18, 33, 60)
CODE = """\
model = sslzoo.load("simclr_resnet20.cifar10")
features = model.encode(images)
sslzoo.plots.nearest_neighbors(data, features)"""


def chapter(model: Any) -> Chapter:
    """Copies that are cropped, mirrored and gray, and the pieces nearest to them.

    Example:
        >>> from sslzoo.demo import find_again
        >>> find_again.chapter(model).within  # doctest: +SKIP
        '71.2 %'
    """
    originals = _pieces()
    changed = _copies(originals)
    encoders = {
        "raw pixels": RawPixels(),
        "untrained network": model.untrained(),
        "SimCLR": model,
    }
    first, pictures = {}, []
    for name, encoder in encoders.items():
        bank, queries = encoder.encode(originals.images), encoder.encode(changed.images)
        found, _ = neighbors(bank, queries, 1)
        first[name] = float((found[:, 0] == np.arange(len(changed))).mean())
        asked = (changed, queries, SHOWN, 4, originals, bank)
        pictures.append((f"{name}, {per_cent(first[name])} found (green: the right piece)", asked))
    count = len(originals)
    return Chapter(
        name="find_again",
        title="Nearest neighbors",
        measured="changed copies whose original is the nearest neighbor",
        without=f"raw pixels {per_cent(first['raw pixels'])}",
        within=per_cent(first["SimCLR"]),
        text=[
            f"Two photographs were cut into {count} pieces. Of each piece a copy was made that is "
            f"cropped, mirrored and gray. Which piece does a copy come from? SimCLR learned "
            f"without labels, on small pictures of CIFAR-10, to ignore just such changes. For "
            f"{per_cent(first['SimCLR'])} of the copies the nearest piece is the right one. "
            f"Without training the same network finds {per_cent(first['untrained network'])}, "
            f"and raw pixels find {per_cent(first['raw pixels'])}. Chance is "
            f"{per_cent(1 / count)}. The pictures show {len(SHOWN)} of the {count} copies.",
        ],
        code=CODE,
        pictures=[
            (caption, png(nearest_neighbors(*asked), 110)) for caption, asked in pictures[1:][::-1]
        ],
        results={"pieces": count, "first": first},
        checks=[
            ("SimCLR finds more copies than raw pixels", first["SimCLR"] > first["raw pixels"]),
            ("and more than without training", first["SimCLR"] > first["untrained network"]),
        ],
    )


def _pieces():
    """scikit-learn's two photographs, cut into squares; the class of each is its place."""
    from sklearn.datasets import load_sample_images

    images, names = [], []
    for name, picture in zip(("temple", "flower"), load_sample_images().images, strict=True):
        for row, letter in enumerate("ABCDE"):
            for column in range(8):
                top, left = row * PIECE, column * PIECE
                images.append(picture[top : top + PIECE, left : left + PIECE])
                names.append(f"{name} {letter}{column + 1}")
    return Dataset(np.stack(images), range(len(images)), names, "pieces")


def _copies(originals):
    """A copy of each image: a random crop, mirrored and gray."""
    from PIL import Image, ImageOps

    rng, changed = np.random.default_rng(0), []
    for image in originals.images:
        left, top = (int(place) for place in rng.integers(0, PIECE - KEPT + 1, 2))
        part = Image.fromarray(image).crop((left, top, left + KEPT, top + KEPT))
        gray = ImageOps.grayscale(ImageOps.mirror(part)).convert("RGB")
        changed.append(np.asarray(gray.resize((PIECE, PIECE))))
    return Dataset(np.stack(changed), originals.labels, originals.classes, "copies")
