"""`sslzoo report`: a page of a run, or a site of the whole zoo."""

from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import Backend, Json, use_backend
from sslzoo.cli.terminal import print_result


def command(
    name: Annotated[
        str | None,
        typer.Argument(help="The name of a model or the path of a run. Without it: a site of all."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The .html file, or without NAME the folder. Default: report.html in the run."
        ),
    ] = None,
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Write an HTML page of a run: settings, curves, figures and pictures.

    Without a name, write a site of the whole zoo: a table to sort and filter, and a page for each
    model with its pictures.

    Example:
        >>> from sslzoo.cli.report import command
        >>> command("simclr_resnet20.digits", Path("page.txt"))
        Traceback (most recent call last):
        ValueError: --out: got page.txt; it must end in .html, in an existing folder.
    """
    if name is None:
        return _gallery(out, backend, as_json)
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
    return print_result({"out": str(out)}, str(out), as_json)


def _gallery(out: Path | None, backend: str | None, as_json: bool) -> None:
    """Write the site of the zoo into a folder."""
    if out is None:
        raise ValueError("report: got neither a name nor --out; --out FOLDER makes a site.")
    use_backend(backend)
    from sslzoo.report.gallery import write_gallery

    written = str(write_gallery(out))
    print_result({"out": written}, written, as_json)
