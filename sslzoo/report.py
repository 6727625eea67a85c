"""Records -> tables and pages: for the terminal, README and the demo's report.

Every figure here is read from the record of a run, none is typed. `python -m sslzoo.report
README.md` writes the table of the models between the markers of README.
"""

import functools
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sslzoo.evaluate import protocols
from sslzoo.methods import method_family
from sslzoo.plots.report import data_uri
from sslzoo.words import duration
from sslzoo.zoo import yaml_text
from sslzoo.zoo.registry import list_models, resolve

START, END = "<!-- models:start -->", "<!-- models:end -->"


# ---- the models of the zoo -----------------------------------------------------------


def model_rows(names: Iterable[str] | None = None) -> list[dict]:
    """A row for each of the zoo's entries, from their YAML alone: no pydantic, no keras, a
    millisecond an entry.

    Args:
        names: of the entries; None: all.

    Returns:
        Dicts with name, method, family, backbone, image_size, data, labels_per_class (None: all or
        none), default (bool), figures (see `figures`), reference (list of dicts) and, None while
        there is no record: bytes, encoding, steps, wall_seconds, device, backend.

    >>> model_rows(["simclr_resnet20.digits"])[0]["family"]
    'contrastive'
    """
    return [_model_row(name) for name in (list_models() if names is None else names)]


def _model_row(name: str) -> dict:
    entry = yaml_text.read(resolve(name))
    record = entry.get("record") or {}
    weights = record.get("weights") or {}
    return {
        "name": name,
        "method": entry["method"],
        "family": method_family(entry["method"]),
        "backbone": _network(entry.get("backbone")),
        "image_size": entry.get("image_size"),
        "data": _data_names(entry["data"]),
        "labels_per_class": (entry.get("sampler") or {}).get("labels_per_class"),
        "default": entry.get("default", False),
        "figures": figures(record),
        "reference": entry.get("reference") or [],
        "bytes": weights.get("bytes"),
        "encoding": weights.get("encoding"),
        **{key: record.get(key) for key in ("steps", "wall_seconds", "device", "backend")},
    }


def _network(backbone: dict | str | None) -> str:
    """ "resnet20, width 16" of an entry's backbone; "" of a method without a network."""
    if backbone is None:
        return ""
    backbone = backbone if isinstance(backbone, dict) else {"name": backbone}
    options = [f"{key} {value}" for key, value in backbone.items() if key != "name"]
    return ", ".join([backbone["name"], *options])


def _data_names(data: dict) -> str:
    """The name of an entry's data set, or of each role's."""
    if isinstance(data.get("name"), str):
        return data["name"]
    return ", ".join(f"{source['name']} ({role})" for role, source in data.items())


def figures(record: dict) -> list[dict]:
    """[{"protocol", "what", "value", "unit", "baselines"}] of a record: the first figures of each
    of its evaluations.

    >>> figures({})
    []
    """
    parts = [metric_figures(metric) for metric in record.get("metrics", ())]
    return [figure for part in parts for figure in part]


