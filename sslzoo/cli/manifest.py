"""`sslzoo manifest`: what other servers are told of an export."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sslzoo.cli.shared import use_backend


def command(
    kind: Annotated[
        Literal["compose", "kserve", "triton"],
        typer.Argument(help="TensorFlow Serving in Docker, KServe, or Triton."),
    ],
    path: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of an export's versions.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the model in requests. Default: the folder's.")
    ] = None,
    uri: Annotated[
        str | None, typer.Option(help="Where KServe finds DIR, such as s3://bucket/digits.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files. Default: print them.")
    ] = None,
) -> None:
    """Write the files that tell TensorFlow Serving in Docker, KServe or Triton of an export.

    Example:
        >>> from sslzoo.cli.manifest import command
        >>> command("compose", Path("no folder"))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        FileNotFoundError: path: there is no folder .../no folder.
    """
    from sslzoo.checks import local_path
    from sslzoo.files import make_folder, replace_file

    use_backend("tensorflow")
    from sslzoo.serving.manifests import manifests

    files = manifests(kind, path, name, uri)
    if out is not None:
        out = local_path("--out", out)
        make_folder(out)
    for file, text in files.items():
        if out is None:
            print(f"# {file}\n{text}", end="")
        else:
            replace_file(out / file, text.encode())
            print(out / file)
