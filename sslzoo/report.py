"""Records -> tables and pictures: for the terminal, README and the demo's report.

Every figure here is read from the record of a run, none is typed. `python -m sslzoo.report README.md` writes the table
of the models between the markers of README.
"""

import base64
import sys
from io import BytesIO
from pathlib import Path

from sslzoo.methods import method_family
from sslzoo.zoo import yaml_text
from sslzoo.zoo.registry import list_models, resolve
from sslzoo.zoo.words import duration

START, END = "<!-- models:start -->", "<!-- models:end -->"
INK, MUTED, ACCENT = "#1f2933", "#7b8794", "#2a6f97"
# Ten classes that stay apart in print and for most colour-blind readers (Tableau 10, darkened a little).
CLASS_COLOURS = (
    *("#3a6ea5", "#e08214", "#4d9a51", "#c0392b", "#7d5ba6"),
    *("#8c6044", "#d16ba5", "#6b7280", "#b2a429", "#2aa5b3"),
)


# ---- the models of the zoo -----------------------------------------------------------------------------------


def model_rows(names=None):
    """[row] of the zoo's entries, a dict each, from their YAML alone: no pydantic, no keras, a millisecond an entry.

    Keys: name, method, family, backbone, image_size, data, default (bool) and, None while there is no record: knn and
    linear_probe (dicts with accuracy, k, untrained_encoder, raw_pixels), bytes, encoding, steps, wall_seconds, device,
    backend.
    """
    return [_model_row(name) for name in (list_models() if names is None else names)]


def _model_row(name):
    entry = yaml_text.read(resolve(name))
    backbone = entry["backbone"] if isinstance(entry["backbone"], dict) else {"name": entry["backbone"]}
    options = [f"{key} {value}" for key, value in backbone.items() if key != "name"]
    record = entry.get("record") or {}
    weights = record.get("weights") or {}
    return {
        "name": name,
        "method": entry["method"],
        "family": method_family(entry["method"]),
        "backbone": ", ".join([backbone["name"], *options]),
        "image_size": entry["image_size"],
        "data": entry["data"]["name"],
        "default": entry.get("default", False),
        "knn": _figures(record, "knn"),
        "linear_probe": _figures(record, "linear_probe"),
        "bytes": weights.get("bytes"),
        "encoding": weights.get("encoding"),
        **{key: record.get(key) for key in ("steps", "wall_seconds", "device", "backend")},
    }


def _figures(record, protocol):
    """The first evaluation of that protocol in a record: its accuracy and the baselines beside it."""
    for metric in record.get("metrics", ()):
        if metric.get("protocol") == protocol:
            settings = {key: metric["settings"][key] for key in ("k", "test_name") if key in metric.get("settings", {})}
            return {"accuracy": metric["accuracy"], **settings, **metric.get("baselines", {})}
    return None


def models_markdown(rows):
    """The table of the models for README. Accuracies are per cent on the test split named in each card."""
    head = ("Model", "Method", "Network", "Trained on", "kNN", "untrained", "raw pixels", "Linear probe", "Weights", "Run")
    body = [
        [
            f"`{row['name']}`",
            row["method"],
            f"{row['backbone']}, {row['image_size']} px",
            row["data"],
            f"**{per_cent(row['knn'])}**" if row["knn"] else "–",
            per_cent(row["knn"], "untrained_encoder"),
            per_cent(row["knn"], "raw_pixels"),
            per_cent(row["linear_probe"]),
            size(row["bytes"]) if row["bytes"] else "not published",
            f"{row['steps']:,} steps, {duration(row['wall_seconds'])}, {row['backend']}" if row["steps"] else "–",
        ]
        for row in rows
    ]
    return markdown_table(head, body, right=range(4, 9))


def markdown_table(head, body, right=()):
    """A Markdown table of strings; the columns `right` (numbers) are aligned to the right."""
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, rule, *body)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def readme_with_models(text, rows=None):
    """`text` with the table of the models between its two markers. Raises ValueError where there are none."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"README: the markers {START} and {END} are missing; put both where the table belongs.")
    return f"{before}{START}\n{models_markdown(model_rows() if rows is None else rows)}\n{END}{after}"


def update_readme(path):
    """Write the table of the models into README; return whether the file changed."""
    path = Path(path)
    old = path.read_text(encoding="utf-8")
    new = readme_with_models(old)
    if new != old:
        path.write_text(new, encoding="utf-8")
    return new != old


# ---- words for numbers ---------------------------------------------------------------------------------------


def per_cent(figures, key="accuracy"):
    """ "51.2" of a dict of fractions; an en dash where there is none."""
    value = (figures or {}).get(key)
    return "–" if value is None else f"{100 * value:.1f}"


def size(count):
    """Bytes as "1.23 MB"; an en dash for None."""
    return "–" if count is None else f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"


# ---- pictures: PNG bytes -------------------------------------------------------------------------------------


def maps_png(panels, labels, classes):
    """2-D maps beside each other, points coloured by class.

    panels: [(title, points (N, 2))]. labels: (N,) integers into `classes` (names).
    """
    figure = _figure(3.9 * len(panels), 4.3)
    for number, (title, points) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), number)
        for label, name in enumerate(classes):
            rows = labels == label
            colour = CLASS_COLOURS[label % len(CLASS_COLOURS)]
            axes.scatter(*points[rows].T, s=15, color=colour, alpha=0.85, linewidths=0, label=name)
        axes.set_title(title, fontsize=11.5, color=INK, pad=10)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.margins(0.04)
        for spine in axes.spines.values():
            spine.set_color("#e4e7eb")
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        names,
        loc="lower center",
        ncols=len(classes),
        frameon=False,
        fontsize=10.5,
        markerscale=1.9,
        handletextpad=0.1,
        columnspacing=1.3,
        labelcolor=INK,
    )
    figure.subplots_adjust(left=0.01, right=0.99, top=0.9, bottom=0.11, wspace=0.05)
    return _png(figure)


def curves_png(curves, xlabel):
    """Line plots beside each other; curves: [(title, x, y)]."""
    figure = _figure(5.6 * len(curves), 3.1)
    for number, (title, x, y) in enumerate(curves, start=1):
        axes = figure.add_subplot(1, len(curves), number)
        axes.plot(x, y, color=ACCENT, linewidth=1.8)
        axes.set_title(title, fontsize=11.5, color=INK, loc="left", pad=10)
        axes.set_xlabel(xlabel, fontsize=10, color=MUTED)
        axes.tick_params(colors=MUTED, labelsize=9.5, length=0)
        axes.grid(axis="y", color="#e4e7eb", linewidth=0.8)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color("#cbd2d9")
    figure.tight_layout(w_pad=3)
    return _png(figure)


def image_png(pixels):
    """One image, uint8 (H, W) or (H, W, 3), as it is: a browser enlarges it."""
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def data_uri(png):
    """PNG bytes as the `src` of an `img`, so that a page needs no other file."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _figure(width, height):
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), facecolor="white")


def _png(figure):
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=170)
    return stream.getvalue()


# ---- pages ---------------------------------------------------------------------------------------------------


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
    environment.filters.update(per_cent=lambda value: f"{100 * value:.1f}", duration=duration, size=size, uri=data_uri)
    return environment.get_template(template).render(**values)


if __name__ == "__main__":
    for name in sys.argv[1:] or ["README.md"]:
        print(f"{name}: {'updated' if update_readme(name) else 'up to date'}")
