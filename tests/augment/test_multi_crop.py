"""Two large views and several small ones of each image."""

import numpy as np
import pytest
from keras import ops

from sslzoo import inputs
from sslzoo.augment import Crops, MultiCrop

SIZE = 32


def slopes(count):
    """Images whose two channels are the place along y and along x, in 0..1."""
    place = (np.arange(SIZE, dtype="float32") + 0.5) / SIZE
    y, x = np.meshgrid(place, place, indexing="ij")
    return np.repeat(np.stack([y, x, 0 * x], axis=-1)[None], count, axis=0)


def shares(crops):
    """The share of the image's area that each crop (..., s, s, C) shows."""
    size = crops.shape[-2]
    inner = size / (size - 1)  # from the first center to the last
    height = (crops[..., -1, :, 0] - crops[..., 0, :, 0]).mean(axis=-1) * inner
    width = np.abs(crops[..., :, -1, 1] - crops[..., :, 0, 1]).mean(axis=-1) * inner
    return height * width


def made(count=40, **kwargs):
    reads = inputs.Images(SIZE, SIZE)
    plain = {"preset": "none", "crop_area": (0.3, 1.0)}
    views = MultiCrop(reads, plain, **{"small_views": 4} | kwargs)
    batch = views({"images": slopes(count)})
    return {name: ops.convert_to_numpy(values) for name, values in batch.items()}


def test_large_views_show_much_and_small_ones_little():
    batch = made(small_augment={"crop_area": (0.05, 0.2)})
    assert batch["view1"].shape == batch["view2"].shape == (40, SIZE, SIZE, 3)
    assert batch["small_views"].shape == (40, 4, SIZE // 2, SIZE // 2, 3)
    # At the border of the image the slope ends, so a crop there looks up to a pixel smaller.
    assert shares(batch["view1"]).min() > 0.25
    small = shares(batch["small_views"])
    assert 0.03 < small.min() < 0.07 and 0.15 < small.max() < 0.21


def test_every_crop_of_an_image_is_another():
    small = made()["small_views"]
    for view in range(1, 4):
        assert (np.abs(small[:, 0] - small[:, view]).max(axis=(1, 2, 3)) > 1e-3).all()
    assert np.abs(small[0] - small[1]).max() > 1e-3


def test_views_use_a_pair_of_probabilities_in_turn():
    images = np.random.default_rng(0).random((8, SIZE, SIZE, 3), dtype="float32")
    crops = Crops(3, {"preset": "none", "solarize": (0.0, 1.0)}, image_size=SIZE)(images)
    crops = ops.convert_to_numpy(crops)
    np.testing.assert_allclose(crops[:, 0], images, atol=1e-6)
    np.testing.assert_allclose(crops[:, 2], images, atol=1e-6)
    assert (np.abs(crops[:, 1] - images).max(axis=(1, 2, 3)) > 0.1).all()


def test_without_small_views_it_is_two_views():
    assert sorted(made(small_views=0)) == ["images", "view1", "view2"]


def test_a_small_crop_above_the_image_is_refused():
    with pytest.raises(ValueError, match="small_size: got 40 px; it must be at most 32"):
        made(small_size=40)


@pytest.mark.parametrize(
    ("reads", "augment"), [(inputs.Vectors(4), "none"), (inputs.Images(8, 8), "none")]
)
def test_small_crops_need_a_preset_of_images(reads, augment):
    with pytest.raises(ValueError, match="small_views: got 2 with augment 'none'; it must be 0"):
        MultiCrop(reads, augment, small_views=2)
