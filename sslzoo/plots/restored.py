"""What images have lost, and how it was filled."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sslzoo.evaluate.protocols.restoration import complete
from sslzoo.evaluate.splits import needs
from sslzoo.plots.image_grid import image_columns


def restored_images(model: Any, images: ArrayLike, seed: int = 0) -> Any:
    """A row for each image: what the model is given, what fillers make of it that learned nothing,
    what the model makes of it, the original.

    Args:
        model: has `damage` and `reconstruct`, as `sslzoo.evaluate.restoration` takes it.
        images: (N, H, W) or (N, H, W, C), integers 0..255 or floats 0..1.
        seed: Random seed of the damage.

    Returns:
        A figure of matplotlib.

    Raises:
        ValueError: The model does not restore, or the images cannot be read.

    >>> import sslzoo
    >>> model = sslzoo.build("denoising_autoencoder", "micro", 8)
    >>> figure = restored_images(model, sslzoo.data.load("digits").images[:2])
    >>> [axes.get_title() for axes in figure.axes]
    ['noisy', 'restored', 'original', '', '', '']
    """
    needs(model, "restored_images", "reconstruct", "damage")
    images = model.reads.check(np.asarray(images))
    damaged = model.damage(images, np.random.default_rng(seed))
    restored = complete(damaged, model.reconstruct(damaged.given))
    fillers = {name.replace("_", " "): values for name, values in damaged.fillers.items()}
    same = any(np.array_equal(filled, damaged.given) for filled in fillers.values())
    columns = {} if same else {"given": damaged.given}
    columns |= fillers | {"restored": restored, "original": damaged.original}
    return image_columns(list(columns.items()))
