"""`sslzoo list`: the models of the zoo, or its methods."""

from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer

from sslzoo.cli.shared import Json, use_backend
from sslzoo.cli.terminal import console, print_json, print_table

TITLES = (
    *("model", "task", "data", "size", "measured", "value", "items/s", "weights"),
    "baselines",
)
NUMBERS = ("size", "value", "items/s")
# characters of a terminal that shows these columns
WIDTHS = {190: range(9), 120: range(8), 96: (0, 3, 4, 5, 6, 7), 0: (0, 4, 5, 7)}
IMPORTED = 4  # bytes of a parameter of imported weights


def command(
    pattern: Annotated[
        str, typer.Argument(help="Part of a name, or a pattern such as '*digits'.")
    ] = "*",
    family: Annotated[str | None, typer.Option(help="List only this family of methods.")] = None,
    data: Annotated[str | None, typer.Option(help="List only models of this data set.")] = None,
    size: Annotated[
        int | None, typer.Option(help="List only models of images of this side in pixels.")
    ] = None,
    verb: Annotated[
        str | None, typer.Option(help="List only models that compute this, such as classify.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="List only models of this licence.")] = None,
    at_hand: Annotated[
        bool, typer.Option("--at-hand", help="List only models with weights on this machine.")
    ] = False,
    methods: Annotated[
        bool, typer.Option("--methods", help="List methods instead of models.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the models of the zoo with the first figure that each training run measured.

    Example:
        >>> from sslzoo.cli.list import command
        >>> command(methods=True, family="metric")  # doctest: +NORMALIZE_WHITESPACE
        method family
        ────────────────
        siamese metric
        triplet metric
    """
    from sslzoo.errors import unknown
    from sslzoo.methods import list_methods
    from sslzoo.zoo.registry import list_models

    whole = pattern if any(sign in pattern for sign in "*?[") else f"*{pattern}*"
    filters = {"data": data, "image_size": size, "verb": verb, "licence": licence}
    filters["at_hand"] = at_hand
    if verb is not None:
        use_backend(None)
    rows = _methods(whole, family) if methods else _models(whole, family, filters)
    if not rows and methods:
        raise ValueError(unknown("method", pattern, list_methods(family)))
    if not rows and list_models(whole, family):
        raise ValueError("list: no model has all of these properties; leave one out.")
    if not rows:
        raise ValueError(unknown("model", pattern, list_models(family=family)))
    if as_json:
        return print_json(rows)
    if methods:
        return print_table(("method", "family"), [tuple(row.values()) for row in rows])
    shown = next(columns for width, columns in WIDTHS.items() if console().width >= width)
    cells = [[_cells(row)[index] for index in shown] for row in rows]
    numbers = [place for place, index in enumerate(shown) if TITLES[index] in NUMBERS]
    print_table([TITLES[index] for index in shown], cells, right=numbers)
    if any(row["default"] for row in rows):
        print("* The part after the dot is optional.")
    if any(row["checkpoint"] for row in rows):
        print("(Figures in brackets) were published by the authors of the weights.")
    return None


def _methods(pattern: str, family: str | None) -> list[dict]:
    from sslzoo.methods import list_methods, method_family

    names = [name for name in list_methods(family) if fnmatchcase(name, pattern)]
    return [{"name": name, "family": method_family(name)} for name in names]


def _models(pattern: str, family: str | None, filters: dict[str, Any]) -> list[dict]:
    from sslzoo import report
    from sslzoo.zoo.registry import list_models

    return report.model_rows(list_models(pattern, family, **filters))


def _cells(row: dict) -> tuple:
    """A model as a line of the table, with its first figure."""
    from sslzoo import report

    measured, value = _published(row)
    baselines = "–"
    if row["figures"]:
        first = row["figures"][0]
        measured, value = first["what"], report.number(first["value"], first["unit"])
        baselines = report.baselines_text(first)
    name = row["name"] + (" *" if row["default"] else "")
    speed = f"{row['speed']['per_second']:,.0f}" if row["speed"] else "–"
    about = (name, row["task"], row["data"], report.size(_bytes(row)))
    return *about, measured, value, speed, _weights(row), baselines


def _published(row: dict) -> tuple[str, str]:
    """The first figure that the authors of a checkpoint published of it."""
    from sslzoo import report
    from sslzoo.report.tables import reference_unit

    if not row["checkpoint"] or not row["reference"]:
        return "–", "–"
    known = row["reference"][0]
    return known["what"], f"({report.number(known['value'], reference_unit(known))})"


def _bytes(row: dict) -> int | None:
    """The size of the weights; of those of other people, what importing them makes."""
    parameters = (row["checkpoint"] or {}).get("parameters")
    return IMPORTED * parameters if parameters else row["bytes"]


def _weights(row: dict) -> str:
    """Where the weights are."""
    if row["at_hand"]:
        return "at hand"
    if row["checkpoint"]:
        return "to import"
    return "to fetch" if row["bytes"] else "none yet"
