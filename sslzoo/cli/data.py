"""`sslzoo data`: the data sets at hand."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import Json
from sslzoo.cli.terminal import print_dataset, print_json, print_table


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A data set on this machine, or a path.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="A CSV of paths and labels, for a folder of images."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the data sets on this machine, or show the splits, shapes and classes of one.

    It downloads nothing and writes nothing.

    Example:
        >>> from sslzoo.cli.data import command
        >>> command("digits")  # doctest: +ELLIPSIS +NORMALIZE_WHITESPACE
        split images shape classes images per class
        ...
        train 1,297 8 x 8 uint8 10: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 126 to 132
    """
    if name is None and labels is not None:
        raise ValueError("name: missing; labels belong to a folder of images.")
    if name is None:
        from sslzoo.data import available

        titles, sets = ("data set", "kind", "where"), list(available())
        if as_json:
            return print_json([dict(zip(("name", *titles[1:]), row, strict=True)) for row in sets])
        print_table(titles, sets)
        if "SSLZOO_DATA" not in os.environ:
            print("Set SSLZOO_DATA to a folder of .npz files or image folders to see yours.")
        return None
    from sslzoo.data.describe import describe

    splits = describe(name, labels)
    if as_json:
        return print_json(splits)
    return print_dataset(splits)
