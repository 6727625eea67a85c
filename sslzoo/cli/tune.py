"""`sslzoo tune`: settings of a config, searched."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from sslzoo.cli.shared import Backend, Download, Json, ModelName, check_at_hand, use_backend
from sslzoo.cli.terminal import print_json, print_table

SHOWN = 5  # trials


def command(
    name: ModelName,
    search: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="KEY=RANGE",
            help="A field of the config with LOW..HIGH, log:LOW..HIGH, or a list such as "
            "[128, 256]. Can be repeated.",
        ),
    ] = None,
    tuner: Annotated[
        Literal["bayesian", "random", "hyperband"],
        typer.Option(help="How keras-tuner chooses the next settings."),
    ] = "bayesian",
    trials: Annotated[
        int | None, typer.Option(help="Number of trainings. Default: 20. Not for hyperband.")
    ] = None,
    objective: Annotated[
        Literal["knn", "linear_probe", "accuracy"],
        typer.Option(help="What is measured on the held-out training data."),
    ] = "knn",
    hold_out: Annotated[
        float, typer.Option(help="Share of the labeled training data to measure on.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(help="Random seed of the search.")] = 0,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any field of the config, such as epochs=5. Can be repeated.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the search. Default: runs/tune/NAME.")
    ] = None,
    download: Download = False,
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Search settings of a config, measured on training data that are held out.

    Test data are never used. The folder gets a table, a figure, and a config with the best
    settings, for `sslzoo train`. If the search is interrupted, run the same command again.

    Example:
        >>> from sslzoo.cli.tune import command
        >>> command("simclr_resnet20.digits", ["batch_size=[128]"])
        Traceback (most recent call last):
        ValueError: --search batch_size: got [128]; it must be LOW..HIGH, log:LOW..HIGH, or a list \
of two or more values, such as [128, 256].
    """
    from sslzoo.zoo.changes import changed, settings
    from sslzoo.zoo.entry import load_config
    from sslzoo.zoo.search_space import search_space, searches
    from sslzoo.zoo.sources import names_of

    values, wanted = settings(changes or ()), searches(search or ())
    config = changed(load_config(name), values)  # bad ones are refused before keras is imported
    search_space(config, wanted)
    check_at_hand(names_of(config.sources().values()), download)
    use_backend(backend)
    from sslzoo.zoo.tune import tune as run

    with contextlib.redirect_stdout(sys.stderr):  # stdout is for the result
        found = run(name, wanted, out, tuner, trials, objective, hold_out, seed, values)
    if as_json:
        rows = [trial._asdict() for trial in found.trials]
        result = {"config": str(found.config), "best": found.best.number, "trials": rows}
        return print_json(result)
    done = [trial for trial in found.trials if trial.accuracy is not None and trial.number]
    done.sort(key=lambda trial: trial.accuracy, reverse=True)
    as_written = [trial for trial in found.trials[:1] if trial.accuracy is not None]
    rows = [
        (
            trial.number or "as written",
            f"{100 * trial.accuracy:.1f} %",
            trial.epochs,
            *trial.settings.values(),
        )
        for trial in [*done[:SHOWN], *as_written]
    ]
    print_table(("trial", "held out", "epochs", *found.best.settings), rows, right=(1, 2))
    print(f"{found.config}: the settings of trial {found.best.number}")
    return None
