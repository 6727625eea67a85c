"""A page of one run: its settings, curves, figures, and pictures of what it learned."""

from pathlib import Path
from typing import Any

from sslzoo.report.pages import page
from sslzoo.report.records import baselines_text, metric_figures, number

MOST = 1000  # items that are embedded for the pictures
RESTORED = 6  # images that are damaged and restored for a picture
DPI = 110
COLUMNS = 3  # curves beside each other


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
    from sslzoo.zoo.compare import curves_of, flat
    from sslzoo.zoo.entry import Entry

    entry = Entry.find(name).with_run()
    settings = flat(entry.config.model_dump(exclude={"record", "reference"}, exclude_none=True))
    figures = []
    for metric in entry.card.metrics:
        for figure in metric_figures(metric):
            value = number(figure["value"], figure["unit"])
            figures.append((figure["what"], value, baselines_text(figure)))
    return page(
        "run.html",
        name=entry.name,
        card=[row for row in entry.card.rows() if row[0]],
        settings=list(settings.items()),
        figures=figures,
        curves=_curves(curves_of(entry.run)),
        pictures=_pictures(entry),
    )


def _curves(logged: dict[str, list[float]]) -> list[bytes]:
    """Line plots of the logged values, as PNG bytes."""
    from sslzoo.plots.report import curves_png

    drawn = [(key, range(1, len(v) + 1), v) for key, v in logged.items() if len(set(v)) > 1]
    rows = [drawn[start : start + COLUMNS] for start in range(0, len(drawn), COLUMNS)]
    return [curves_png(row, "epoch") for row in rows]


def _pictures(entry: Any) -> list[tuple[str, bytes]]:
    """[(title, PNG bytes)] of embeddings, neighbors and confusion, where the data allow them."""
    import sslzoo
    from sslzoo import plots
    from sslzoo.data.remote import download_bytes
    from sslzoo.plots.figure import png
    from sslzoo.zoo.sources import load_sets

    config = entry.config
    tests = [getattr(each, "test", None) for each in config.evaluate]
    sources = [source for source in tests if hasattr(source, "split")]
    source = (sources or list(config.sources().values()))[0]
    model = sslzoo.load(entry.path)
    if "encode" not in model.verbs or download_bytes(source.name) is not None:
        return []
    (data,) = load_sets([source], config.image_size)
    data = data.take(slice(MOST))
    features = model.encode(data.inputs)
    pictures = [("Map of embeddings", plots.embedding_map(features, data.labels, data.classes))]
    if data.field == "images":
        pictures.append(("Nearest neighbors", plots.nearest_neighbors(data, features)))
    if hasattr(model, "damage"):
        restored = plots.restored_images(model, data.images[:RESTORED])
        pictures.append(("Restored images", restored))
    if data.labels is not None and "classify" in model.verbs:
        predicted = model.classify(data.inputs)
        pictures.append(("Confusion matrix", plots.confusion_matrix(data.labels, predicted)))
    return [(title, png(figure, DPI)) for title, figure in pictures]
