"""`sslzoo classify`: the classes that a model sees in images, to a table."""

from pathlib import Path
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
from sslzoo.cli.terminal import print_result


def command(
    name: ModelName,
    data: Annotated[str, typer.Argument(help="A folder of images, or a data set.")],
    out: Annotated[Path, typer.Option(help="The .csv file to write.")] = Path("classes.csv"),
    split: Annotated[str, typer.Option(help="Split of the data set.")] = "train",
    on_error: OnError = "raise",
    download: Download = False,
    weights: WeightsSource = "default",
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Classify images and write a .csv file: file or row, class, its probability.

    Example:
        >>> from sslzoo.cli.classify import command
        >>> command("flexmatch_convnet.digits", "digits", Path("digits.txt"))
        Traceback (most recent call last):
        ValueError: --out: got digits.txt; it must end in .csv, in an existing folder.
    """
    from sslzoo.checks import local_path, refused
    from sslzoo.files import replace_file

    check_model(name)
    out = local_path("--out", out)
    if out.suffix != ".csv" or not out.parent.is_dir():
        raise refused("--out", str(out), "end in .csv, in an existing folder")
    check_at_hand([data], download)
    use_backend(backend)
    from sslzoo.zoo.embed import class_names, classify, items_of

    model = load_model(name, weights)
    if "classify" not in model.verbs:
        raise ValueError(f"model: got {name}, which has no classes; it must have `classify`.")
    dataset, files = items_of(model, data, split, on_error)
    replace_file(out, classify(model, dataset, files, class_names(name, model)).encode())
    result = {"out": str(out), "rows": len(dataset), "split": split}
    print_result(result, f"{out}: {len(dataset):,} of split {split}", as_json)
