"""`sslzoo data`: the data sets at hand."""

import os
from typing import Annotated

import typer

from sslzoo.cli.shared import Json
from sslzoo.cli.terminal import print_dataset, print_json, print_table


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A data set at hand, or a path.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The data sets on this machine; of one, its splits, shapes and classes. Downloads and writes
    nothing.
    """
    if name is None:
        from sslzoo.data import available

        rows = [{"name": known, "kind": kind, "where": where} for known, kind, where in available()]
        if as_json:
            return print_json(rows)
        print_table(("data set", "kind", "where"), [tuple(row.values()) for row in rows])
        if "SSLZOO_DATA" not in os.environ:
            print("Set SSLZOO_DATA to a folder of .npz files or image folders to see yours.")
        return None
    from sslzoo.data.describe import describe

    splits = describe(name)
    if as_json:
        return print_json(splits)
    return print_dataset(splits)
