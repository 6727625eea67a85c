"""A wide network that starts as the function of a trained narrow one."""

import keras
import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import refused

# A channel's weight is split between its copies in a share drawn from this range. Equal shares
# would leave the copies equal for ever.
SHARES = (0.25, 0.75)


def widen(source: keras.Model, target: keras.Model, seed: int = 0) -> None:
    """target <- source, where `target` has the same layers with twice the channels, or the same.

    Chen et al. 2016, "Net2Net: Accelerating Learning via Knowledge Transfer", arXiv:1511.05641. New
    channels are copies of the old ones. What reads a channel and its copy splits its weight between
    them, in a share that is drawn at random. The outputs stay: twice as wide, every value twice.

    Args:
        source: A network of convolutions, dense layers, BatchNorm, additions, pooling over places
            and activations. What reorders channels (flattening, concatenation) does not widen.
        target: The same network, wider. Its inputs have the channels of the source's inputs.
        seed: Random seed of the shares.

    Raises:
        ValueError: The networks have other layers, or a width is neither kept nor doubled.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> narrow, wide = nn.backbone("resnet20", 8, width=4), nn.backbone("resnet20", 8, width=8)
        >>> nn.widen(narrow, wide)
        >>> images = np.random.default_rng(0).random((2, 8, 8, 3), "float32")
        >>> expected = np.tile(narrow(images), 2)
        >>> bool(np.allclose(wide(images), expected, rtol=1e-4, atol=1e-5))
        True
    """
    rng = np.random.default_rng(seed)
    if len(source.weights) != len(target.weights):
        needed = f"have the layers of {source.name}: {len(source.weights)} weights"
        raise refused("target", f"{target.name} with {len(target.weights)} weights", needed)
    target.set_weights(
        [
            _wider(old.path, values, new.shape, rng)
            for old, values, new in zip(
                source.weights, source.get_weights(), target.weights, strict=True
            )
        ]
    )


def _wider(name: str, values: NDArray, shape: tuple, rng: np.random.Generator) -> NDArray:
    """Values of `shape` that do the same: copies of the outputs, shares of the inputs."""
    times = [new / old for new, old in zip(shape, values.shape, strict=True)]
    if any(time not in (1, 2) for time in times) or any(time != 1 for time in times[:-2]):
        raise refused(f"target: {name}", shape, f"keep or double the channels of {values.shape}")
    if times and times[-1] == 2:
        values = np.concatenate([values, values], axis=-1)  # (..., in, 2 * out)
    if len(times) > 1 and times[-2] == 2:
        share = rng.uniform(*SHARES, values.shape).astype(values.dtype)
        values = np.concatenate([share * values, (1 - share) * values], axis=-2)
    return values
