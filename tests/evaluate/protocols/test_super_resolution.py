import json
import os

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from sslzoo import data, evaluate
from sslzoo.evaluate.image_quality import luminance, psnr, ssim

PHOTO = load_sample_images().images[1]
RNG = np.random.default_rng(0)


class Bicubic:
    """The baseline as a model."""

    scale = 4

    def upscale(self, images):
        height, width = (4 * side for side in images.shape[1:3])
        return np.stack(
            [
                Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
                for image in images
            ]
        )


class Original(Bicubic):
    """Knows the answer but for one gray level."""

    def __init__(self, picture):
        self.picture = picture

    def upscale(self, images):
        return np.clip(self.picture[None].astype(int) + 1, 0, 255).astype("uint8")


def test_luminance_is_matlabs():
    """rgb2ycbcr of black, white, red, green, blue, as its documentation and BT.601 give them."""
    colors = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]], "uint8")
    np.testing.assert_allclose(luminance(colors), [16, 235, 81.481, 144.553, 40.966], atol=1e-9)


def test_psnr_is_the_formula():
    a, b = RNG.integers(0, 256, (2, 9, 8))
    error = (
        sum((float(x) - float(y)) ** 2 for x, y in zip(a.ravel(), b.ravel(), strict=True)) / a.size
    )
    assert psnr(a, b) == pytest.approx(10 * np.log10(255 * 255 / error)) and psnr(a, a) == float(
        "inf"
    )


def test_ssim_is_the_formula_window_by_window():
    x = RNG.integers(0, 256, (13, 15)).astype(float)
    y = np.clip(x + RNG.normal(0, 40, x.shape), 0, 255)
    window = np.array(
        [[np.exp(-(i * i + j * j) / (2 * 1.5**2)) for j in range(-5, 6)] for i in range(-5, 6)]
    )
    window /= window.sum()
    values = []
    for top in range(3):
        for left in range(5):
            p, q = (z[top : top + 11, left : left + 11] for z in (x, y))
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
            cov = (window * (p - mp) * (q - mq)).sum()
            c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
            values.append(
                (2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2))
            )
    assert ssim(x, y) == pytest.approx(np.mean(values), rel=1e-9) and ssim(x, x) == pytest.approx(1)
    with pytest.raises(ValueError, match="got 10x15 px; it must have at least 11x11"):
        ssim(x[:10], y[:10])


def test_the_baseline_is_bicubic_and_the_record_plain():
    pictures = data.Pictures(
        [PHOTO[:63, :70], PHOTO[100:150, :40, 0]], ["color", "gray"], name="two"
    )
    record = evaluate.super_resolution(Bicubic(), pictures)
    assert json.loads(json.dumps(record)) == record
    assert record["protocol"] == "super_resolution" and record["settings"]["shave"] == 4
    assert (
        record["psnr"] == record["baselines"]["bicubic_psnr"]
        and record["ssim"] == record["baselines"]["bicubic_ssim"]
    )
    rows = record["per_picture"]
    assert list(rows) == ["color", "gray"] and record["psnr"] == pytest.approx(
        np.mean([row["psnr"] for row in rows.values()])
    )
    high = Image.fromarray(PHOTO[:60, :68])
    image = high.resize((17, 15), Image.Resampling.BICUBIC).resize(
        (68, 60), Image.Resampling.BICUBIC
    )
    y, original = (luminance(np.asarray(x))[4:-4, 4:-4] for x in (image, high))
    assert rows["color"]["psnr"] == pytest.approx(psnr(y, original))
    assert rows["color"]["ssim"] == pytest.approx(ssim(y, original))


def test_the_border_is_shaved():
    picture = PHOTO[:40, :40].clip(0, 254)

    class Framed(Original):
        def upscale(self, images):
            image = super().upscale(images)
            image[:, 0], image[:, :, -1] = 0, 0
            return image

    clean = evaluate.super_resolution(Original(picture), [picture], shave=0)
    # one level of gray, in the swing of Y
    assert clean["psnr"] == pytest.approx(20 * np.log10(255 / (219 / 255)))
    assert evaluate.super_resolution(Framed(picture), [picture])["psnr"] == pytest.approx(
        clean["psnr"]
    )
    assert (
        evaluate.super_resolution(Framed(picture), [picture], shave=0)["psnr"] < clean["psnr"] - 10
    )


def test_a_picture_too_small_is_named():
    with pytest.raises(
        ValueError, match="picture 1: got 19x40 px; it must have at least 20 on both sides"
    ):
        evaluate.super_resolution(Bicubic(), [PHOTO[:20, :40], PHOTO[:19, :40]])
    with pytest.raises(ValueError, match="picture 0: got .* 4.*; it must have 1 or 3 channels"):
        evaluate.super_resolution(Bicubic(), [np.zeros((40, 40, 4), "uint8")])


@pytest.mark.skipif(
    not os.path.isdir(os.path.join(os.environ.get("SSLZOO_DATA", ""), "super_resolution", "Set5")),
    reason="SSLZOO_DATA has no super_resolution/Set5",
)
def test_bicubic_on_set5_is_the_known_figure():
    record = evaluate.super_resolution(Bicubic(), data.pictures("super_resolution/Set5"))
    assert round(record["psnr"], 2) == 28.43
