"""`sslzoo simclr-v2`: from a network without labels to a small classifier."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import Backend, Json, ModelName, use_backend
from sslzoo.cli.terminal import print_json, print_table


def command(
    name: ModelName,
    data: Annotated[str, typer.Option(help="A data set, or a folder of images in classes.")],
    fraction: Annotated[
        float, typer.Option(help="Share of each class whose labels are seen.")
    ] = 0.1,
    student: Annotated[str, typer.Option(help="Network of the student.")] = "resnet20",
    head_layers: Annotated[
        int, typer.Option(help="Layers of the projector that are fine-tuned too.")
    ] = 1,
    tuning_epochs: Annotated[int, typer.Option(help="Of fine-tuning, over the labels.")] = 60,
    epochs: Annotated[int, typer.Option(help="Of the distillation, over all images.")] = 20,
    labels: Annotated[
        Path | None, typer.Option(help="CSV of paths and labels of the images.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides which labels are seen.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for teacher, student and record.")] = Path(
        "runs/simclr_v2"
    ),
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Fine-tune a model on a few labels, and distill it into a student on all images: SimCLR v2.

    Example:
        >>> from sslzoo.cli.simclr_v2 import command
        >>> command("simclr_resnet20.cifar10", data="cifar10")  # doctest: +SKIP
    """
    use_backend(backend)
    from sslzoo.zoo.simclr_v2 import simclr_v2

    with contextlib.redirect_stdout(sys.stderr):  # stdout is for the result
        record = simclr_v2(
            name, data, fraction, student, head_layers, tuning_epochs, epochs, labels, seed, out
        )
    if as_json:
        return print_json(record)
    names = {
        "same_labels_alone": f"student's network, {record['labels']} labels alone",
        "teacher": "teacher, fine-tuned on them",
        "student": f"student, distilled on {record['images']} images",
    }
    cells = [(what, f"{100 * record[key]:.1f} %") for key, what in names.items()]
    print_table(("", "accuracy"), cells, right=[1])
    print(f"The student: sslzoo classify {out / 'student'} IMAGES")
    return None
