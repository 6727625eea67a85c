"""`sslzoo embed`: embeddings of a data set, to a file."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import Backend, ModelName, WeightsSource, use_backend


def command(
    name: ModelName,
    data: Annotated[str, typer.Option(help="A data set, an .npz, or a folder of images.")],
    out: Annotated[Path, typer.Option(help="The .npz to write.")] = Path("embeddings.npz"),
    split: Annotated[str, typer.Option(help="Of the data set.")] = "train",
    weights: WeightsSource = "default",
    backend: Backend = None,
) -> None:
    """Write the embeddings of a data set to an .npz: features (N, D), labels and classes if any,
    files of a folder.

    Example:
        >>> from sslzoo.cli.embed import command
        >>> command("simclr_resnet20.digits", "digits", Path("digits.npy"))
        Traceback (most recent call last):
        ValueError: --out: got digits.npy; it must end in .npz, in an existing folder.
    """
    from sslzoo.checks import refused
    from sslzoo.zoo.registry import resolve

    resolve(name)
    if out.suffix != ".npz" or not out.parent.is_dir():
        raise refused("--out", str(out), "end in .npz, in an existing folder")
    use_backend(backend)
    import sslzoo
    from sslzoo.zoo.embed import embed as run

    model = sslzoo.load(name, weights=None if weights == "none" else weights)
    shape = run(model, data, split, out)
    print(f"{out}: features {shape[0]:,} x {shape[1]}")
