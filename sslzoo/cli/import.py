"""`sslzoo import`: weights of a published checkpoint."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import Backend, Json, check_model, use_backend
from sslzoo.cli.terminal import print_result


def command(
    file: Annotated[Path, typer.Argument(help="A checkpoint as its authors publish it.")],
    name: Annotated[
        str, typer.Option("--as", help="An entry of the zoo with `checkpoint:`, or such a config.")
    ],
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Convert a published checkpoint, so that its entry can be loaded. Nothing in it is executed.

    Example:
        >>> from importlib import import_module
        >>> command = import_module("sslzoo.cli.import").command
        >>> command(Path("moco.pth"), "no_such_entry")  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        UnknownName: Unknown model 'no_such_entry'.
    """
    check_model(name)
    use_backend(backend)
    from sslzoo.zoo.imported import import_checkpoint

    written = str(import_checkpoint(file, name))
    print_result({"file": written}, written, as_json)
