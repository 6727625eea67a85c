"""What stands for a class or a function of a pickle that the reader does not know."""

from typing import Any


class Opaque:
    """An inert object. It remembers the name that the file asked for, and does nothing.

    Attributes:
        name: "module.name" of the class or function.
        arguments: it was called with.
        state: it was given.

    >>> Opaque("argparse.Namespace", (), {"epochs": 100})
    <argparse.Namespace, not read>
    """

    def __init__(self, name: str, arguments: tuple = (), state: Any = None) -> None:
        self.name = name
        self.arguments = arguments
        self.state = state

    def __repr__(self) -> str:
        return f"<{self.name}, not read>"


def kind_of(value: Any) -> str:
    """What a value is, in a word for errors.

    >>> kind_of(Opaque("argparse.Namespace")), kind_of([])
    ('argparse.Namespace', 'list')
    """
    return value.name if isinstance(value, Opaque) else type(value).__name__
