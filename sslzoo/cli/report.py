"""`sslzoo report`: a page of a run."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import Backend, ModelName, use_backend


def command(
    name: ModelName,
    out: Annotated[
        Path | None, typer.Option(help="The .html file to write. Default: report.html in the run.")
    ] = None,
    backend: Backend = None,
) -> None:
    """Write an HTML page of a run: settings, curves, figures and pictures.

    Example:
        >>> from sslzoo.cli.report import command
        >>> command("simclr_resnet20.digits", Path("page.txt"))
        Traceback (most recent call last):
        ValueError: --out: got page.txt; it must end in .html, in an existing folder.
    """
    from sslzoo.checks import local_path, refused
    from sslzoo.files import replace_file
    from sslzoo.zoo.entry import Entry

    run = Entry.find(name).with_run().run
    out = local_path("--out", out or (run or Path()) / "report.html")
    if out.suffix != ".html" or not out.parent.is_dir():
        raise refused("--out", str(out), "end in .html, in an existing folder")
    use_backend(backend)
    from sslzoo.report.run import run_page

    replace_file(out, run_page(name).encode())
    print(out)
