"""The filled HTML pages of `sslzoo/templates`."""

import re
from pathlib import Path
from typing import Any

from sslzoo.plots.report import data_uri
from sslzoo.report.records import size
from sslzoo.words import duration

MARKED = re.compile(r"`([^`]+)`|(https?://[^\s,()<>\"']+)")


def page(template: str, **values: Any) -> str:
    """A page of `sslzoo/templates`, filled; text is escaped. Raises jinja2's UndefinedError for a
    missing value.

    >>> page("demo.html")
    Traceback (most recent call last):
    jinja2.exceptions.UndefinedError: 'results' is undefined
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        per_cent=lambda value: f"{100 * value:.1f}",
        duration=duration,
        size=size,
        uri=data_uri,
        inline=inline,
        png_width=png_width,
        breakable=breakable,
    )
    return environment.get_template(template).render(**values)


def inline(text: str) -> Any:
    """Escaped text with `code` and links.

    >>> print(inline("`fit` < https://keras.io"))
    <code>fit</code> &lt; <a href="https://keras.io">https://keras.io</a>
    """
    from markupsafe import Markup, escape

    parts, end = [], 0
    for match in MARKED.finditer(text):
        parts.append(escape(text[end : match.start()]))
        code, url = match.groups()
        form = "<code>{0}</code>" if code else '<a href="{0}">{0}</a>'
        parts.append(Markup(form).format(code or url))
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def breakable(text: str) -> Any:
    """Escaped text that may go on in the next line behind `_`, `/`, `.` and `@`: names are long.

    >>> print(breakable("a_b<c"))
    a_<wbr>b&lt;c
    """
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[_/.@])", text) if part)


def png_width(image: bytes) -> int:
    """The pixels of a row of a PNG file.

    >>> from sslzoo.plots.figure import empty, png
    >>> png_width(png(empty(2, 1), dpi=50))
    100
    """
    return int.from_bytes(image[16:20], "big")  # of its header, RFC 2083
