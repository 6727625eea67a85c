"""Labels of image files, from a table of paths and labels."""

import csv
import os
import pathlib
from collections.abc import Sequence

from sslzoo.checks import local_path, refused

DELIMITERS = ",;\t"


def read_labels(
    table: str | os.PathLike, folder: pathlib.Path, files: Sequence[pathlib.Path]
) -> dict[pathlib.Path, str]:
    """Read {file: label} from a table.

    Args:
        table: A CSV file with two columns, path and label, with or without a header. Commas,
            semicolons or tabs separate them. A path is relative to `folder` or to the table. It may
            omit the ending of its file. A row without a label is ignored. The table may be in
            `folder`.
        files: The image files below `folder`.

    Raises:
        ValueError: no such table, no text, no two columns, a path that is no file of `files`, a
            file with two labels, no label at all.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     table = pathlib.Path(name, "labels.csv")
    ...     _ = table.write_text("path,label\\na.png,cat\\nb,dog\\n")
    ...     files = [pathlib.Path(name, file) for file in ("a.png", "b.png", "c.png")]
    ...     list(read_labels(table, pathlib.Path(name), files).values())
    ['cat', 'dog']
    """
    table = _find(table, folder)
    rows = _rows(table)
    known = {os.path.abspath(file.with_suffix("")): file for file in files}
    known |= {os.path.abspath(file): file for file in files}
    places = [
        known.get(os.path.abspath(folder / path)) or known.get(os.path.abspath(table.parent / path))
        for path, _ in rows
    ]
    labels = {}
    for number, (file, (path, label)) in enumerate(zip(places, rows, strict=True)):
        if not label or (file is None and number == 0):  # the first line may be a header
            continue
        if file is None:
            missing = places[1:].count(None)
            got = f"{missing} paths, such as {path!r}, of {len(rows)}"
            raise refused(f"labels: {table}", got, f"name image files below {folder}")
        if labels.setdefault(file, label) != label:
            got = f"the labels {labels[file]!r} and {label!r} of {path}"
            raise refused(f"labels: {table}", got, "give each file one label")
    if not labels:
        raise refused(f"labels: {table}", f"no label in {len(rows)} rows", "label an image")
    return labels


def _find(table, folder):
    choices = [local_path("labels", table), folder / table]
    found = next((path for path in choices if path.is_file()), None)
    if found is None:
        raise refused("labels", str(table), f"be a CSV of paths and labels, in {folder} or a path")
    return found


def _rows(table):
    """[[path, label]] of a table; an empty line is none."""
    try:
        text = table.read_text(encoding="utf-8-sig")
        delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
        rows = list(csv.reader(text.splitlines(), delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise refused(f"labels: {table}", str(error), "be a CSV in UTF-8") from None
    rows = [[cell.strip() for cell in row] for row in rows if any(row)]
    for row in rows:
        if len(row) != 2:
            needed = "have two columns, path and label"
            raise refused(f"labels: {table}", f"{len(row)} columns in the row {row}", needed)
    return rows
