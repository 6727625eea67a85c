"""A static site of the zoo: a table of all models, and a page with pictures for each."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sslzoo.checks import local_path, refused
from sslzoo.evaluate.figures import number
from sslzoo.files import make_folder, replace_file
from sslzoo.notices import notice
from sslzoo.progress import progress
from sslzoo.report.curves import curve_pictures, task_pictures
from sslzoo.report.enlarged import enlarged
from sslzoo.report.pages import page
from sslzoo.report.pictures import Look, attempt, look_at, pictures
from sslzoo.report.records import model_rows
from sslzoo.zoo.places import is_at_hand

COLUMNS = [
    *(("Model", False), ("Family", False), ("Task", False), ("Network", False), ("Data", False)),
    *(("Measured", False), ("Here", True), ("Weights", True)),
]
NOTHING = Look(None, None, None)
CHOICES = ("family", "task", "weights")


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
        name, problems = row["name"], []
        text = attempt(problems, "This page could not be made", model_page, name)
        text = text or _page_of_problems(name, problems)
        replace_file(folder / "models" / f"{name}.html", text.encode())
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
    """The card of an entry with its pictures, as HTML of a page in the folder `models`. Nothing is
    downloaded. What cannot be drawn is named in a sentence.

    >>> "Maps of embeddings</h2>" in model_page("simclr_resnet20.digits")
    True
    """
    from sslzoo.report.hover import hover_maps
    from sslzoo.zoo.entry import Entry
    from sslzoo.zoo.markdown_card import content

    entry = Entry.find(name).with_run()
    problems = []
    look = attempt(problems, "The model could not be loaded", _look, entry) or NOTHING
    photographs = attempt(problems, "The photographs could not be enlarged", enlarged, look.model)
    maps = attempt(problems, "The maps could not be drawn", hover_maps, look)
    drawn = pictures(look, embedding_map=False)
    failed = [f"{picture.title}: {picture.caption}" for picture in drawn if not picture.image]
    for sentence in problems + failed:
        notice(f"{name}: {sentence}")
    return page(
        "model.html",
        card=content(name),
        maps=maps,
        pictures=[*drawn, *task_pictures(entry.card.metrics)],
        curves=curve_pictures(entry),
        enlarged=photographs or [],
        missing=[*filter(None, [look.missing]), *problems],
    )


def _page_of_problems(name: str, problems: list[str]) -> str:
    """The page of an entry that cannot be read."""
    for sentence in problems:
        notice(f"{name}: {sentence}")
    card = {"title": name, "lead": "", "metadata": {"tags": [], "pipeline_tag": ""}, "sections": []}
    others = dict.fromkeys(("pictures", "curves", "enlarged"), ())
    return page("model.html", card=card, missing=problems, maps=None, **others)


def _look(entry: Any) -> Look:
    """`look_at` where the weights are on this machine: a site does not download gigabytes."""
    if entry.run is None and not is_at_hand(entry.config.model_dump(), entry.path):
        missing = "The weights are not on this machine, so there are no pictures."
        return Look(None, None, None, missing)
    return look_at(entry)


def _shown(row: dict) -> dict[str, Any]:
    """What the table says of a model: its first figure stands for all."""
    figure = next(iter(row["figures"]), None)
    measured = {"what": "", "value": "–", "unit": "", "sort": ""}
    if figure:
        unit = figure["unit"]
        value = number(figure["value"], unit)
        measured = {"what": figure["what"], "value": value, "unit": unit, "sort": figure["value"]}
    return row | measured | {"weights": _weights(row)}


def _weights(row: dict) -> str:
    if row["at_hand"]:
        return "at hand"
    return "elsewhere" if row["bytes"] or row["checkpoint"] else "none yet"