def metric_figures(metric: dict) -> list[dict]:
    """The same of one evaluation; none of a protocol that has no headline.

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


def _baselines(given: dict, name: str, names: list[str]) -> dict:
    """Those of the figure `name`: "bicubic_psnr" is of "psnr". A baseline that ends with no
    figure's name is of the first.
    """
    ending = f"_{name}"
    named = {k.removesuffix(ending): value for k, value in given.items() if k.endswith(ending)}
    if named or name != names[0]:
        return named
    endings = tuple(f"_{other}" for other in names)
    return {key: value for key, value in given.items() if not key.endswith(endings)}


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


def baselines_text(figure: dict) -> str:
    """The baselines of a figure; an en dash where there are none.

    >>> baselines_text({"unit": "%", "baselines": {"raw_pixels": 0.31}})
    'raw pixels 31.0 %'
    """
    unit, baselines = figure["unit"], figure["baselines"].items()
    return (
        ", ".join(f"{k.replace('_', ' ')} {number(value, unit)}" for k, value in baselines) or "–"
    )


HEAD = (
    *("Model", "Network", "Trained on", "Measured", "Baselines", "Here"),
    *("Reference (not the same setting)", "Weights", "Run"),
)


def models_markdown(rows: Iterable[dict]) -> str:
    """The table of the models for README: a line for each figure, measured on the test data named
    in the model's card.

    Args:
        rows: as of `model_rows`.

    >>> models_markdown([]).splitlines()[0][:18]
    '| Model | Network '
    """
    lines = []
    for row in rows:
        lines += _model_lines(row)
    return markdown_table(HEAD, lines, right=(5, 7))


def _model_lines(row: dict) -> Iterator[list[str]]:
    """The lines of a model: what is said of it once stands in the first."""
    labels = f", {row['labels_per_class']} labels a class" if row["labels_per_class"] else ""
    pixels = f", {row['image_size']} px" if row["image_size"] else ""
    first = [f"`{row['name']}`", (row["backbone"] + pixels) or "–", row["data"] + labels]
    last = [size(row["bytes"]) if row["bytes"] else "not published", _run(row)]
    measured = [_measured(figure) for figure in row["figures"]] or [["–", "–", "–"]]
    known = [f"{reference['value']:g}: {reference['what']}" for reference in row["reference"]]
    for index in range(max(len(measured), len(known))):
        what = measured[index] if index < len(measured) else [""] * 3
        reference = known[index] if index < len(known) else ""
        if index:
            yield [*[""] * 3, *what, reference, *[""] * 2]
        else:
            yield [*first, *what, reference, *last]


def _run(row: dict) -> str:
    if not row["steps"]:
        return "–"
    return f"{row['steps']:,} steps, {duration(row['wall_seconds'])}, {row['backend']}"


def _measured(figure: dict) -> list[str]:
    value = number(figure["value"], figure["unit"])
    return [figure["what"], baselines_text(figure), f"**{value}**"]


def markdown_table(
    head: Sequence[str], body: Iterable[Sequence[str]], right: Sequence[int] = ()
) -> str:
    """A Markdown table of strings; the columns `right` (numbers) are aligned to the right.

    >>> print(markdown_table(("model", "MB"), [("simclr", "1.5")], right=[1]))
    | model | MB |
    | --- | ---: |
    | simclr | 1.5 |
    """
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    lines = []
    for row in (head, rule, *body):
        cells = [cell.replace("|", "\\|") for cell in row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def readme_with_models(text: str, rows: Iterable[dict] | None = None) -> str:
    """`text` with the table of the models between its two markers.

    Raises:
        ValueError: a marker is missing.

    >>> "| Model |" in readme_with_models(f"{START}{END}", [])
    True
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(
            f"README: the markers {START} and {END} are missing; put both where the table belongs."
        )
    table = models_markdown(model_rows() if rows is None else rows)
    return f"{before}{START}\n{table}\n{END}{after}"


def update_readme(path: str | Path) -> bool:
    """Write the table of the models into README; whether the file changed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "README.md")
    ...     _ = path.write_text(f"{START}{END}")
    ...     update_readme(path), update_readme(path)
    (True, False)
    """
    path = Path(path)
    old = path.read_text(encoding="utf-8")
    new = readme_with_models(old)
    if new != old:
        path.write_text(new, encoding="utf-8")
    return new != old


def size(count: int | None) -> str:
    """Bytes in words; an en dash for None.

    >>> size(1_234_567), size(56_000), size(None)
    ('1.23 MB', '56 kB', '–')
    """
    if count is None:
        return "–"
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"


# ---- pages ---------------------------------------------------------------------------


def page(template: str, **values: Any) -> str:
    """A page of `sslzoo/templates`, filled; text is escaped. Raises jinja2's UndefinedError for a
    missing value.

    >>> page("demo.html")
    Traceback (most recent call last):
    jinja2.exceptions.UndefinedError: 'results' is undefined
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        per_cent=lambda value: f"{100 * value:.1f}",
        duration=duration,
        size=size,
        uri=data_uri,
    )
    return environment.get_template(template).render(**values)


if __name__ == "__main__":
    for name in sys.argv[1:] or ["README.md"]:
        print(f"{name}: {'updated' if update_readme(name) else 'up to date'}")
