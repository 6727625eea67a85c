"""Keys of dicts and members of sets in a pickle."""

from collections.abc import Sequence
from typing import Any

from sslzoo.zoo.importers.opaque import kind_of
from sslzoo.zoo.importers.refusal import Refusal

KINDS = (str, bytes, int, float, type(None))  # a hash of deep tuples would overflow C's stack


def checked_keys(items: Sequence) -> Sequence:
    """`items`, if each is a word or a number. Raises Refusal.

    >>> checked_keys(["weight", 3])
    ['weight', 3]
    """
    for item in items:
        if not isinstance(item, KINDS):
            raise Refusal(f"a key of type {kind_of(item)}", "have words or numbers as keys")
    return items


def pairs(items: Sequence) -> dict[Any, Any]:
    """The dict of [key, value, key, value, ...]. Raises Refusal.

    >>> pairs(["epoch", 3])
    {'epoch': 3}
    """
    return dict(zip(checked_keys(items[::2]), items[1::2], strict=True))
