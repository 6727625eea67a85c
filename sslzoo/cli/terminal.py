"""Results and errors as a terminal shows them; rich is imported when a table is printed."""

import json
import sys


def console(stderr=False):
    """A rich console that does not cut tables where nobody watches."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 160, highlight=False)


def print_table(titles, rows, right=()):
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column, title in enumerate(titles):
        table.add_column(title, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console().print(table)


def print_record(record):
    """An evaluation: its first figures, what they are to be compared with, and the settings that
    made them.
    """
    from sslzoo.report import metric_figures, number

    rows, interval = [], record.get("confidence_95")
    for found in metric_figures(record):
        for label, value in {"this model": found["value"], **found["baselines"]}.items():
            low_high = (
                " to ".join(number(limit, found["unit"]) for limit in interval) if interval else ""
            )
            rows.append(
                (found["what"], label.replace("_", " "), number(value, found["unit"]), low_high)
            )
            interval = None  # of the first figure of the model alone
    print_table((record["protocol"], "of", "", "95 %"), rows, right=[2])
    plain = {
        key: value
        for key, value in record["settings"].items()
        if isinstance(value, (int, float, str))
    }
    console().print(", ".join(f"{key} {value}" for key, value in plain.items()), style="dim")


def print_json(value):
    print(json.dumps(value, indent=1, ensure_ascii=False))


def print_dataset(splits):
    """What `sslzoo.data.describe` returns; damaged files go to stderr."""
    field = splits[0]["field"]
    print_table(
        ("split", field, "shape", "classes", f"{field} per class"),
        [(row["split"], f"{row[field]:,}", shape_text(row), *class_texts(row)) for row in splits],
        right=[1],
    )
    for row in splits:
        for file, reason in row.get("unreadable", {}).items():
            print(f"{row['split']}: {file} cannot be read: {reason}", file=sys.stderr)


def shape_text(row):
    return (
        row["shape"]
        if isinstance(row["shape"], str)
        else f"{' x '.join(map(str, row['shape']))} {row['dtype']}"
    )


def class_texts(row):
    """(classes, images per class) in a few words."""
    if row["labels"] is None:
        return "no labels", ""
    classes, low, high = row["classes"], min(row["labels"]), max(row["labels"])
    names = classes if isinstance(classes, list) else []
    text = f"{len(row['labels'])}" + (
        f": {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}" if names else ""
    )
    return text, f"{low:,}" if low == high else f"{low:,} to {high:,}"


def told(error):
    """Print an exception as a sentence; the exit code that it means."""
    bad_input = isinstance(
        error, (ValueError, TypeError, FileNotFoundError, NotADirectoryError, ModuleNotFoundError)
    )
    known = bad_input or isinstance(error, (OSError, FloatingPointError, MemoryError))
    name = "" if known and str(error) else f"{type(error).__name__}: "
    hint = "" if known else " (SSLZOO_DEBUG=1 shows where)"
    print(f"Error: {name}{error}{hint}", file=sys.stderr)
    return 2 if bad_input else 1
