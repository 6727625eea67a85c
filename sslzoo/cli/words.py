"""Commands that pass words and switches on as they are typed.

Typer converts each value by pydantic (from typer 0.29), words into words as well. Importing
pydantic takes as long as the whole of `sslzoo list`.
"""

from functools import partial
from typing import Any

from typer.core import TyperCommand, TyperGroup


class Words:
    """A command whose optional words and switches are not converted.

    Example:
        >>> from typer.testing import CliRunner
        >>> from sslzoo.cli import app
        >>> "tca" in CliRunner().invoke(app, ["list", "--family", "transfer"]).output
        True
    """

    def get_params(self, ctx: Any) -> list:
        """All parameters, the help option too."""
        parameters = super().get_params(ctx)
        for parameter in parameters:
            if _nothing_to_convert(parameter):
                parameter.process_value = partial(_as_it_is, parameter)
        return parameters


class Command(Words, TyperCommand):
    """A command of `sslzoo`.

    Example:
        >>> Command("nothing").name
        'nothing'
    """


class Group(Words, TyperGroup):
    """`sslzoo` itself.

    Example:
        >>> Group(name="sslzoo").list_commands(None)
        []
    """


def _nothing_to_convert(parameter: Any) -> bool:
    """Older typers have no descriptor, and convert without pydantic."""
    descriptor = getattr(parameter, "type_descriptor", None)
    return (
        descriptor is not None and descriptor.annotation in (str, bool) and not parameter.required
    )


def _as_it_is(parameter: Any, context: Any, value: Any) -> Any:
    return parameter.callback(context, parameter, value) if parameter.callback else value
