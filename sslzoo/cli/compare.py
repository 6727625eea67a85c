"""`sslzoo compare`: runs, or methods, beside each other."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import Backend, Json, use_backend
from sslzoo.cli.terminal import print_json, print_table


def command(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN ...", help="Folders of runs, or models; with --data, methods."
        ),
    ],
    data: Annotated[
        str | None, typer.Option(help="Train methods on this data set or folder of images.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Of each method.", min=1)] = 10,
    labels: Annotated[
        Path | None, typer.Option(help="CSV of paths and labels of the images of --data.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the runs, the table and the figure.")
    ] = Path("runs/compare"),
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Compare runs: the settings that differ, the curves of their logs, what was measured.

    With --data, train several methods on the same images and compare these.

    Example:
        >>> from sslzoo.cli.compare import command
        >>> command(["simclr_resnet20.digits"])
        Traceback (most recent call last):
        ValueError: compare: got 1; it must be at least two runs.
    """
    if data is not None:
        return _methods(names, data, epochs, labels, out, backend, as_json)
    return _runs(names, as_json)


def _methods(
    names: list[str],
    data: str,
    epochs: int,
    labels: Path | None,
    out: Path,
    backend: str | None,
    as_json: bool,
) -> None:
    use_backend(backend)
    from sslzoo.words import duration
    from sslzoo.zoo.same_budget import same_budget

    with contextlib.redirect_stdout(sys.stderr):  # stdout is for the result
        found = same_budget(names, data, epochs, labels, out)
    if as_json:
        return print_json([row._asdict() for row in found])
    cells = [
        (
            row.method,
            f"{100 * row.accuracy:.1f} %",
            f"{100 * row.untrained:.1f} %",
            duration(row.seconds),
            f"{row.seconds / found[0].seconds:.2f}",
        )
        for row in found
    ]
    titles = ("method", "nearest neighbors", "untrained", "training", f"times {found[0].method}")
    print_table(titles, cells, right=(1, 2, 3, 4))
    print(f"Curves over time: {out / 'compare.png'}")
    return None


def _runs(runs: list[str], as_json: bool) -> None:
    from sslzoo.report import metric_figures, number
    from sslzoo.zoo.compare import compare, sparkline

    result = compare(runs)
    if as_json:
        return print_json(result._asdict())
    settings = [(key, *map(_shown, row)) for key, row in result.settings.items()]
    print_table(("setting", *runs), settings or [("none differs", *("" for _ in runs))])
    curves = []
    for column, logs in result.curves.items():
        known = [value for log in logs for value in log]
        if known:
            low, high = min(known), max(known)
            last = [f"{sparkline(log, low, high)} {log[-1]:.4g}" if log else "" for log in logs]
            curves.append((column, *last))
    if curves:
        print_table(("curve, last value", *runs), curves)
    figures = {}
    for index, metrics in enumerate(result.metrics):
        for metric in metrics:
            for figure in metric_figures(metric):
                row = figures.setdefault(figure["what"], [""] * len(runs))
                row[index] = number(figure["value"], figure["unit"])
    if figures:
        print_table(("measured", *runs), [(what, *row) for what, row in figures.items()])
    return None


def _shown(value: object) -> str:
    return "" if value is None else str(value)
