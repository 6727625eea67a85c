"""Maps of embeddings whose points show their images. Drawn by Bokeh (extra `gallery`)."""

import base64
import importlib.util
import io
from typing import Any, NamedTuple

import numpy as np

from sslzoo.report.pictures import Look

MOST = 400  # points: each has its image in the page
SIDE = 48  # pixels of such an image
MOST_NAMED = 20  # classes: the colors of more repeat too often for a legend
STYLE = "max-width: 14rem; overflow-wrap: anywhere"
TOOLTIP = f'<div style="{STYLE}"><img src="@image" width="96" alt=""><br>@label</div>'
TOOLTIP_WITHOUT_IMAGE = f'<div style="{STYLE}">@label</div>'
# The page shows the chosen item below the maps: by keyboard, on a phone, and for who cannot hover.
CHOSEN = "showItem(items, items.selected.indices[0])"


class HoverMaps(NamedTuple):
    """Maps of the same items, as pieces of HTML.

    Attributes:
        script: Of all maps.
        maps: [(what it is, its div)].
        count: Number of items.
        legend: [(color, class)], empty where there are no classes or too many.
        images: Whether the items are images.

    >>> HoverMaps("<script>", [("PCA", "<div>")], 400, [], True).count
    400
    """

    script: str
    maps: list[tuple[str, str]]
    count: int
    legend: list[tuple[str, str]]
    images: bool


def hover_maps(look: Look) -> HoverMaps | None:
    """A map by PCA, and one that keeps neighbors together: UMAP where umap-learn is installed, else
    t-SNE. The page must load `bokeh_scripts()` before, and have a function `showItem`.
    None without data.

    Raises:
        ModuleNotFoundError: Bokeh is missing.

    >>> from sslzoo.data import load
    >>> digits = load("digits", "test").take(slice(20))
    >>> maps = hover_maps(Look(None, digits, digits.images.reshape(20, -1).astype("float32")))
    >>> maps.count, len(maps.maps), len(maps.legend)
    (20, 2, 10)
    """
    if look.data is None:
        return None
    from bokeh.embed import components
    from bokeh.models import ColumnDataSource, CustomJS

    from sslzoo.plots.embeddings import NAMES, map_2d
    from sslzoo.plots.figure import CLASS_COLORS

    data, features = look.data.take(slice(MOST)), look.features[:MOST]
    numbers = np.zeros(len(data), int) if data.labels is None else data.labels
    colors = [CLASS_COLORS[number % len(CLASS_COLORS)] for number in numbers]
    columns = {"color": colors, "label": _names(data, numbers)}
    if data.field == "images":
        columns["image"] = [_thumbnail(image) for image in data.images]
    methods = ("pca", "umap" if importlib.util.find_spec("umap") else "tsne")
    for method in methods:
        columns[f"{method}_x"], columns[f"{method}_y"] = map_2d(features, method).T
    items = ColumnDataSource(columns, name="items")
    items.selected.js_on_change("indices", CustomJS(args={"items": items}, code=CHOSEN))
    tooltip = TOOLTIP if "image" in columns else TOOLTIP_WITHOUT_IMAGE
    script, divs = components([_figure(method, items, tooltip) for method in methods])
    classes = [] if data.labels is None else sorted(set(data.labels.tolist()))
    places = [numbers.tolist().index(label) for label in classes if len(classes) <= MOST_NAMED]
    return HoverMaps(
        script,
        [(NAMES[method], div) for method, div in zip(methods, divs, strict=True)],
        len(data),
        [(colors[place], columns["label"][place]) for place in places],
        "image" in columns,
    )


def bokeh_scripts() -> str:
    """The scripts that the maps of a site need, as one file. They come with Bokeh.

    >>> "Bokeh" in bokeh_scripts()
    True
    """
    from bokeh.resources import Resources

    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)


def _figure(method: str, items: Any, tooltip: str) -> Any:
    from bokeh.models import HoverTool
    from bokeh.plotting import figure

    plot = figure(
        height=400,
        sizing_mode="stretch_width",
        tools=["pan", "wheel_zoom", "tap", "reset", HoverTool(tooltips=tooltip)],
        active_drag=None,  # a finger that moves over the map scrolls the page
        toolbar_location="above",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color="#9aa5b1",
    )
    plot.scatter(
        f"{method}_x",
        f"{method}_y",
        color="color",
        size=7,
        alpha=0.8,
        nonselection_alpha=0.25,
        selection_line_color="#e08214",
        selection_line_width=4,
        source=items,
    )
    plot.axis.visible = plot.grid.visible = False
    return plot


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
