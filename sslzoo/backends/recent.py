"""What was made last, and no more of it: compiled functions hold memory for every shape of data."""

from collections.abc import Callable, Hashable
from typing import Any

KEPT = 16


def recent(made: dict, key: Hashable, make: Callable[[], Any]) -> Any:
    """`made[key]`, from `make()` where it is missing. `made` keeps the `KEPT` keys asked for last.

    Example:
        >>> from sslzoo.backends.recent import recent
        >>> made = {}
        >>> [recent(made, number, lambda: number) for number in range(20)][-1]
        19
        >>> len(made)
        16
    """
    made[key] = made.pop(key) if key in made else make()
    while len(made) > KEPT:
        del made[next(iter(made))]
    return made[key]
