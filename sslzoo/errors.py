"""Words that several errors share."""

import difflib


class UnknownName(KeyError, ValueError):
    """A name that the zoo does not have; the message suggests the nearest ones."""

    def __str__(self):
        return self.args[0]


def unknown(what, value, allowed, rare=()):
    """One sentence: what was not known, the nearest names, else all that are allowed. `rare` names
    are only suggested.
    """
    allowed = sorted(set(map(str, allowed)))
    near = difflib.get_close_matches(
        str(value), list(dict.fromkeys([*allowed, *rare])), n=3, cutoff=0.5
    )
    hint = f"did you mean {' or '.join(near)}?" if near else f"allowed: {', '.join(allowed[:30])}."
    return f"Unknown {what} {value!r}; {hint}"
