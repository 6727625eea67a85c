import keras
import numpy as np
import pytest

from sslzoo.augment import WEAK_STRONG, FlipShift, weak_strong
from sslzoo.augment.weak_strong import flip_shift


def images_of(count=5, height=8, width=8, channels=3):
    return np.random.default_rng(0).random((count, height, width, channels), dtype="float32")


@pytest.mark.parametrize("shape", [(8, 8), (5, 9)])
def test_it_is_a_flip_and_a_crop_of_the_reflected_image(shape):
    images = images_of(4, *shape)
    flip = np.array([False, True, False, True])
    down, right = np.float32([-2, 0, 2, 1]), np.float32([1, -2, 0, 2])
    view = np.asarray(flip_shift(images, flip, down, right))
    for n, image in enumerate(images):
        mirrored = image[:, ::-1] if flip[n] else image
        padded = np.pad(mirrored, ((2, 2), (2, 2), (0, 0)), mode="reflect")
        y, x = int(2 + down[n]), int(2 + right[n])
        expected = padded[y : y + shape[0], x : x + shape[1]]
        np.testing.assert_allclose(view[n], expected, atol=1e-6)


def test_offsets_are_uniform_over_the_border_and_flips_over_the_images():
    ramp = np.broadcast_to(np.arange(16, dtype="float32")[:, None] / 16, (16, 16))
    image = np.stack([ramp, ramp.T], axis=-1)[None].repeat(4000, 0)
    view = np.asarray(FlipShift(0.5, 0.125, seed=3)(image)) * 16
    flipped = view[:, 8, 9, 1] < view[:, 8, 8, 1]
    assert abs(flipped.mean() - 0.5) < 4.5 * 0.5 / np.sqrt(4000)
    down = np.rint(view[:, 8, 8, 0] - 8).astype(int)
    values, counts = np.unique(down, return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2]  # an eighth of 16
    assert np.abs(counts - 800).max() < 4.5 * np.sqrt(640)


def test_neither_flip_nor_shift_is_the_identity():
    np.testing.assert_allclose(FlipShift(0.0, 0.0)(images_of()), images_of(), atol=1e-6)


def test_a_digit_is_never_mirrored_nor_colored():
    weak, strong = weak_strong("digits")
    assert weak.flip == 0 and weak.shift == WEAK_STRONG["fixmatch"]["shift"]
    assert not {"color", "solarize", "equalize"} & set(strong.names)


def test_a_preset_and_its_changes():
    weak, strong = weak_strong({"preset": "fixmatch", "count": 3, "flip": 0}, seed=5)
    assert (weak.flip, strong.count, strong.cutout) == (0, 3, 0.5)
    assert weak.seed != strong.seed
    assert FlipShift.from_config(weak.get_config()).get_config() == weak.get_config()


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ("fixmach", "preset: got 'fixmach'; .*fixmatch"),
        ({"preset": "digits", "flips": 0}, "field of a preset: got 'flips'; .*flip"),
        ({"preset": "digits", "flip": 2}, "flip: got 2; it must be .* at most 1"),
        ({"preset": "digits", "shift": 0.7}, "shift: got 0.7; it must be .* at most 0.5"),
    ],
)
def test_wrong_presets_are_named(augment, message):
    with pytest.raises(ValueError, match=message):
        weak_strong(augment)


def test_a_single_layer_is_no_preset():
    with pytest.raises(TypeError, match="augment: got <GaussianNoise .*; it must be a name, a"):
        weak_strong(keras.layers.GaussianNoise(0.1))
