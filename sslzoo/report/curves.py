"""How a model was trained, as pictures of a page."""

from typing import Any

from sslzoo.report.pictures import Picture


def curve_pictures(entry: Any) -> list[tuple[str, bytes]]:
    """[(what was logged, PNG bytes)] by epoch: of the log of a run, else of an entry's record.

    Args:
        entry: An `sslzoo.zoo.Entry`.

    >>> from sslzoo.zoo import Entry
    >>> curve_pictures(Entry.find("tca.office_caltech10"))
    []
    """
    from sslzoo.plots.report import curves_png
    from sslzoo.zoo.compare import curves_of

    record = entry.config.record
    logged = curves_of(entry.run)
    if not logged and record is not None:
        logged = dict(record.curves or {})
    epochs = logged.pop("epoch", None)
    drawn = {}
    for name, values in logged.items():
        if (
            len(set(values)) > 1 and values not in drawn.values()
        ):  # a loss of one term is logged twice
            drawn[name] = values
    return [
        (name, curves_png([(name, epochs or range(1, len(values) + 1), values)], "epoch"))
        for name, values in drawn.items()
    ]


def task_pictures(metrics: list[dict]) -> list[Picture]:
    """How much a learner of tasks in sequence knew after each task.

    Args:
        metrics: Of a record.

    >>> task_pictures([{"protocol": "knn"}])
    []
    """
    from sslzoo.plots.incremental import curves_png, matrices_png

    found = [metric for metric in metrics if metric["protocol"] == "incremental"]
    if not found:
        return []
    records = {"this model": found[0]}
    return [
        Picture("Task by task", "Accuracy on the tasks seen so far.", curves_png(records)),
        Picture(
            "What was forgotten",
            "Accuracy on each task (columns) after learning each (rows), all classes competing.",
            matrices_png(records),
        ),
    ]
