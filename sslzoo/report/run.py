"""A page of one run: its settings, curves, figures, and pictures of what it learned."""

from pathlib import Path

from sslzoo.report.curves import curve_pictures, task_pictures
from sslzoo.report.pages import page
from sslzoo.report.pictures import look_at, pictures
from sslzoo.report.records import baselines_text, metric_figures, number


def run_page(name: str | Path) -> str:
    """The page of a run, or of an entry of the zoo, as HTML. Pictures need its data on this
    machine.

    Args:
        name: the folder of a run, a config with a run in `runs/`, or an entry.

    Raises:
        ValueError: there is no such run.

    Example:
        >>> from sslzoo.report.run import run_page
        >>> page = run_page("runs/mine")  # doctest: +SKIP
    """
    from sslzoo.zoo.compare import flat
    from sslzoo.zoo.entry import Entry

    entry = Entry.find(name).with_run()
    settings = flat(entry.config.model_dump(exclude={"record", "reference"}, exclude_none=True))
    figures = []
    for metric in entry.card.metrics:
        for figure in metric_figures(metric):
            value = number(figure["value"], figure["unit"])
            figures.append((figure["what"], value, baselines_text(figure)))
    look = look_at(entry)
    return page(
        "run.html",
        name=entry.name,
        card=[row for row in entry.card.rows() if row[0]],
        settings=list(settings.items()),
        figures=figures,
        curves=curve_pictures(entry),
        pictures=[*pictures(look), *task_pictures(entry.card.metrics)],
        missing=look.missing,
    )
