"""A static site of the zoo: a table of all models, and a page with pictures for each."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from sslzoo.checks import local_path, refused
from sslzoo.evaluate.figures import number
from sslzoo.files import make_folder, replace_file
from sslzoo.progress import progress
from sslzoo.report.pages import page
from sslzoo.report.pictures import look_at, pictures
from sslzoo.report.records import model_rows

COLUMNS = [
    *(("Model", False), ("Family", False), ("Task", False), ("Network", False), ("Data", False)),
    *(("Measured", False), ("Here", True), ("Weights", True)),
]
CHOICES = ("family", "task", "weights")
CROP = (slice(100, 260), slice(200, 440))  # of scikit-learn's photograph of a flower


class Enlarged(NamedTuple):
    """A photograph enlarged by bicubic interpolation and by a model, as PNG bytes.

    >>> Enlarged(b"", b"", 4).scale
    4
    """

    before: bytes
    after: bytes
    scale: int


def write_gallery(folder: str | Path, names: Iterable[str] | None = None) -> Path:
    """Write the site. It needs no server and no network. Imports keras.

    A model whose weights or data are not on this machine has a page without pictures, which says
    what is missing.

    Args:
        folder: A new or empty folder, or one that has such a site. Its pages are written anew.
        names: Names of entries. None: all.

    Returns:
        The path of `index.html`.

    Raises:
        ValueError: The folder holds something else. ModuleNotFoundError: Bokeh is missing.

    >>> write_gallery("sslzoo")
    Traceback (most recent call last):
    ValueError: --out: got sslzoo; it must be a new or empty folder, or one with a gallery.
    """
    folder = local_path("--out", folder)
    ours = (folder / "bokeh.js").is_file()
    if folder.exists() and not ours and (not folder.is_dir() or any(folder.iterdir())):
        raise refused("--out", str(folder), "be a new or empty folder, or one with a gallery")
    if importlib.util.find_spec("bokeh") is None:
        raise ModuleNotFoundError("A gallery needs Bokeh: pip install sslzoo[gallery].")
    from sslzoo.report.hover import bokeh_scripts

    rows = model_rows(names)
    make_folder(folder / "models")
    replace_file(folder / "bokeh.js", bokeh_scripts().encode())
    for row in progress(rows, "pages", len(rows), least=1):
        replace_file(folder / "models" / f"{row['name']}.html", model_page(row["name"]).encode())
    index = folder / "index.html"
    replace_file(index, index_page(rows).encode())
    return index


def index_page(rows: list[dict]) -> str:
    """The table of models that can be sorted and filtered.

    Args:
        rows: Of `sslzoo.report.model_rows`.

    >>> "simclr_resnet20.digits" in index_page(model_rows(["simclr_resnet20.digits"]))
    True
    """
    shown = [_shown(row) for row in rows]
    choices = {field: sorted({row[field] for row in shown}) for field in CHOICES}
    return page("gallery.html", rows=shown, columns=COLUMNS, choices=choices)


def model_page(name: str) -> str:
    """The card of an entry with its pictures, as HTML of a page in the folder `models`.

    >>> "<h2>Map of embeddings</h2>" in model_page("simclr_resnet20.digits")
    True
    """
    from sslzoo.report.hover import hover_map
    from sslzoo.zoo.entry import Entry
    from sslzoo.zoo.markdown_card import content

    entry = Entry.find(name)
    look = enlarged = None
    missing = ""
    try:
        enlarged = _enlarged(entry)
        look = look_at(entry)
    except (ValueError, OSError) as error:
        missing = f"There are no pictures here: {error}"
    return page(
        "model.html",
        card=content(name),
        map=hover_map(look) if look else None,
        pictures=pictures(look, embedding_map=False),
        enlarged=enlarged,
        missing=missing,
    )


def _shown(row: dict) -> dict[str, Any]:
    """What the table says of a model: its first figure stands for all."""
    figure = next(iter(row["figures"]), None)
    measured = {"what": "", "value": "–", "sort": -1}
    if figure:
        value = number(figure["value"], figure["unit"])
        measured = {"what": figure["what"], "value": value, "sort": figure["value"]}
    return row | measured | {"weights": "at hand" if row["at_hand"] else "elsewhere"}


def _enlarged(entry: Any) -> Enlarged | None:
    """A bundled photograph, shrunk and enlarged again; None for a model without `upscale`."""
    from sslzoo import methods

    if "upscale" not in methods.method_class(entry.config.method).verbs:
        return None
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_sample_image

    import sslzoo

    model = sslzoo.load(entry.path)
    scale = model.scale
    flower = load_sample_image("flower.jpg")[CROP]
    height, width = (side // scale * scale for side in flower.shape[:2])
    flower = Image.fromarray(flower).crop((0, 0, width, height))
    small = flower.resize((width // scale, height // scale), Image.Resampling.BICUBIC)
    large = model.upscale(np.asarray(small)[None])[0]
    before = small.resize((width, height), Image.Resampling.BICUBIC)
    return Enlarged(_png(before), _png(Image.fromarray(large)), scale)


def _png(image: Any) -> bytes:
    import io

    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
