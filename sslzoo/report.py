"""Records -> tables and pages: for the terminal, README and the demo's report.

Every figure here is read from the record of a run, none is typed. `python -m sslzoo.report
README.md` writes the table of the models between the markers of README.
"""

import functools
import sys
from pathlib import Path

from sslzoo.evaluate import protocols
from sslzoo.methods import method_family
from sslzoo.plots.report import data_uri
from sslzoo.words import duration
from sslzoo.zoo import yaml_text
from sslzoo.zoo.registry import list_models, resolve

START, END = "<!-- models:start -->", "<!-- models:end -->"


# ---- the models of the zoo -----------------------------------------------------------


def model_rows(names=None):
    """[row] of the zoo's entries, a dict each, from their YAML alone: no pydantic, no keras, a
    millisecond an entry.

    Keys: name, method, family, backbone, image_size, data, labels_per_class (None: all or none),
    default (bool), figures (see `figures`), reference (list of dicts) and, None while there is no
    record: bytes, encoding, steps, wall_seconds, device, backend.
    """
    return [_model_row(name) for name in (list_models() if names is None else names)]


def _model_row(name):
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


def _network(backbone):
    """ "resnet20, width 16" of an entry's backbone; "" of a method without a network."""
    if backbone is None:
        return ""
    backbone = backbone if isinstance(backbone, dict) else {"name": backbone}
    options = [f"{key} {value}" for key, value in backbone.items() if key != "name"]
    return ", ".join([backbone["name"], *options])


def _data_names(data):
    """The name of an entry's data set, or of each role's."""
    if isinstance(data.get("name"), str):
        return data["name"]
    return ", ".join(f"{source['name']} ({role})" for role, source in data.items())


def figures(record):
    """[{"protocol", "what", "value", "unit", "baselines"}] of a record: the first figures of each
    of its evaluations.
    """
    return [found for metric in record.get("metrics", ()) for found in metric_figures(metric)]


def metric_figures(metric):
    """The same of one evaluation; none of a protocol that has no headline."""
    known = metric.get("protocol") in protocols.names()
    headlines = protocols.headlines(metric["protocol"]) if known else []
    names = [path.partition(".")[0] for path, _, _ in headlines]
    return [
        {
            "protocol": metric["protocol"],
            "what": what.format(**metric.get("settings", {})),
            "value": functools.reduce(lambda found, key: found[key], path.split("."), metric),
            "unit": unit,
            "baselines": _baselines(metric.get("baselines", {}), name, names),
        }
        for name, (path, unit, what) in zip(names, headlines, strict=True)
    ]


def _baselines(given, name, names):
    """Those of the figure `name`: "bicubic_psnr" is of "psnr", a baseline that ends with no
    figure's name of the first.
    """
    own = {
        key.removesuffix(f"_{name}"): value
        for key, value in given.items()
        if key.endswith(f"_{name}")
    }
    plain = {
        key: value
        for key, value in given.items()
        if not any(key.endswith(f"_{other}") for other in names)
    }
    return own or (plain if name == names[0] else {})


def number(value, unit):
    """ "61.1 %" of a fraction, "31.07 dB", "0.861" without a unit."""
    return (
        f"{100 * value:.1f} %" if unit == "%" else f"{value:.2f} {unit}" if unit else f"{value:.3f}"
    )


def baselines_text(figure):
    """ "untrained encoder 33.3 %, raw pixels 31.0 %"; an en dash where there are none."""
    return (
        ", ".join(
            f"{name.replace('_', ' ')} {number(v, figure['unit'])}"
            for name, v in figure["baselines"].items()
        )
        or "–"
    )


def models_markdown(rows):
    """The table of the models for README: a line for each figure, measured on the test data named
    in the model's card.
    """
    head = (
        "Model",
        "Network",
        "Trained on",
        "Measured",
        "Baselines",
        "Here",
        "Reference (not the same setting)",
        "Weights",
        "Run",
    )
    return markdown_table(head, [line for row in rows for line in _model_lines(row)], right=(5, 7))


def _model_lines(row):
    size_text = size(row["bytes"]) if row["bytes"] else "not published"
    run = (
        f"{row['steps']:,} steps, {duration(row['wall_seconds'])}, {row['backend']}"
        if row["steps"]
        else "–"
    )
    labels = f", {row['labels_per_class']} labels a class" if row["labels_per_class"] else ""
    pixels = f", {row['image_size']} px" if row["image_size"] else ""
    own = [f"`{row['name']}`", (row["backbone"] + pixels) or "–", row["data"] + labels]
    known = [f"{reference['value']:g}: {reference['what']}" for reference in row["reference"]]
    measured = [
        (found["what"], baselines_text(found), f"**{number(found['value'], found['unit'])}**")
        for found in row["figures"]
    ]
    for index in range(max(1, len(measured), len(known))):
        what = (
            measured[index] if index < len(measured) else ("", "", "") if index else ("–", "–", "–")
        )
        reference = known[index] if index < len(known) else ""
        yield [
            *(own if index == 0 else [""] * 3),
            *what,
            reference,
            *((size_text, run) if index == 0 else ("", "")),
        ]


def markdown_table(head, body, right=()):
    """A Markdown table of strings; the columns `right` (numbers) are aligned to the right."""
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, rule, *body)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def readme_with_models(text, rows=None):
    """`text` with the table of the models between its two markers. Raises ValueError where there
    are none.
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(
            f"README: the markers {START} and {END} are missing; put both where the table belongs."
        )
    return (
        f"{before}{START}\n{models_markdown(model_rows() if rows is None else rows)}\n{END}{after}"
    )


def update_readme(path):
    """Write the table of the models into README; return whether the file changed."""
    path = Path(path)
    old = path.read_text(encoding="utf-8")
    new = readme_with_models(old)
    if new != old:
        path.write_text(new, encoding="utf-8")
    return new != old


# ---- words for numbers ---------------------------------------------------------------


def size(count):
    """Bytes as "1.23 MB"; an en dash for None."""
    return (
        "–"
        if count is None
        else f"{count / 1e6:.2f} MB"
        if count >= 1e5
        else f"{count / 1e3:.0f} kB"
    )


# ---- pages ---------------------------------------------------------------------------


def page(template, **values):
    """A page of `sslzoo/templates`, filled; text is escaped."""
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
