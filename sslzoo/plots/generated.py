"""What a generative model draws, and what it makes of given images."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sslzoo.checks import whole
from sslzoo.evaluate.splits import needs
from sslzoo.plots.image_grid import image_rows

COLUMNS = 10


def sampled_images(model: Any, rows: int = 4, seed: int = 0) -> Any:
    """Rows of ten images that a model draws.

    Args:
        model: has `sample`, which returns images (N, H, W, C) in 0..1.
        rows: At least 1.
        seed: Random seed of the draws.

    Returns:
        A figure of matplotlib.

    Raises:
        ValueError: The model does not sample.

    >>> import sslzoo
    >>> figure = sampled_images(sslzoo.build("vae", "mlp", 8, latent_dim=2), rows=2)
    >>> len(figure.axes)
    20
    """
    needs(model, "sampled_images", "sample")
    images = np.asarray(model.sample(COLUMNS * whole("rows", rows, 1), seed=seed))
    images = images.reshape(rows, COLUMNS, *images.shape[1:])
    return image_rows([("", row) for row in images])


def reconstructed_images(model: Any, images: ArrayLike) -> Any:
    """Images above, and below what a model decodes from their features.

    Args:
        model: has `reconstruct`.
        images: (N, H, W) or (N, H, W, C), integers 0..255 or floats 0..1.

    Returns:
        A figure of matplotlib.

    Raises:
        ValueError: The model does not reconstruct, or the images cannot be read.

    >>> import sslzoo
    >>> model = sslzoo.build("vae", "mlp", 8, latent_dim=2)
    >>> figure = reconstructed_images(model, sslzoo.data.load("digits").images[:3])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['original', '', '', 'decoded', '', '']
    """
    needs(model, "reconstructed_images", "reconstruct")
    images = model.reads.check(np.asarray(images))
    original = np.asarray(model.reads.layer(images))
    return image_rows([("original", original), ("decoded", model.reconstruct(images))])
