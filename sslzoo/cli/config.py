"""`sslzoo config`: a config to start from."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import use_backend


def command(
    method: Annotated[str, typer.Argument(help="A method of `sslzoo list --methods`.")],
    data: Annotated[str, typer.Option(help="Your folder of images, or another data set.")],
    labels: Annotated[
        Path | None, typer.Option(help="A CSV of paths and labels, for a folder of images.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The .yaml file to write. Default: METHOD.yaml.")
    ] = None,
) -> None:
    """Write a commented config that trains a method on your own images as it stands.

    Example:
        >>> from sslzoo.cli.config import command
        >>> command("simclr", "digits", out=Path("mine.txt"))
        Traceback (most recent call last):
        ValueError: --out: got mine.txt; it must be a new .yaml file in an existing folder.
    """
    from sslzoo.checks import local_path, refused
    from sslzoo.files import replace_file

    out = local_path("--out", Path(f"{method}.yaml") if out is None else out)
    if out.suffix not in (".yaml", ".yml") or not out.parent.is_dir() or out.exists():
        raise refused("--out", str(out), "be a new .yaml file in an existing folder")
    use_backend(None)
    from sslzoo.zoo.starter import starter

    text = starter(method, data, labels)
    replace_file(out, text.encode())
    print(f"{out}: `sslzoo train {out}` trains it.")
