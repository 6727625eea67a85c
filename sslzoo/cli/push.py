"""`sslzoo push`: a model for others, on the Hugging Face Hub or in a folder."""

import contextlib
import sys
from typing import Annotated

import typer

from sslzoo.cli.shared import Backend, Json, ModelName, check_model, use_backend
from sslzoo.cli.terminal import print_result


def command(
    name: ModelName,
    target: Annotated[str, typer.Argument(help="hf://USER/NAME, or a folder to write.")],
    private: Annotated[
        bool, typer.Option("--private", help="Make a new repository private.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a folder that sslzoo wrote before.")
    ] = False,
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Put a model with its card on the Hugging Face Hub, or into a folder. `sslzoo.load(TARGET)`
    reads it. Log in to the Hub with `hf auth login`.

    Example:
        >>> from sslzoo.cli.push import command
        >>> command("no_such_entry", "out")  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        UnknownName: Unknown model 'no_such_entry'.
    """
    check_model(name)
    use_backend(backend)
    import sslzoo

    with contextlib.redirect_stdout(sys.stderr):
        card = sslzoo.push(name, target, private=private, overwrite=overwrite)
    print_result({"name": card.name}, card.name, as_json)
