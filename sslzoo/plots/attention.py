"""Images, and where a vision transformer looks in them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.evaluate.attention import attention_maps as maps_of
from sslzoo.plots.image_grid import image_columns

COLORS = "magma"  # dark where no attention goes; even for the eye, and for the color-blind


def attention_maps(model: Any, images: ArrayLike) -> Any:
    """A row for each image: the image as the network sees it, the mean of all heads, each head.

    The brightest patch of a map is the one with the most attention in that map. See
    `sslzoo.evaluate.attention_maps`.

    Args:
        model: A method whose encoder is a vision transformer of `sslzoo.nn`.
        images: (N, H, W) or (N, H, W, C), integers 0..255 or floats 0..1.

    Returns:
        A figure of matplotlib.

    Raises:
        ValueError: The model has another network, or the images cannot be read.

    >>> import sslzoo
    >>> model = sslzoo.build("simclr", {"name": "vit_micro", "patch": 2}, 8)
    >>> figure = attention_maps(model, sslzoo.data.load("digits").images[:2])
    >>> [axes.get_title() for axes in figure.axes][:4]
    ['image', 'all heads', 'head 1', 'head 2']
    """
    maps = maps_of(model, images)  # (N, heads, rows, columns)
    seen = np.asarray(model.reads.layer(model.reads.check(np.asarray(images))))
    heads = [(f"head {head + 1}", maps[:, head]) for head in range(maps.shape[1])]
    drawn = [(name, _colored(each)) for name, each in [("all heads", maps.mean(axis=1)), *heads]]
    return image_columns([("image", seen), *drawn], 1.1)


def _colored(maps: NDArray) -> NDArray:
    """(N, rows, columns) -> colors (N, rows, columns, 3), the largest of each map the brightest."""
    from matplotlib import colormaps

    most = maps.max(axis=(1, 2), keepdims=True)
    return colormaps[COLORS](maps / most)[..., :3]
