"""`sslzoo compare`: runs beside each other."""

from typing import Annotated

import typer

from sslzoo.cli.shared import Json
from sslzoo.cli.terminal import print_json, print_table


def command(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN RUN ...", help="Folders of runs, or models.")
    ],
    as_json: Json = False,
) -> None:
    """Compare runs: the settings that differ, the curves of their logs, what was measured.

    Example:
        >>> from sslzoo.cli.compare import command
        >>> command(["simclr_resnet20.digits"])
        Traceback (most recent call last):
        ValueError: compare: got 1; it must be at least two runs.
    """
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
