"""`sslzoo export`: a SavedModel for TF Serving or another format, and whether one is served."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sslzoo.cli.shared import Json, WeightsSource, check_model, load_model, use_backend
from sslzoo.cli.terminal import print_json, print_result

if TYPE_CHECKING:
    from sslzoo.serving.conformance import Conformance


def command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="A name from `sslzoo list`, or a model's file."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the versions OUT/1, OUT/2, ...")
    ] = None,
    version: Annotated[
        str, typer.Option(metavar="N|next", help="Version number. It must not exist yet.")
    ] = "1",
    format: Annotated[
        Literal["tf_saved_model", "onnx", "litert", "openvino"],
        typer.Option(help="What to write. Others than tf_saved_model need sslzoo[FORMAT]."),
    ] = "tf_saved_model",
    weights: WeightsSource = "default",
    check: Annotated[
        Path | None, typer.Option(help="An export to check and to time, in place of a model.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Export a model as a SavedModel for TensorFlow Serving, or for another runtime. Or check an
    export.

    Example:
        >>> from sslzoo.cli.export import command
        >>> command("simclr_resnet20.digits", Path("models"), version="0")
        Traceback (most recent call last):
        ValueError: --version: got '0'; it must be a whole number of at least 1, or next.
    """
    from sslzoo.checks import local_path, refused

    if check is not None:
        if name is not None or out is not None:
            raise refused("--check", "MODEL or --out beside it", "stand alone, with an export")
        use_backend("tensorflow")
        from sslzoo.serving.conformance import conformance

        found = conformance(check)
        if as_json:
            print_json(found._asdict() | {"folder": str(found.folder), "whole": found.whole})
        else:
            _print(found)
        if not found.whole:
            raise typer.Exit(1)
        return
    if name is None or out is None:
        raise refused("export", "no MODEL or no --out", "have both, or --check DIR")
    check_model(name)
    out = local_path("--out", out)
    if version != "next" and not (version.isdecimal() and int(version)):
        raise refused("--version", repr(version), "be a whole number of at least 1, or next")
    use_backend("tensorflow")
    from sslzoo.serving import export as run
    from sslzoo.zoo.embed import class_names

    with contextlib.redirect_stdout(sys.stderr):
        model = load_model(name, weights)
        number = version if version == "next" else int(version)
        written = run(model, out, number, format=format, classes=class_names(name, model))
    print_result({"folder": str(written)}, str(written), as_json)


def _print(found: "Conformance") -> None:
    print(f"{found.folder}: {found.ops} kinds of operations")
    for op in found.foreign:
        print(f"NOT in TensorFlow: the operation {op}")
    for signature, words in found.failed.items():
        print(f"NOT answered: {signature}: {words}")
    print(f"saved_model_cli show: {'reads it' if found.shown else 'does NOT read it'}")
    for count, (middle, slow) in found.milliseconds.items():
        each = middle / count
        print(f"batch {count:>2}: {middle:.2f} ms, 95 % within {slow:.2f} ms ({each:.2f} an item)")
