"""`sslzoo`: the command line. Thin: each command calls the function of the same name and prints
what it returns. One command is one file.

What is heavy (keras, tensorflow, numpy) is imported inside the commands: `sslzoo list` answers at
once. Exit codes: 0; 1 if a run fails; 2 for bad input; 130 for Ctrl-C. Errors are one sentence on
stderr; SSLZOO_DEBUG=1 shows tracebacks and TensorFlow's start-up log.
"""

import importlib
import inspect
import os
import sys
import warnings
from typing import Annotated

import typer

from sslzoo import __version__
from sslzoo.cli.shared import long
from sslzoo.cli.terminal import told
from sslzoo.cli.words import Command, Group

# Without those that answer at once, that show their work, or that only end when they are told to.
LONG = frozenset(
    ("data", "train", "tune", "eval", "compare", "report", "embed", "search", "curate")
    + ("simclr-v2", "classify", "upscale", "export", "import", "push")
)
COMMANDS = (
    *("list", "info", "data", "config", "train", "tune", "eval", "compare", "simclr-v2", "report"),
    *(
        "embed",
        "search",
        "curate",
        "classify",
        "upscale",
        "export",
        "serve",
        "manifest",
        "demo",
        "import",
        "push",
    ),
)

app = typer.Typer(
    cls=Group,
    help="Train, evaluate and export models that learn from few labels or none.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"sslzoo {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Options of `sslzoo` itself.

    Example:
        >>> from typer.testing import CliRunner
        >>> CliRunner().invoke(app, ["--version"]).output.startswith("sslzoo ")
        True
    """


for name in COMMANDS:
    command = importlib.import_module(f"sslzoo.cli.{name.replace('-', '_')}").command
    words, _, _ = inspect.cleandoc(command.__doc__).partition("\n\nExample:")
    run = long(command) if name in LONG else command
    app.command(name, cls=Command, help=" ".join(words.split()))(run)


def main() -> None:
    """The console script: errors as one sentence.

    Example:
        >>> from typer.testing import CliRunner
        >>> from sslzoo.cli import app
        >>> CliRunner().invoke(app, ["list", "--methods"]).exit_code
        0
    """

    def show(message, *_, **__):
        print(f"Warning: {message}", file=sys.stderr)

    warnings.showwarning = show
    for stream in (sys.stdout, sys.stderr):  # the name of a file may be no text
        stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="sslzoo")
    except BrokenPipeError:  # `sslzoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("SSLZOO_DEBUG") == "1":
            raise
        sys.exit(told(error))
