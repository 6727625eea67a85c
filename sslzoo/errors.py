"""Words that several errors share."""

import difflib
from collections.abc import Iterable


class UnknownName(KeyError, ValueError):
    """A name that the zoo does not have; the message suggests the nearest ones.

    >>> str(UnknownName(unknown("model", "simclr_resnet81", ["simclr_resnet18"])))
    "Unknown model 'simclr_resnet81'; did you mean simclr_resnet18?"
    """

    def __str__(self) -> str:
        return self.args[0]


def unknown(what: str, value: object, allowed: Iterable, rare: Iterable[str] = ()) -> str:
    """One sentence: what was not known, the nearest names, else all that are allowed.

    `rare` names are only suggested.

    >>> unknown("metric", "cosin", ["cosine", "euclidean"])
    "Unknown metric 'cosin'; did you mean cosine?"
    """
    allowed = sorted(set(map(str, allowed)))
    near = nearest(value, [*allowed, *rare])
    hint = f"did you mean {' or '.join(near)}?" if near else f"allowed: {', '.join(allowed[:30])}."
    return f"Unknown {what} {value!r}; {hint}"


def nearest(value: object, names: Iterable[str], most: int = 3) -> list[str]:
    """Up to `most` of `names` that are spelled like `value`, the nearest first.

    >>> nearest("cosin", ["cosine", "euclidean"])
    ['cosine']
    """
    return difflib.get_close_matches(str(value), list(dict.fromkeys(names)), n=most, cutoff=0.5)
