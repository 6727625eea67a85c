"""`sslzoo export`: a SavedModel for TF Serving."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import ModelName, WeightsSource, use_backend


def command(
    name: ModelName,
    out: Annotated[Path, typer.Option(help="Folder of the versions: OUT/1, OUT/2, ...")],
    version: Annotated[
        str, typer.Option(metavar="N|next", help="An existing one is refused.")
    ] = "1",
    weights: WeightsSource = "default",
) -> None:
    """Write a SavedModel that TF Serving serves.

    Example:
        >>> from sslzoo.cli.export import command
        >>> command("simclr_resnet20.digits", Path("models"), version="0")
        Traceback (most recent call last):
        ValueError: --version: got '0'; it must be a whole number of at least 1, or next.
    """
    from sslzoo.checks import refused
    from sslzoo.zoo.registry import resolve

    resolve(name)
    if version != "next" and not (version.isdecimal() and int(version)):
        raise refused("--version", repr(version), "be a whole number of at least 1, or next")
    use_backend("tensorflow")
    import sslzoo
    from sslzoo.serving import export as run

    with contextlib.redirect_stdout(sys.stderr):
        model = sslzoo.load(name, weights=None if weights == "none" else weights)
        written = run(model, out, version=version if version == "next" else int(version))
    print(written)
