"""`sslzoo export`: a SavedModel for TF Serving."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import ModelName, WeightsSource, check_model, load_model, use_backend


def command(
    name: ModelName,
    out: Annotated[Path, typer.Option(help="Folder for the versions OUT/1, OUT/2, ...")],
    version: Annotated[
        str, typer.Option(metavar="N|next", help="Version number. It must not exist yet.")
    ] = "1",
    weights: WeightsSource = "default",
) -> None:
    """Export a model as a SavedModel for TensorFlow Serving.

    Example:
        >>> from sslzoo.cli.export import command
        >>> command("simclr_resnet20.digits", Path("models"), version="0")
        Traceback (most recent call last):
        ValueError: --version: got '0'; it must be a whole number of at least 1, or next.
    """
    from sslzoo.checks import local_path, refused

    check_model(name)
    out = local_path("--out", out)
    if version != "next" and not (version.isdecimal() and int(version)):
        raise refused("--version", repr(version), "be a whole number of at least 1, or next")
    use_backend("tensorflow")
    from sslzoo.serving import export as run

    with contextlib.redirect_stdout(sys.stderr):
        model = load_model(name, weights)
        written = run(model, out, version=version if version == "next" else int(version))
    print(written)
