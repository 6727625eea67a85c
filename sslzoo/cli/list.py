"""`sslzoo list`: the models of the zoo, or its methods."""

from fnmatch import fnmatchcase
from typing import Annotated

import typer

from sslzoo.cli.shared import Json
from sslzoo.cli.terminal import print_json, print_table

TITLES = ("model", "method", "network", "data", "measured", "here", "baselines", "weights")


def command(
    pattern: Annotated[str, typer.Argument(help="Part of a name, or a shell pattern.")] = "*",
    family: Annotated[str | None, typer.Option(help="Only the methods of this family.")] = None,
    methods: Annotated[
        bool, typer.Option("--methods", help="The methods instead of the models.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The models of the zoo, with the first figure that their own runs measured.

    Example:
        >>> from sslzoo.cli.list import command
        >>> command(methods=True, family="contrastive")  # doctest: +NORMALIZE_WHITESPACE
        method family
        ────────────────────
        moco contrastive
        simclr contrastive
    """
    from sslzoo.errors import unknown
    from sslzoo.methods import list_methods
    from sslzoo.zoo.registry import list_models

    whole = pattern if any(sign in pattern for sign in "*?[") else f"*{pattern}*"
    rows = _methods(whole, family) if methods else _models(whole, family)
    if not rows and methods:
        raise ValueError(unknown("method", pattern, list_methods(family)))
    if not rows:
        raise ValueError(unknown("model", pattern, list_models(family=family)))
    if as_json:
        return print_json(rows)
    if methods:
        return print_table(("method", "family"), [tuple(row.values()) for row in rows])
    print_table(TITLES, [_cells(row) for row in rows], right=(5, 7))
    if any(row["default"] for row in rows):
        print("* may be named without its tag")
    return None


def _methods(pattern: str, family: str | None) -> list[dict]:
    from sslzoo.methods import list_methods, method_family

    names = [name for name in list_methods(family) if fnmatchcase(name, pattern)]
    return [{"name": name, "family": method_family(name)} for name in names]


def _models(pattern: str, family: str | None) -> list[dict]:
    from sslzoo import report
    from sslzoo.zoo.registry import list_models

    return report.model_rows(list_models(pattern, family))


def _cells(row: dict) -> tuple:
    """A model as a line of the table, with its first figure."""
    from sslzoo import report

    measured = value = baselines = "–"
    if row["figures"]:
        first = row["figures"][0]
        measured, value = first["what"], report.number(first["value"], first["unit"])
        baselines = report.baselines_text(first)
    name = row["name"] + (" *" if row["default"] else "")
    weights = report.size(row["bytes"]) if row["bytes"] else "none yet"
    network = row["backbone"] or "–"
    return name, row["method"], network, row["data"], measured, value, baselines, weights
