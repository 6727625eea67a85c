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

import typer

from sslzoo.cli.terminal import told
from sslzoo.cli.words import Command, Group

COMMANDS = ("list", "info", "data", "train", "eval", "embed", "export", "demo")

app = typer.Typer(
    cls=Group,
    help="A Keras 3 zoo of self-supervised models: list, load, train, evaluate, embed, export.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name in COMMANDS:
    command = importlib.import_module(f"sslzoo.cli.{name}").command
    words, _, _ = inspect.cleandoc(command.__doc__).partition("\n\nExample:")
    app.command(name, cls=Command, help=" ".join(words.split()))(command)


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
    try:
        app(prog_name="sslzoo")
    except BrokenPipeError:  # `sslzoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("SSLZOO_DEBUG") == "1":
            raise
        sys.exit(told(error))
