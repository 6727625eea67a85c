"""`sslzoo train`: a config, trained, evaluated and kept."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from sslzoo.cli.shared import Backend, Json, ModelName, use_backend
from sslzoo.cli.terminal import print_json, print_record


def command(
    name: ModelName,
    run_dir: Annotated[
        Path | None, typer.Option(help="Folder of the run; default runs/NAME.")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Also put weights and record into the zoo.")
    ] = False,
    backend: Backend = None,
    encoding: Annotated[
        Literal["fp16", "int8", "float32"], typer.Option(help="Of the weights file.")
    ] = "fp16",
    as_json: Json = False,
) -> None:
    """Train a config, evaluate it, keep everything in a run folder. The same command again
    resumes.

    Example:
        >>> from sslzoo.cli.train import command
        >>> command("simclr_resnet20.digits", run_dir=Path("runs/mine"))  # doctest: +SKIP
    """
    from sslzoo.zoo.entry import load_config

    load_config(name)  # a bad name or config is refused before keras is imported
    use_backend(backend)
    from sslzoo.zoo.train import train as run

    with contextlib.redirect_stdout(sys.stderr):  # stdout is for the result
        result = run(name, run_dir=run_dir, record=record, encoding=encoding)
    if as_json:
        return print_json(result)
    for metric in result["metrics"]:
        print_record(metric)
    weights = result["weights"]
    print(
        f"{result['steps']:,} steps in {result['wall_seconds']} s; {weights['file']}: "
        f"{weights['bytes']:,} bytes"
    )
