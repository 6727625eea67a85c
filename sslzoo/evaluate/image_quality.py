"""How near is an image to its original?"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import refused

PEAK = 255.0
WINDOW = 11  # pixels; this and the next two: Wang et al. 2004, section III
SIGMA = 1.5
K1, K2 = 0.01, 0.03


def luminance(images: ArrayLike) -> NDArray[np.float64]:
    """RGB (..., 3), uint8 -> Y (...), float64 in 16..235: BT.601 in studio swing, as MATLAB's
    rgb2ycbcr but not rounded.

    Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255.

    >>> luminance([[255, 255, 255]])
    array([235.])
    """
    return 16.0 + np.asarray(images, "float64") @ np.array([65.481, 128.553, 24.966]) / 255.0


def psnr(image: ArrayLike, original: ArrayLike) -> float:
    """10 log10(255^2 / mean squared error) in dB, of two arrays of equal shape in 0..255; infinite
    if they are equal.

    >>> round(psnr([[1.0]], [[0.0]]), 2)
    48.13
    """
    return decibels(np.mean((np.asarray(image, "float64") - np.asarray(original, "float64")) ** 2))


def decibels(error: float) -> float:
    """PSNR of a mean squared error of values in 0..255; infinite of 0.

    >>> round(decibels(1.0), 2)
    48.13
    """
    return float(10 * np.log10(PEAK**2 / error)) if error > 0 else float("inf")


def ssim(image: ArrayLike, original: ArrayLike) -> float:
    """Mean structural similarity of two gray images (H, W) in 0..255, H and W at least 11; 1 if
    they are equal. Of channels (C, H, W) it is the mean.

    Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity",
    IEEE TIP 13(4), equation 13:
    (2 m_x m_y + C1)(2 s_xy + C2) / ((m_x^2 + m_y^2 + C1)(s_x^2 + s_y^2 + C2)), C_i = (K_i 255)^2,
    means, variances and covariance under an 11x11 Gaussian window of sigma 1.5, averaged over all
    places where the window lies inside the image, K1 0.01, K2 0.03.

    Raises:
        ValueError: images smaller than the window.

    >>> ssim(np.zeros((11, 11)), np.zeros((11, 11)))
    1.0
    """
    x, y = np.asarray(image, "float64"), np.asarray(original, "float64")
    if min(x.shape[-2:]) < WINDOW:
        got = f"{x.shape[-2]}x{x.shape[-1]} px"
        raise refused("image", got, f"have at least {WINDOW}x{WINDOW} for SSIM")
    mean_x, mean_y = _windowed(x), _windowed(y)
    variances = _windowed(x * x) - mean_x**2 + _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    c1, c2 = (K1 * PEAK) ** 2, (K2 * PEAK) ** 2
    numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(np.mean(numerator / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))))


def _windowed(values):
    """The mean (..., H - 10, W - 10) under the window, at the places where it lies inside."""
    from scipy.ndimage import correlate1d

    weights = np.exp(-((np.arange(WINDOW) - WINDOW // 2.0) ** 2) / (2 * SIGMA**2))
    weights, edge = weights / weights.sum(), WINDOW // 2
    means = correlate1d(correlate1d(values, weights, axis=-2), weights, axis=-1)
    return means[..., edge:-edge, edge:-edge]
