"""Records -> tables and pages: for the terminal, README, the documentation and the demo.

Every figure is read from the record of a run. None is typed. `make docs` writes the table of
README and the pages docs/zoo.md and docs/methods/*.md.
"""

from sslzoo.evaluate.figures import metric_figures, number
from sslzoo.report.method_pages import documentation
from sslzoo.report.pages import page
from sslzoo.report.records import baselines_text, figures, model_rows, size
from sslzoo.report.tables import (
    END,
    SHOWN,
    START,
    markdown_table,
    models_markdown,
    readme_with_models,
    short_markdown,
)

__all__ = [
    "END",
    "SHOWN",
    "START",
    "baselines_text",
    "documentation",
    "figures",
    "markdown_table",
    "metric_figures",
    "model_rows",
    "models_markdown",
    "number",
    "page",
    "readme_with_models",
    "short_markdown",
    "size",
]
