"""Colors as CIE Lab: lightness L, green to red a, blue to yellow b (CIE 15, of sRGB, white D65 for
the 2 degree observer; the constants are those of scikit-image).
"""

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

# Rows X, Y, Z of linear red, green, blue; each row is divided by the white point.
XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
) / np.array([[0.95047], [1.0], [1.08883]])
GRID = 10  # units of a and b: the side of a bin
STEP = 5  # of 0..255: the colors that tell which bins are in the gamut


def rgb_to_lab(images: Any) -> Any:
    """sRGB in [0, 1], (..., 3) -> L in 0..100, a and b in about -108..98, float32 (..., 3).

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> np.asarray(nn.rgb_to_lab(np.ones((1, 3), "float32"))).round(1).tolist()[0][0]
        100.0
    """
    images = ops.cast(images, "float32")
    bright = ops.power((ops.maximum(images, 0.04045) + 0.055) / 1.055, 2.4)
    linear = ops.where(images > 0.04045, bright, images / 12.92)
    xyz = ops.matmul(linear, ops.convert_to_tensor(XYZ.T, "float32"))
    root = ops.power(ops.maximum(xyz, 0.008856), 1 / 3)
    f = ops.where(xyz > 0.008856, root, 7.787 * xyz + 16 / 116)
    y = f[..., 1]
    return ops.stack([116 * y - 16, 500 * (f[..., 0] - y), 200 * (y - f[..., 2])], axis=-1)


def lab_to_rgb(lab: Any) -> Any:
    """The inverse of `rgb_to_lab`; colors outside of sRGB are clipped to [0, 1].

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> np.asarray(nn.lab_to_rgb(np.array([[100.0, 0.0, 0.0]]))).round(2).tolist()
        [[1.0, 1.0, 1.0]]
    """
    lab = ops.cast(lab, "float32")
    y = (lab[..., 0] + 16) / 116
    f = ops.stack([y + lab[..., 1] / 500, y, ops.maximum(y - lab[..., 2] / 200, 0.0)], axis=-1)
    xyz = ops.where(f > 0.2068966, f**3, (f - 16 / 116) / 7.787)
    linear = ops.matmul(xyz, ops.convert_to_tensor(np.linalg.inv(XYZ).T, "float32"))
    bright = 1.055 * ops.power(ops.maximum(linear, 0.0031308), 1 / 2.4) - 0.055
    return ops.clip(ops.where(linear > 0.0031308, bright, 12.92 * linear), 0.0, 1.0)


def gamut_bins() -> NDArray[np.float32]:
    """Centers (Q, 2) of the bins of a and b that hold a color of sRGB: multiples of 10, sorted.

    A lattice of 52^3 colors decides. The file of Zhang et al. 2016 has 313 bins, some of them
    outside of sRGB.

    Example:
        >>> from sslzoo import nn
        >>> len(nn.gamut_bins())
        260
    """
    levels = np.arange(0, 256, STEP) / 255
    colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    ab = ops.convert_to_numpy(rgb_to_lab(colors.astype("float32")))[:, 1:]
    return (GRID * np.unique(np.round(ab / GRID), axis=0)).astype("float32")


def soft_bins(ab: Any, bins: NDArray, neighbors: int = 5, sigma: float = 5.0) -> Any:
    """Colors (..., 2) -> weights of the bins (..., Q): exp(-d^2 / (2 sigma^2)) of the nearest
    `neighbors` at the distance d, with the sum 1 (Zhang et al. 2016, section 2.1). Bins as near as
    the last of them count too.

    Example:
        >>> import numpy as np
        >>> from sslzoo import nn
        >>> bins = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]])
        >>> weights = nn.soft_bins(np.array([[0.0, 0.0]]), bins, neighbors=2)
        >>> [round(float(weight), 3) for weight in weights[0]]
        [0.881, 0.119, 0.0]
    """
    bins = ops.convert_to_tensor(bins, "float32")
    ab = ops.cast(ab, "float32")
    distances = ops.sum(ops.square(ab[..., None, :] - bins), axis=-1)  # (..., Q)
    nearest, _ = ops.top_k(-distances, neighbors)
    near = -distances >= nearest[..., -1:]
    # against the nearest, so that colors far from all bins do not underflow
    weights = ops.exp((-distances - nearest[..., :1]) / (2 * sigma**2))
    weights = ops.where(near, weights, 0.0)
    return weights / ops.sum(weights, axis=-1, keepdims=True)
