import json
from types import SimpleNamespace

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from sslzoo import data, evaluate, inputs
from sslzoo.augment import Damaged
from sslzoo.plots import restored_images

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 12, 14, 3), dtype="uint8")


class HalfBlack:
    """Loses the upper half. It answers with an even gray, the filler with black."""

    reads = inputs.Images(12, 14)

    def damage(self, images, rng):
        original = images.astype("float32") / 255
        hidden = np.zeros((*images.shape[:3], 1), bool)
        hidden[:, :6] = True
        self.draws = [*getattr(self, "draws", []), rng.random(len(images))]
        return Damaged(original, original, hidden, {"black": 0 * original})

    def reconstruct(self, images, batch_size=256):
        return np.full(images.shape, 0.5, "float32")


def test_psnr_is_of_the_lost_values_and_ssim_of_whole_images():
    model = HalfBlack()
    record = evaluate.restoration(model, data.Dataset(IMAGES, name="noise"), batch_size=2)
    assert json.loads(json.dumps(record)) == record
    upper = IMAGES[:, :6].astype("float64")
    for name, value in {"": 127.5, "black_": 0.0}.items():
        figures = record if not name else record["baselines"]
        error = np.mean((upper - value) ** 2)
        assert figures[f"{name}psnr"] == pytest.approx(10 * np.log10(255**2 / error))
        whole = IMAGES.astype("float64")
        whole[:, :6] = value
        settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        # scikit-image pads; its crop by half the window is ours
        maps = [
            structural_similarity(a[..., c], b[..., c], data_range=255, full=True, **settings)[1]
            for a, b in zip(whole, IMAGES.astype("float64"), strict=True)
            for c in range(3)
        ]
        expected = np.mean([each[5:-5, 5:-5] for each in maps])
        assert figures[f"{name}ssim"] == pytest.approx(expected, abs=1e-6)
    assert record["settings"]["lost"] == 0.5 and record["settings"]["n_test"] == 5
    drawn = np.concatenate(model.draws)
    np.testing.assert_array_equal(drawn, np.random.default_rng(0).random(5))


def test_refuses_models_that_do_not_restore_and_images_too_small_for_ssim():
    upscaler = SimpleNamespace(reconstruct=None, reads=inputs.Images(12, 14))
    with pytest.raises(ValueError, match="without damage; it must have damage for restoration"):
        evaluate.restoration(upscaler, IMAGES)
    small = HalfBlack()
    small.reads = inputs.Images(8, 8)
    with pytest.raises(ValueError, match="got one of 8x8 px; it must read images of at least 11"):
        evaluate.restoration(small, IMAGES)


def test_the_picture_shows_the_filler_and_completes_what_was_not_lost():
    figure = restored_images(HalfBlack(), IMAGES[:2])
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["given", "black", "restored", "original", *4 * [""]]
    restored = figure.axes[6].images[0].get_array()
    np.testing.assert_allclose(restored[6:], IMAGES[1, 6:] / 255, atol=1e-6)
    assert (restored[:6] == 0.5).all()
    with pytest.raises(ValueError, match="must hold at least one image"):
        restored_images(HalfBlack(), IMAGES[:0])
