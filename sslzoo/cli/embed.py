"""`sslzoo embed`: embeddings of a data set, to a file."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import (
    Backend,
    Download,
    ModelName,
    OnError,
    WeightsSource,
    check_at_hand,
    check_model,
    load_model,
    use_backend,
)


def command(
    name: ModelName,
    data: Annotated[str, typer.Option(help="A data set, an .npz file, or a folder of images.")],
    out: Annotated[Path, typer.Option(help="The .npz file to write.")] = Path("embeddings.npz"),
    split: Annotated[str, typer.Option(help="Split of the data set.")] = "train",
    on_error: OnError = "raise",
    download: Download = False,
    weights: WeightsSource = "default",
    backend: Backend = None,
) -> None:
    """Compute the embeddings of a data set and write them to an .npz file.

    The file holds features (N, D). It also holds the labels, class names and file names that
    the data set has.

    Example:
        >>> from sslzoo.cli.embed import command
        >>> command("simclr_resnet20.digits", "digits", Path("digits.npy"))
        Traceback (most recent call last):
        ValueError: --out: got digits.npy; it must end in .npz, in an existing folder.
    """
    from sslzoo.checks import local_path, refused

    check_model(name)
    out = local_path("--out", out)
    if out.suffix != ".npz" or not out.parent.is_dir():
        raise refused("--out", str(out), "end in .npz, in an existing folder")
    check_at_hand([data], download)
    use_backend(backend)
    from sslzoo.zoo.embed import embed as run
    from sslzoo.zoo.embed import other_splits

    shape = run(load_model(name, weights), data, split, out, on_error)
    print(f"{out}: features {shape[0]:,} x {shape[1]} of split {split}")
    others = other_splits(data, split)
    if others:
        print(f"Not written: {', '.join(others)}. --split chooses another one.")
