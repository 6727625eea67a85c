import numpy as np
import pytest
from keras import ops

from sslzoo import nn


def run(images, size=8, channels=3):
    return ops.convert_to_numpy(nn.Preprocess(size, channels)(ops.convert_to_tensor(images)))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_integers_are_divided_by_255_and_floats_are_not(dtype):
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(dtype)
    np.testing.assert_allclose(run(images), images / 255, rtol=1e-6)
    np.testing.assert_allclose(run((images / 255).astype("float32")), images / 255, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 8, 8), (2, 8, 8, 1)])
def test_gray_is_repeated_for_a_color_network_only(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    color = run(images)
    assert color.shape == (2, 8, 8, 3)
    assert (color == color[..., :1]).all()
    assert run(images, channels=1).shape == (2, 8, 8, 1)


def test_other_sizes_lose_their_margins_not_their_proportions():
    images = np.zeros((1, 8, 16, 1), "uint8")
    images[:, :, 4:12] = 255  # the centered square
    np.testing.assert_allclose(run(images), 1, atol=1e-6)
    assert run(np.zeros((1, 31, 7, 3), "uint8")).shape == (1, 8, 8, 3)


def test_shrinking_averages():
    board = (np.indices((32, 32)).sum(0) % 2 * 255).astype("uint8")[None]
    np.testing.assert_allclose(run(board)[0, 2:6, 2:6], 0.5, atol=0.02)


def test_color_is_luma_for_a_network_of_one_channel():
    from PIL import Image

    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), "uint8")
    gray = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in images])
    np.testing.assert_allclose(run(images, channels=1)[..., 0], gray / 255, atol=0.6 / 255)
    other = np.random.default_rng(1).integers(0, 256, (1, 12, 9, 3), "uint8")
    assert run(other, channels=1).shape == (1, 8, 8, 1)


def test_a_one_channel_model_takes_color_in_every_verb_and_in_training():
    import sslzoo

    model = sslzoo.build("fixmatch", {"name": "micro", "channels": 1}, 8, classes=3)
    color = np.random.default_rng(0).integers(0, 256, (6, 12, 9, 3), "uint8")
    gray = nn.Preprocess(None, 1)(ops.convert_to_tensor(color))
    gray = np.clip(ops.convert_to_numpy(gray), 0, 1)
    np.testing.assert_allclose(model.encode(color), model.encode(gray), rtol=1e-4, atol=1e-6)
    assert model.classify(color).shape == (6, 3)
    trained = sslzoo.build("simclr", {"name": "micro", "channels": 1}, 8)
    trained.fit(color, batch_size=6, verbose=0)
    assert np.isfinite(trained.encode(color)).all()
