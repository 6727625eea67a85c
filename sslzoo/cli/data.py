"""`sslzoo data`: the data sets at hand, and a new one of a folder or an archive of images."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import Json, OnError
from sslzoo.cli.terminal import print_dataset, print_json, print_table


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A data set on this machine, or a path.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="A CSV of paths and labels, for a folder of images."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="NEW",
            help="Store this folder or archive (.zip, .tar.gz) of images as the TensorFlow data "
            "set NEW, below TFDS_DATA_DIR or ~/tensorflow_datasets.",
        ),
    ] = None,
    on_error: OnError = "raise",
    as_json: Json = False,
) -> None:
    """List the data sets on this machine, or show the splits, shapes and classes of one.

    It downloads nothing. It writes nothing without --store.

    Example:
        >>> from sslzoo.cli.data import command
        >>> command("digits")  # doctest: +ELLIPSIS +NORMALIZE_WHITESPACE
        split images shape classes images per class
        ...
        train 1,297 8 x 8 uint8 10: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 126 to 132
    """
    if name is None and (labels or store):
        option = "labels belong" if labels else "store belongs"
        raise ValueError(f"name: missing; {option} to a folder of images.")
    if store:
        return _store(name, store, labels, on_error, as_json)
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


def _store(source, name, labels, on_error, as_json):
    from sslzoo import data

    folder = data.store(source, name, labels=labels, on_error=on_error)
    if as_json:
        return print_json({"name": name, "folder": str(folder)})
    print(f"Stored in {folder}. Load it with sslzoo.data.load({name!r}, image_size=...).")
    return None
