"""Why a file is not read. `read` adds the name of the file."""

import reprlib

LONGEST = 80  # characters of a word from the file


class Refusal(Exception):
    """A file is not read.

    Attributes:
        got: what the file holds. must: what is needed, from the verb on.

    >>> Refusal("a whole tar", "be a torch checkpoint").got
    'a whole tar'
    """

    def __init__(self, got: str, must: str) -> None:
        super().__init__(got, must)
        self.got = got
        self.must = must


def quoted(value: object) -> str:
    r"""Anything from the file, short and on one line, however large or nested it is.

    >>> quoted("os\nsystem"), quoted(((((1,),),),))
    ("'os\\nsystem'", '(((...),),)')
    """
    short = reprlib.Repr()
    short.maxlevel = 3
    short.maxstring = short.maxother = LONGEST
    text = " ".join(short.repr(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
