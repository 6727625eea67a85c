"""What a model cannot do, as far as it was measured and its method says."""

import re
from collections.abc import Iterator
from typing import Any

from sslzoo.evaluate.figures import metric_figures, number
from sslzoo.methods import method_docstring
from sslzoo.zoo.card import ModelCard

WEAKNESS = re.compile(r"^Known weakness: (.*?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)


def weakness(method: str) -> str:
    """What a method says of its known weakness; "" where it says nothing.

    Example:
        >>> weakness("naive").split(".")[0]
        'It forgets'
    """
    match = WEAKNESS.search(method_docstring(method)[1])
    return " ".join(match[1].split()) if match else ""


def limits(card: ModelCard) -> Iterator[str]:
    """Sentences about the known weakness of the method, the data, and what is better.

    Example:
        >>> import sslzoo
        >>> list(limits(sslzoo.info("simclr_resnet20.digits")))[1]
        'It was trained on digits. Its figures hold for such data.'
    """
    config = card.config
    text = weakness(config.method)
    if text and config.method != "encoder":  # which says nothing about how others trained it
        yield text
    names = " and ".join(dict.fromkeys(source.name for source in config.sources().values()))
    yield f"It was trained on {names}. Its figures hold for such data."
    rows = transfer_rows(card)
    if "features of images" in card.purpose and not rows:
        yield (
            "How its features transfer to other images was not measured; "
            "`sslzoo eval NAME --transfer` does it."
        ).replace("NAME", card.name)
    for metric in card.metrics:
        yield from _better_baselines(metric)
    for row in rows:
        yield from _better_encoders(row)


def _better_baselines(metric: dict) -> Iterator[str]:
    """What reaches more than the model, of figures where more is better."""
    for figure in metric_figures(metric):
        unit = figure["unit"]
        for name, value in figure["baselines"].items():
            if unit in ("%", "dB") and value >= figure["value"]:
                other, own = number(value, unit), number(figure["value"], unit)
                yield f"{figure['what']}: {other} by {plain(name)}, {own} by this model."


def _better_encoders(row: dict) -> Iterator[str]:
    own = row["figures"]["this_model"]["probe_10"]
    for name, figures in row["figures"].items():
        if name != "this_model" and figures["probe_10"] >= own:
            other = number(figures["probe_10"], "%")
            yield (
                f"Linear probe of {row['set']}, 10 labels a class: {other} by {plain(name)}, "
                f"{number(own, '%')} by this model."
            )


def plain(name: str) -> str:
    """The name of a baseline in words.

    Example:
        >>> plain("raw_pixels")
        'raw pixels'
    """
    return name.replace("_", " ")


def transfer_rows(card: ModelCard) -> list[dict[str, Any]]:
    """The table of transfer of an entry's record, [] where it was not measured.

    Example:
        >>> import sslzoo
        >>> transfer_rows(sslzoo.info("simclr_resnet20.digits"))
        []
    """
    record = card.config.record
    rows = record.transfer if record and record.transfer else ()
    return [row.model_dump() for row in rows]
