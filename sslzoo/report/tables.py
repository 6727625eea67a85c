"""Rows of the zoo -> Markdown tables: eight for README, all of them for docs/zoo.md."""

import re
from collections.abc import Iterable, Iterator, Sequence

from sslzoo.evaluate.figures import transfer_cells
from sslzoo.report.records import baselines_text, model_rows, number, size
from sslzoo.words import duration

START, END = "<!-- models:start -->", "<!-- models:end -->"

# One entry of each family. README shows these; docs/zoo.md has all.
SHOWN = (
    *("simclr_resnet20.cifar10", "byol_resnet20.cifar10", "flexmatch_convnet.digits"),
    *("triplet_convnet.omniglot", "icarl_mlp.mnist", "srresnet_x4.t91", "vae_mlp.mnist"),
    "tca.office_caltech10",
)

UNIT = re.compile(r"(\d) (%|dB|nats|MB|kB)")  # belong on one line of a narrow table

SHORT_HEAD = ("Model", "Trained on", "Measured", "Here", "For comparison", "Weights")
HEAD = (
    *("Model", "Network", "Trained on", "Measured", "Baselines", "Here"),
    *("Reference (not the same setting)", "Weights", "Run"),
)
PUBLISHED_HEAD = ("Model", "Network", "Trained on", "Published", "License", "File")


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


def published_markdown(rows: Iterable[dict]) -> str:
    """The table of models that other people trained, with the figures that they published.

    Args:
        rows: from `model_rows`, with a checkpoint.

    >>> published_markdown([]).splitlines()[0]
    '| Model | Network | Trained on | Published | License | File |'
    """
    lines = []
    for row in rows:
        known = row["reference"]
        figures = [
            f"{number(each['value'], reference_unit(each))} {each['what']}" for each in known
        ]
        file = (row["checkpoint"].get("url") or "").rsplit("/", 1)
        pixels = f"{row['backbone']}, {row['image_size']} px"
        cells = [f"`{row['name']}`", pixels, row["data"], ", ".join(figures)]
        lines.append([*cells, row["licence"], f"[{file[-1]}]({'/'.join(file)})"])
    return markdown_table(PUBLISHED_HEAD, lines)


def transfer_markdown(rows: list[dict]) -> str:
    """The table of transfer of one model, a line for each data set and encoder.

    >>> transfer_markdown([]).splitlines()[0]
    '| Data set | Encoder | 10 labels a class | All labels | kNN |'
    """
    head = ("Data set", "Encoder", "10 labels a class", "All labels", "kNN")
    return markdown_table(head, transfer_cells(rows), right=(2, 3, 4))


def reference_unit(reference: dict) -> str:
    """The unit of a figure that the authors of a checkpoint published.

    >>> reference_unit({"what": "PSNR on Set5"}), reference_unit({"what": "accuracy"})
    ('dB', '%')
    """
    return "dB" if reference["what"].startswith("PSNR") else "%"


def models_markdown(rows: Iterable[dict]) -> str:
    """The full table of some models: one line for each figure.

    The cards of the models name the test data.

    Args:
        rows: from `model_rows`.

    >>> models_markdown([]).splitlines()[0][:18]
    '| Model | Network '
    """
    lines = []
    for row in rows:
        lines += _model_lines(row)
    return markdown_table(HEAD, lines, right=(5, 7))


def short_markdown(rows: Iterable[dict]) -> str:
    """The short table of some models: one line for each, with its first figure and a link to the
    page of its method.

    Args:
        rows: from `model_rows`, with a record.

    >>> short_markdown([]).splitlines()[0]
    '| Model | Trained on | Measured | Here | For comparison | Weights |'
    """
    lines = []
    for row in rows:
        figure = row["figures"][0]
        model = f"[`{row['name']}`](docs/methods/{row['method']}.md)"
        value = number(figure["value"], figure["unit"])
        measured = [figure["what"], f"**{value}**", baselines_text(figure)]
        cells = [model, _trained_on(row), *measured, size(row["bytes"])]
        lines.append([UNIT.sub("\\1\N{NO-BREAK SPACE}\\2", cell) for cell in cells])
    return markdown_table(SHORT_HEAD, lines, right=(3, 5))


def _trained_on(row: dict) -> str:
    labels = f", {row['labels_per_class']} labels a class" if row["labels_per_class"] else ""
    return row["data"] + labels


def _model_lines(row: dict) -> Iterator[list[str]]:
    """The lines of a model. The first also holds what is said once."""
    pixels = f", {row['image_size']} px" if row["image_size"] else ""
    first = [f"`{row['name']}`", (row["backbone"] + pixels) or "–", _trained_on(row)]
    last = [size(row["bytes"]) if row["bytes"] else "not published", _run(row)]
    measured = [_measured(figure) for figure in row["figures"]] or [["–", "–", "–"]]
    unit = row["figures"][0]["unit"] if row["figures"] else "%"
    known = [f"{number(each['value'], unit)}: {each['what']}" for each in row["reference"]]
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
    steps = "step" if row["steps"] == 1 else "steps"
    return f"{row['steps']:,} {steps}, {duration(row['wall_seconds'])}, {row['backend']}"


def _measured(figure: dict) -> list[str]:
    value = number(figure["value"], figure["unit"])
    return [figure["what"], baselines_text(figure), f"**{value}**"]


def readme_with_models(text: str, rows: Iterable[dict] | None = None) -> str:
    """`text` with the short table of the models between its two markers.

    Args:
        rows: from `model_rows`. Default: the entries in `SHOWN`.

    Raises:
        ValueError: A marker is missing.

    >>> "| Model |" in readme_with_models(f"{START}{END}", [])
    True
    """
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    if START not in text or END not in rest:
        raise ValueError(
            f"README: the markers {START} and {END} are missing; put both where the table belongs."
        )
    table = short_markdown(model_rows(SHOWN) if rows is None else rows)
    return f"{before}{START}\n{table}\n{END}{after}"
