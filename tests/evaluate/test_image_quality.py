"""PSNR and SSIM beside those of Keras."""

import numpy as np
import pytest
from keras import ops

from sslzoo.evaluate.image_quality import PEAK, luminance, psnr, ssim


@pytest.fixture
def pair():
    """A smooth luminance (H, W) and a noisy copy, float32 in 0..255."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(0, 9, 40), np.linspace(0, 7, 33))
    clean = 127 + 90 * np.sin(x) * np.cos(y)
    return [part.astype("float32") for part in (clean + rng.normal(0, 12, clean.shape), clean)]


def test_psnr_is_that_of_keras(pair):
    assert psnr(*pair) == pytest.approx(float(ops.psnr(*pair, max_val=PEAK)), rel=1e-6)


def test_ssim_is_that_of_keras(pair):
    image, original = (ops.convert_to_tensor(part[None, ..., None]) for part in pair)
    expected = float(np.squeeze(ops.convert_to_numpy(ops.image.ssim(image, original, PEAK))))
    assert 0.2 < expected < 0.95
    assert ssim(*pair) == pytest.approx(expected, abs=1e-4)


def test_the_luminance_is_bt_601():
    assert luminance([[[0, 0, 0], [255, 255, 255]]]).tolist() == [[16.0, 235.0]]
