"""`sslzoo eval`: what a model is worth by a protocol."""

import contextlib
import sys
from typing import Annotated

import typer

from sslzoo.cli.shared import (
    Backend,
    Download,
    Json,
    ModelName,
    OnError,
    WeightsSource,
    check_at_hand,
    check_model,
    load_model,
    use_backend,
)
from sslzoo.cli.terminal import print_json, print_record, print_transfer
from sslzoo.words import speed_text


def command(
    name: ModelName,
    data: Annotated[
        str | None, typer.Option(help="Data set or path. Default: the data in the model's config.")
    ] = None,
    hold_out: Annotated[
        float | None,
        typer.Option(help="Fraction of each class to test on, for data without a split test."),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Protocol. Default: the first in the model's config.")
    ] = None,
    k: Annotated[int | None, typer.Option(help="knn: number of neighbors.")] = None,
    temperature: Annotated[
        float | None, typer.Option(help="knn: temperature of the votes.")
    ] = None,
    fraction: Annotated[
        float | None, typer.Option(help="finetune: fraction of the labels to use.")
    ] = None,
    labels_per_class: Annotated[
        int | None, typer.Option(help="Labels to use from each class.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="finetune: number of epochs.")] = None,
    augment: Annotated[
        str | None, typer.Option(help="finetune: augmentation preset, such as digits.")
    ] = None,
    ways: Annotated[int | None, typer.Option(help="few_shot: classes in an episode.")] = None,
    shots: Annotated[
        int | None, typer.Option(help="few_shot: labeled images of each class.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
    others: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Any setting of the protocol. Can be repeated."
        ),
    ] = None,
    transfer: Annotated[
        bool,
        typer.Option(
            "--transfer", help="Linear probes and kNN on data sets that it was not trained on."
        ),
    ] = False,
    speed: Annotated[
        bool, typer.Option("--speed", help="How many items a second it computes on this machine.")
    ] = False,
    record: Annotated[
        bool,
        typer.Option("--record", help="transfer, speed: write the result into the model's config."),
    ] = False,
    on_error: OnError | None = None,
    download: Download = False,
    weights: WeightsSource = "default",
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Evaluate a model and its baselines with one protocol.

    Example:
        >>> from sslzoo.cli.eval import command
        >>> command("simclr_resnet20.digits", protocol="knn", epochs=3)
        Traceback (most recent call last):
        ValueError: epochs: not a setting of knn, which has k, temperature.
    """
    from sslzoo.zoo.changes import settings as parsed
    from sslzoo.zoo.config import checked
    from sslzoo.zoo.entry import load_config
    from sslzoo.zoo.found import with_settings
    from sslzoo.zoo.registry import saved_kind
    from sslzoo.zoo.sources import names_of, with_options

    given = {
        "k": k,
        "temperature": temperature,
        "fraction": fraction,
        "labels_per_class": labels_per_class,
        "epochs": epochs,
        "augment": augment,
        "ways": ways,
        "shots": shots,
        "seed": seed,
    }
    settings = {key: value for key, value in given.items() if value is not None}
    if record and not (transfer or speed):
        raise ValueError(
            "record: needs --transfer or --speed; `sslzoo train --record` writes other figures."
        )
    check_model(name)
    if transfer or speed:
        named = {"data": data, "hold_out": hold_out, "protocol": protocol, "on_error": on_error}
        _refuse(given | named | {"set": others, "transfer": transfer and speed or None}, speed)
        _check_recorded(name, weights, record, "the speed" if speed else "the table")
        use_backend(backend)
        return (_speed if speed else _transfer)(name, weights, record, as_json)
    config = None if saved_kind(name) else load_config(name)
    others = parsed(others or ())
    chosen = with_settings(config, protocol, data, settings | others)
    if others:
        chosen = checked(chosen, "--set")
    roles = with_options(chosen.sources(), on_error=on_error, hold_out=hold_out)
    check_at_hand(names_of(roles), download)
    use_backend(backend)
    import sslzoo
    from sslzoo.zoo.sources import evaluation_sets

    with contextlib.redirect_stdout(sys.stderr):
        model = load_model(name, weights)
        size = config.image_size if config else getattr(model.reads.layer, "image_size", None)
        sets = evaluation_sets(chosen.protocol, roles, size)
        result = getattr(sslzoo.evaluate, chosen.protocol)(model, *sets, **chosen.settings())
    if as_json:
        return print_json(result)
    print_record(result)


def _refuse(given: dict, speed: bool) -> None:
    """Refuse what a table of transfer, or a speed, does not read."""
    option = "--speed" if speed else "--transfer"
    for key, value in given.items():
        if value is not None:
            raise ValueError(f"{key}: got {value!r}; {option} has settings of its own.")


def _check_recorded(name: str, weights: str, record: bool, what: str) -> None:
    """Refuse what could not be written in the end."""
    from sslzoo.zoo.recorded import check_has_record
    from sslzoo.zoo.registry import saved_kind

    if record and saved_kind(name):
        raise ValueError(f"model: got {name}; --record needs an entry of the zoo, with a record.")
    if record and weights != "default":
        raise ValueError(f"weights: got {weights}; --record needs those of the record.")
    if record:
        check_has_record(name, what)


def _transfer(name: str, weights: str, record: bool, as_json: bool) -> None:
    """The table of `--transfer`."""
    from sslzoo.zoo.registry import saved_kind
    from sslzoo.zoo.transfer import record_transfer, transfer

    if saved_kind(name):
        raise ValueError(f"model: got {name}; --transfer needs a config, which names its data.")
    with contextlib.redirect_stdout(sys.stderr):
        rows = transfer(name, load_model(name, weights))
        if record:
            record_transfer(name, rows)
    if as_json:
        return print_json(rows)
    print_transfer(rows)


def _speed(name: str, weights: str, record: bool, as_json: bool) -> None:
    """The line of `--speed`."""
    from sslzoo.zoo.recorded import add_to_record
    from sslzoo.zoo.speed import speed

    with contextlib.redirect_stdout(sys.stderr):
        measured = speed(load_model(name, weights))
        if record:
            add_to_record(name, speed=measured)
    if as_json:
        return print_json(measured)
    print(speed_text(measured))
