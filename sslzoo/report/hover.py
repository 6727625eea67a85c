"""A map of embeddings whose points show their images on hover. Drawn by Bokeh (extra `gallery`)."""

import base64
import io
from typing import Any, NamedTuple

import numpy as np

from sslzoo.report.pictures import Look

MOST = 400  # points: each has its image in the page
SIDE = 48  # pixels of such an image
TOOLTIP = """<div><img src="@image" width="96"><br>@label</div>"""
TOOLTIP_WITHOUT_IMAGE = "<div>@label</div>"


class HoverMap(NamedTuple):
    """The two pieces of HTML of a map, and how many points it has.

    >>> HoverMap("<script>", "<div>", 400).count
    400
    """

    script: str
    div: str
    count: int


def hover_map(look: Look) -> HoverMap:
    """A t-SNE map in two pieces of HTML. The page must load `bokeh_scripts()` before.

    Raises:
        ModuleNotFoundError: Bokeh is missing.

    >>> from sslzoo.data import load
    >>> digits = load("digits", "test").take(slice(20))
    >>> hover_map(Look(None, digits, digits.images.reshape(20, -1).astype("float32"))).count
    20
    """
    from bokeh.embed import components
    from bokeh.models import ColumnDataSource, HoverTool
    from bokeh.plotting import figure

    from sslzoo.plots.embeddings import map_2d
    from sslzoo.plots.figure import CLASS_COLORS

    data, features = look.data.take(slice(MOST)), look.features[:MOST]
    x, y = map_2d(features).T
    numbers = np.zeros(len(data), int) if data.labels is None else data.labels
    columns = {
        "x": x,
        "y": y,
        "color": [CLASS_COLORS[number % len(CLASS_COLORS)] for number in numbers],
        "label": _names(data, numbers),
    }
    if data.field == "images":
        columns["image"] = [_thumbnail(image) for image in data.images]
    tooltip = TOOLTIP if "image" in columns else TOOLTIP_WITHOUT_IMAGE
    plot = figure(
        width=720,
        height=520,
        sizing_mode="scale_width",
        tools=["pan", "wheel_zoom", "reset", HoverTool(tooltips=tooltip)],
        toolbar_location="above",
        background_fill_alpha=0,
        border_fill_alpha=0,
    )
    plot.scatter("x", "y", color="color", size=7, alpha=0.8, source=ColumnDataSource(columns))
    plot.axis.visible = plot.grid.visible = False
    script, div = components(plot)
    return HoverMap(script, div, len(data))


def bokeh_scripts() -> str:
    """The scripts that the maps of a site need, as one file. They come with Bokeh.

    >>> "Bokeh" in bokeh_scripts()
    True
    """
    from bokeh.resources import INLINE

    return "\n".join(INLINE.js_raw)


def _names(data: Any, numbers: Any) -> list[str]:
    if data.labels is None:
        return [str(row) for row in range(len(data))]
    if data.classes is None:
        return [str(number) for number in numbers]
    return [str(data.classes[number]) for number in numbers]


def _thumbnail(image: Any) -> str:
    """An image as a data URI of a small JPEG."""
    from PIL import Image

    pixels = np.asarray(image)
    if pixels.dtype != np.uint8:
        pixels = np.rint(pixels * 255).astype("uint8")
    picture = Image.fromarray(pixels.squeeze()).convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
