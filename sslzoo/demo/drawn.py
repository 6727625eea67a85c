"""What several pictures of the demo are made of."""

from typing import Any

from numpy.typing import NDArray

from sslzoo.plots.figure import ACCENT, INK, MUTED

PLAIN = "#c4ccd4"


def bars(axes: Any, shares: dict[str, float], title: str, ours: int, top: float = 1.0) -> None:
    """Horizontal bars of {name: share}, from 0, with the value beside each.

    Args:
        ours: how many of the last ones are the zoo's, in color.
        top: the share at the end of the axis.

    Example:
        >>> from sslzoo.demo.drawn import bars
        >>> from sslzoo.plots.figure import empty
        >>> axes = empty(3, 2).add_subplot()
        >>> bars(axes, {"pixels": 0.25, "model": 0.75}, "right", ours=1)
        >>> [text.get_text() for text in axes.texts]
        ['25.0 %', '75.0 %']
    """
    colors = [PLAIN] * (len(shares) - ours) + [ACCENT] * ours
    drawn = axes.barh(list(shares), list(shares.values()), color=colors, height=0.72)
    words = [f"{100 * share:.1f} %" for share in shares.values()]
    axes.bar_label(drawn, labels=words, padding=4, color=INK, fontsize=10)
    axes.set_xlim(0, 1.22 * top)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.tick_params(length=0, labelsize=10, labelcolor=INK)
    axes.set_title(title, fontsize=11, color=INK, loc="left", pad=8)
    axes.spines[:].set_visible(False)
    axes.spines["left"].set(visible=True, color=MUTED)


def show(axes: Any, image: NDArray, color: str | None = None) -> None:
    """A gray image without ticks, in a frame of `color` or in none.

    Example:
        >>> import numpy as np
        >>> from sslzoo.demo.drawn import show
        >>> from sslzoo.plots.figure import empty
        >>> axes = empty(1, 1).add_subplot()
        >>> show(axes, np.zeros((8, 8)), "#c0392b")
        >>> len(axes.images)
        1
    """
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=color is not None, linewidth=3, color=color or INK)


def per_cent(share: float) -> str:
    """A share in words.

    Example:
        >>> from sslzoo.demo.drawn import per_cent
        >>> per_cent(0.9724)
        '97.2 %'
    """
    return f"{100 * share:.1f} %"
