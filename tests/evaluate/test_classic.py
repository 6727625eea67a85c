"""HOG and color histograms, the baseline of 1999."""

import importlib.util

import numpy as np
import pytest

from sslzoo.data.area import shrink
from sslzoo.evaluate.classic import HogAndColors

STRIPES = np.tile(np.repeat([0, 255], 4), 4).astype("uint8")  # 32 pixels


@pytest.fixture
def encoder():
    pytest.importorskip("skimage")
    return HogAndColors()


def test_the_gradients_of_stripes_lie_across_them(encoder):
    upright = np.broadcast_to(STRIPES, (1, 32, 32))
    both = np.concatenate([upright, upright.swapaxes(1, 2)])
    gradients = encoder.encode(both)[:, :-16].reshape(2, -1, 9).sum(axis=1)  # (2, orientations)
    assert gradients[0].argmax() in (0, 8) and gradients[1].argmax() == 4


def test_one_color_is_one_bin_and_has_no_gradients(encoder):
    image = np.zeros((1, 32, 32, 3), "uint8")
    image[..., 0] = 255
    row = encoder.encode(image)[0]
    assert not row[:-64].any() and row[-64:].tolist() == [0, 0, 0, 1] + [0] * 60


def test_floats_are_the_same_images_and_large_ones_are_shrunk(encoder):
    images = np.random.default_rng(0).integers(0, 256, (3, 128, 96), dtype=np.uint8)
    rows = encoder.encode(images, batch_size=2)
    assert rows == pytest.approx(encoder.encode(images.astype("float32") / 255), abs=1e-5)
    small = shrink(images, 64, 48) / np.float32(255)
    same = np.isclose(rows, encoder.encode(small), atol=1e-5)
    assert same.mean() > 0.95  # rounding may turn a gradient into the next bin


def test_without_scikit_image_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"^scikit-image: not installed; .*pip install"):
        HogAndColors()
