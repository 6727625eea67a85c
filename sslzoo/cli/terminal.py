"""Results and errors as a terminal shows them; rich is imported when a table is printed."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def console(stderr: bool = False) -> Any:
    """A rich console that does not cut tables where nobody watches.

    >>> console().width
    160
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 160, highlight=False)


def print_table(titles: Sequence[str], rows: Iterable[tuple], right: Sequence[int] = ()) -> None:
    """A table with a line under its titles; the columns `right` (numbers) are aligned to the right.

    >>> rows = [("simclr", 1.5)]
    >>> print_table(("model", "MB"), rows, right=[1])  # doctest: +NORMALIZE_WHITESPACE
    model MB
    ────────────
    simclr 1.5
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column, title in enumerate(titles):
        justify = "right" if column in right else "left"
        # The first column has the names that one copies.
        table.add_column(title, justify=justify, overflow="fold", no_wrap=column == 0)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console().print(table)


def print_record(record: dict) -> None:
    """An evaluation: its first figures, what they are to be compared with, and the settings that
    made them.

    >>> record = {"protocol": "knn", "accuracy": 0.9, "baselines": {"raw_pixels": 0.5}}
    >>> print_record(record | {"settings": {"k": 5}})  # doctest: +ELLIPSIS +NORMALIZE_WHITESPACE
    knn of 95 %
    ...
    k 5
    """
    from sslzoo.evaluate.figures import settings_text, table_rows

    print_table((record["protocol"], "of", "", "95 %"), table_rows(record), right=[2])
    console().print(settings_text(record), style="dim")


def print_transfer(rows: list[dict]) -> None:
    """The table of `sslzoo eval --transfer`: a line for each data set and encoder.

    >>> figures = {"probe_10": 0.5, "probe_10_95": [0.4, 0.6], "probe": 0.7, "knn": 0.6}
    >>> row = {"set": "mnist", "classes": 10, "n_train": 900, "figures": {"raw_pixels": figures}}
    >>> print_transfer([row])  # doctest: +ELLIPSIS +NORMALIZE_WHITESPACE
    data set encoder 10 labels a class all labels kNN
    ...
    mnist (10 classes) raw pixels 50.0 % ± 10.0 70.0 % (900) 60.0 %
    """
    from sslzoo.evaluate.figures import transfer_cells

    titles = ("data set", "encoder", "10 labels a class", "all labels", "kNN")
    print_table(titles, transfer_cells(rows), right=[2, 3, 4])


def print_json(value: Any) -> None:
    """Plain data, for scripts.

    >>> print_json({"k": 5})
    {
     "k": 5
    }
    """
    print(json.dumps(value, indent=1, ensure_ascii=False))


def print_result(result: dict, sentence: str, as_json: bool) -> None:
    """What a command did, as JSON or in a sentence.

    >>> print_result({"out": "a.csv", "rows": 3}, "a.csv: 3 rows", as_json=False)
    a.csv: 3 rows
    """
    if as_json:
        return print_json(result)
    return print(sentence)


def print_dataset(splits: list[dict]) -> None:
    """What `sslzoo.data.describe` returns; files that are damaged or left out go to stderr.

    >>> split = {"split": "train", "field": "vectors", "vectors": 9, "shape": [3]}
    >>> split |= {"dtype": "float32", "labels": None}
    >>> print_dataset([split])  # doctest: +ELLIPSIS +NORMALIZE_WHITESPACE
    split vectors shape classes vectors per class
    ...
    train 9 3 float32 no labels
    """
    field = splits[0]["field"]
    titles = ("split", field, "shape", "classes", f"{field} per class")
    rows = []
    for split in splits:
        rows.append((split["split"], f"{split[field]:,}", shape_text(split), *class_texts(split)))
    print_table(titles, rows, right=[1])
    for split in splits:
        for file, reason in split.get("unreadable", {}).items():
            print(f"{split['split']}: {file} cannot be read: {reason}", file=sys.stderr)
        if files := split.get("not_read"):
            more = ", ..." if files[5:] else ""
            named = f"{', '.join(files[:5])}{more}"
            print(
                f"{split['split']}: {len(files)} files or folders are not read: {named}",
                file=sys.stderr,
            )


def shape_text(split: dict) -> str:
    """The shape and dtype of a split's items in a few words.

    >>> shape_text({"shape": [8, 8], "dtype": "uint8"})
    '8 x 8 uint8'
    """
    shape = split["shape"]
    if isinstance(shape, str):  # of many sizes
        return shape
    return f"{' x '.join(map(str, shape))} {split['dtype']}"


def class_texts(split: dict) -> tuple[str, str]:
    """(classes, images per class) in a few words.

    >>> class_texts({"labels": [7, 9], "classes": ["cat", "dog"]})
    ('2: cat, dog', '7 to 9')
    """
    counts, classes = split["labels"] or split.get("shown"), split.get("classes")
    if counts is None:
        return "no labels", ""
    low, high = min(counts), max(counts)
    per_class = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    if not isinstance(classes, list) or not classes:
        return f"{len(counts)}", per_class
    more = ", ..." if len(classes) > 12 else ""
    return f"{len(counts)}: {', '.join(classes[:12])}{more}", per_class


def told(error: BaseException) -> int:
    """Print an exception as a sentence on stderr; the exit code that it means.

    >>> told(ValueError("k: got 0; it must be an integer of at least 1.")), told(MemoryError())
    (2, 1)
    """
    bad_input = isinstance(
        error, (ValueError, TypeError, FileNotFoundError, NotADirectoryError, ModuleNotFoundError)
    )
    known = bad_input or isinstance(error, (OSError, FloatingPointError, MemoryError))
    name = "" if known and str(error) else f"{type(error).__name__}: "
    hint = "" if known else " (SSLZOO_DEBUG=1 shows where)"
    print(f"Error: {name}{error}{hint}", file=sys.stderr)
    return 2 if bad_input else 1
