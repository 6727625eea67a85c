"""`sslzoo eval`: what a model is worth by a protocol."""

import contextlib
import sys
from typing import Annotated

import typer

from sslzoo.cli.shared import Backend, Json, ModelName, WeightsSource, use_backend
from sslzoo.cli.terminal import print_json, print_record


def command(
    name: ModelName,
    data: Annotated[
        str | None, typer.Option(help="Data set or path; default: what the model's config names.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="How to evaluate; default: the first that the config lists.")
    ] = None,
    k: Annotated[int | None, typer.Option(help="knn: neighbours that vote.")] = None,
    temperature: Annotated[float | None, typer.Option(help="knn: of the vote.")] = None,
    fraction: Annotated[
        float | None, typer.Option(help="finetune: share of the labels used.")
    ] = None,
    labels_per_class: Annotated[
        int | None, typer.Option(help="finetune: labels used of each class.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="finetune: passes over the labelled images.")
    ] = None,
    augment: Annotated[
        str | None, typer.Option(help="finetune: preset of views, such as digits (no flip).")
    ] = None,
    ways: Annotated[int | None, typer.Option(help="few_shot: classes of an episode.")] = None,
    shots: Annotated[int | None, typer.Option(help="few_shot: labelled images of each.")] = None,
    seed: Annotated[int | None, typer.Option(help="Random seed.")] = None,
    weights: WeightsSource = "default",
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """What a model is worth by a protocol of `sslzoo.evaluate`, beside its baselines.

    Example:
        >>> from sslzoo.cli.eval import command
        >>> command("simclr_resnet20.digits", protocol="knn", epochs=3)
        Traceback (most recent call last):
        ValueError: --epochs: not a setting of knn, which has k, temperature.
    """
    from sslzoo.zoo.entry import load_config
    from sslzoo.zoo.found import with_settings

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
    config = load_config(name)
    chosen = with_settings(config, protocol, data, settings)
    use_backend(backend)
    import sslzoo
    from sslzoo.zoo.sources import evaluation_sets

    with contextlib.redirect_stdout(sys.stderr):
        model = sslzoo.load(name, weights=None if weights == "none" else weights)
        sets = evaluation_sets(chosen.protocol, chosen.sources(), config.image_size)
        result = getattr(sslzoo.evaluate, chosen.protocol)(model, *sets, **chosen.settings())
    if as_json:
        return print_json(result)
    print_record(result)
