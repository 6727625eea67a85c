"""The filled HTML pages of `sslzoo/templates`."""

from pathlib import Path
from typing import Any

from sslzoo.plots.report import data_uri
from sslzoo.report.records import size
from sslzoo.words import duration


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
    )
    return environment.get_template(template).render(**values)
