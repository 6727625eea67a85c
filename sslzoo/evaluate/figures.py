"""The figures of a record as text, for tables."""

import functools
from html import escape
from typing import Any

from sslzoo.evaluate import protocols


class Record(dict):
    """The result of a protocol: a dict of plain JSON that prints as a short table.

    >>> settings = {"k": 20, "n_test": 600}
    >>> record = {"protocol": "knn", "accuracy": 0.9, "confidence_95": [0.87, 0.92]}
    >>> Record(record | {"baselines": {"raw_pixels": 0.5}, "settings": settings, "seconds": 1.5})
    kNN, k 20: this model    90.0 %  (95 %: 87.0 % to 92.0 %)
    kNN, k 20: raw pixels    50.0 %
    k 20, n_test 600; 1.5 s. All of it: dict(record)
    """

    def __repr__(self) -> str:
        rows = [(f"{row[0]}: {row[1]}", *row[2:]) for row in table_rows(self)]
        wide = max((len(what) for what, _, _ in rows), default=0)
        lines = []
        for what, value, interval in rows:
            line = f"{what:<{wide}}  {value:>8}"
            lines.append(f"{line}  (95 %: {interval})" if interval else line)
        return "\n".join([*lines, self._below()])

    def _repr_html_(self) -> str:
        """For notebooks."""
        titles = "".join(f"<th>{title}</th>" for title in (self["protocol"], "of", "", "95 %"))
        rows = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in table_rows(self)]
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><tr>{titles}</tr>{body}</table><small>{escape(self._below())}</small>"

    def _below(self) -> str:
        seconds = f"; {self['seconds']:.1f} s" if "seconds" in self else ""
        return f"{settings_text(self)}{seconds}. All of it: dict(record)"


def table_rows(record: dict) -> list[tuple[str, str, str, str]]:
    """[(figure, of what, value, 95 % interval)] of a record, "" where there is no interval.

    >>> record = {"protocol": "accuracy", "accuracy": 0.5, "baselines": {"untrained": 0.1}}
    >>> table_rows(record)
    [('accuracy', 'this model', '50.0 %', ''), ('accuracy', 'untrained', '10.0 %', '')]
    """
    rows, interval = [], record.get("confidence_95")
    for figure in metric_figures(record):
        what, unit = figure["what"], figure["unit"]
        limits = " to ".join(number(limit, unit) for limit in interval or ())
        rows.append((what, "this model", number(figure["value"], unit), limits))
        interval = None  # of the first figure alone
        for baseline, value in figure["baselines"].items():
            rows.append((what, baseline.replace("_", " "), number(value, unit), ""))
    if not rows:  # what a method tells of itself has no headline
        values = [(name, value) for name, value in record.items() if isinstance(value, float)]
        rows = [(name, "this model", number(value, ""), "") for name, value in values]
    return rows


def transfer_cells(rows: list[dict]) -> list[tuple[str, str, str, str, str]]:
    """[(data set, encoder, 10 labels a class, all labels, kNN)] of a table of transfer, in percent.

    >>> figures = {"probe_10": 0.5, "probe_10_95": [0.4, 0.6], "probe": 0.7, "knn": 0.6}
    >>> row = {"set": "mnist", "classes": 10, "n_train": 900, "figures": {"raw_pixels": figures}}
    >>> transfer_cells([row])
    [('mnist (10 classes)', 'raw pixels', '50.0 % ± 10.0', '70.0 % (900)', '60.0 %')]
    """
    cells = []
    for row in rows:
        first = f"{row['set']} ({row['classes']} classes)"
        for encoder, figures in row["figures"].items():
            low, high = figures["probe_10_95"]
            few = f"{number(figures['probe_10'], '%')} ± {50 * (high - low):.1f}"
            every = f"{number(figures['probe'], '%')} ({row['n_train']:,})"
            name = encoder.replace("_", " ")
            cells.append((first, name, few, every, number(figures["knn"], "%")))
            first = ""
    return cells


def settings_text(record: dict) -> str:
    """The settings that fit in a line.

    >>> settings_text({"settings": {"k": 5, "item_shape": [8, 8, 1]}})
    'k 5'
    """
    settings = record.get("settings", {}).items()
    plain = [f"{key} {value}" for key, value in settings if isinstance(value, int | float | str)]
    return ", ".join(plain)


def metric_figures(metric: dict) -> list[dict]:
    """[{"protocol", "what", "value", "unit", "baselines"}] of a record; none of a protocol that has
    no headline.

    >>> figure = metric_figures({"protocol": "knn", "accuracy": 0.9, "settings": {"k": 5}})[0]
    >>> figure["value"], figure["unit"]
    (0.9, '%')
    """
    known = metric.get("protocol") in protocols.names()
    headlines = protocols.headlines(metric["protocol"]) if known else []
    names = [path.partition(".")[0] for path, _, _ in headlines]
    figures = []
    for name, (path, unit, what) in zip(names, headlines, strict=True):
        figure = {
            "protocol": metric["protocol"],
            "what": what.format(**metric.get("settings", {})),
            "value": functools.reduce(lambda part, key: part[key], path.split("."), metric),
            "unit": unit,
            "baselines": _baselines(metric.get("baselines", {}), name, names),
        }
        figures.append(figure)
    return figures


def number(value: float, unit: str) -> str:
    """A figure with its unit; "%" is of a fraction.

    >>> number(0.611, "%"), number(31.07, "dB"), number(0.861, ""), number(0.03279, "")
    ('61.1 %', '31.07 dB', '0.861', '0.0328')
    """
    if unit == "%":
        return f"{100 * value:.1f} %"
    if unit:
        return f"{value:.2f} {unit}"
    return f"{value:.3f}" if abs(value) >= 0.1 else f"{value:.3g}"


def _baselines(given: dict[str, Any], name: str, names: list[str]) -> dict:
    """Those of the figure `name`: "bicubic_psnr" is of "psnr". A baseline that ends with no
    figure's name is of the first.
    """
    ending = f"_{name}"
    named = {k.removesuffix(ending): value for k, value in given.items() if k.endswith(ending)}
    if name != names[0]:
        return named
    endings = tuple(f"_{other}" for other in names)
    return named | {key: value for key, value in given.items() if not key.endswith(endings)}
