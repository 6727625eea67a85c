"""`sslzoo train`: a config, trained, evaluated and kept."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from sslzoo.cli.shared import Backend, Download, Json, ModelName, check_at_hand, use_backend
from sslzoo.cli.terminal import print_json, print_record


def command(
    name: ModelName,
    run_dir: Annotated[
        Path | None, typer.Option(help="Folder for the run. Default: runs/NAME.")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Also copy weights and record into the zoo.")
    ] = False,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any field of the config, such as epochs=5. Can be repeated.",
        ),
    ] = None,
    download: Download = False,
    backend: Backend = None,
    encoding: Annotated[
        Literal["fp16", "int8", "float32"], typer.Option(help="Number format of the weights file.")
    ] = "fp16",
    as_json: Json = False,
) -> None:
    """Train and evaluate a model, and keep the results in a run folder.

    If training is interrupted, run the same command again. It continues from the last
    checkpoint.

    Example:
        >>> from sslzoo.cli.train import command
        >>> command("simclr_resnet20.digits", run_dir=Path("runs/mine"))  # doctest: +SKIP
    """
    from sslzoo.notices import notice
    from sslzoo.zoo.changes import changed, settings
    from sslzoo.zoo.entry import load_config
    from sslzoo.zoo.sources import all_names

    values = settings(changes or ())
    written = load_config(name)
    config = changed(written, values)  # bad ones are refused before keras is imported
    own = any(key.startswith("schedule") for key in values)
    if config.schedule != written.schedule and not own:
        notice(f"schedule: shrunk in proportion, from {written.epochs} epochs to {config.epochs}.")
    check_at_hand(all_names(config), download)
    use_backend(backend)
    from sslzoo.zoo.train import train as run

    with contextlib.redirect_stdout(sys.stderr):  # stdout is for the result
        result = run(name, run_dir=run_dir, record=record, encoding=encoding, changes=values)
    if as_json:
        return print_json(result)
    for metric in result["metrics"]:
        print_record(metric)
    weights = result["weights"]
    print(
        f"{result['steps']:,} steps in {result['wall_seconds']} s; {weights['file']}: "
        f"{weights['bytes']:,} bytes"
    )
