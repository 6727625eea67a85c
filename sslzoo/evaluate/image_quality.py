"""How near is an image to its original? The measures of super-resolution, on the luminance."""

import numpy as np
from scipy.ndimage import correlate1d

PEAK = 255.0
WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03  # Wang et al. 2004, section III


def luminance(images):
    """RGB (..., 3), uint8 -> Y (...), float64 in 16..235: BT.601 in studio swing, as MATLAB's
    rgb2ycbcr but not rounded.

    Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255.
    """
    return 16.0 + np.asarray(images, "float64") @ np.array([65.481, 128.553, 24.966]) / 255.0


def psnr(image, original):
    """10 log10(255^2 / mean squared error) in dB, of two arrays of equal shape in 0..255; infinite
    if they are equal.
    """
    error = np.mean((np.asarray(image, "float64") - np.asarray(original, "float64")) ** 2)
    return float(10 * np.log10(PEAK**2 / error)) if error > 0 else float("inf")


def ssim(image, original):
    """Mean structural similarity of two grey images (H, W) in 0..255, H and W at least 11; 1 if
    they are equal.

    Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity",
        IEEE TIP 13(4), equation 13: (2 m_x m_y + C1)(2 s_xy + C2) / ((m_x^2 + m_y^2 + C1)(s_x^2 +
        s_y^2 + C2)), C_i = (K_i 255)^2,
    means, variances and covariance under an 11x11 Gaussian window of sigma 1.5, averaged over all
    places where the window lies inside the image, K1 .01, K2 .03.

    Raises:
        ValueError: images smaller than the window.
    """
    x, y = np.asarray(image, "float64"), np.asarray(original, "float64")
    if min(x.shape) < WINDOW:
        raise ValueError(
            f"image: got {x.shape[0]}x{x.shape[1]} px; SSIM needs at least {WINDOW}x{WINDOW}."
        )
    weights = np.exp(-((np.arange(WINDOW) - WINDOW // 2.0) ** 2) / (2 * SIGMA**2))
    weights, edge = weights / weights.sum(), WINDOW // 2

    def mean(values):
        return correlate1d(correlate1d(values, weights, 0), weights, 1)[edge:-edge, edge:-edge]

    mean_x, mean_y = mean(x), mean(y)
    variances = mean(x * x) - mean_x**2 + mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    c1, c2 = (K1 * PEAK) ** 2, (K2 * PEAK) ** 2
    numerator = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(np.mean(numerator / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))))
