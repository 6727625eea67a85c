"""Which block of a network is judged."""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from sslzoo.checks import one_of, refused

BEST, LAST = "best", "last"


class OneBlock:
    """The encoder that gives the features of one block of a model.

    Args:
        model: has `encode_blocks(items, batch_size, names)` -> {name: (N, D)}.
        name: of the block.

    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(encode_blocks=lambda items, size, names: {"block1": items})
    >>> OneBlock(model, "block1").encode([[1.0]])
    [[1.0]]
    """

    def __init__(self, model: Any, name: str) -> None:
        self.model, self.name = model, name

    def encode(self, items: Any, batch_size: int = 256) -> NDArray:
        """Features (N, D)."""
        return self.model.encode_blocks(items, batch_size, [self.name])[self.name]


def check_block(model: Any, block: str) -> None:
    """Refuse a block that a model does not have. Raises ValueError.

    >>> check_block(None, "last")
    >>> check_block(None, "best")
    Traceback (most recent call last):
    ValueError: block: got best; it must be 'last' for a model whose blocks are not known.
    """
    if block == LAST:
        return
    names = getattr(model, "block_names", [])
    if not names:
        raise refused("block", block, "be 'last' for a model whose blocks are not known")
    one_of("block", block, (BEST, LAST, *names))


def of_block(
    encoder: Any, block: str, choose: Callable[[Any], tuple[str, list]]
) -> tuple[Any, dict]:
    """The encoder of a block, and what the record says of it.

    Args:
        encoder: a model, or a baseline, which may have no blocks and is then judged as it is.
        block: "best", "last", or the name of a block.
        choose: encoder -> (name of the best block, what is known of each of them).

    >>> from types import SimpleNamespace
    >>> of_block(SimpleNamespace(encode_blocks=None), "block1", None)[1]
    {'layer': 'block1'}
    """
    if block == LAST or not hasattr(encoder, "encode_blocks"):
        return encoder, {}
    if block != BEST:
        return OneBlock(encoder, block), {"layer": block}
    name, tried = choose(encoder)
    return OneBlock(encoder, name), {"layer": name, "blocks": tried}
