"""Pictures of samples, reconstructions and attention: each image is where it belongs."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import colormaps

import sslzoo
from sslzoo import evaluate, inputs, plots

RNG = np.random.default_rng(0)


def shown(figure):
    """[pixels] of the axes, row by row."""
    return [axes.images[0].get_array() for axes in figure.axes]


def test_samples_stand_row_by_row_as_they_were_drawn():
    def sample(n, seed):
        return np.random.default_rng(seed).random((n, 4, 4, 1))

    figure = plots.sampled_images(SimpleNamespace(sample=sample), rows=2, seed=7)
    assert np.array_equal(shown(figure), sample(20, 7)[..., 0])
    with pytest.raises(ValueError, match="rows: got 0"):
        plots.sampled_images(SimpleNamespace(sample=sample), rows=0)
    with pytest.raises(ValueError, match="without sample"):
        plots.sampled_images(sslzoo.build("simclr", "micro", 8))


def test_what_is_decoded_stands_below_what_was_given():
    model = SimpleNamespace(reads=inputs.Images(4, 4, 1), reconstruct=lambda x: 1 - x / 255)
    images = RNG.integers(0, 256, (3, 4, 4, 1), dtype="uint8")
    pixels = np.array(shown(plots.reconstructed_images(model, images)))
    assert np.allclose(pixels[:3], images[..., 0] / 255, atol=1e-6)
    assert np.allclose(pixels[3:], 1 - images[..., 0] / 255)


def test_maps_of_attention_stand_beside_their_image_and_below_their_head():
    model = sslzoo.build("simclr", {"name": "vit_micro", "patch": 2}, 8)
    for variable in model.backbone.weights:
        variable.assign(RNG.normal(0, 0.6, variable.shape))
    images = RNG.integers(0, 256, (3, 8, 8, 3), dtype="uint8")
    maps = evaluate.attention_maps(model, images)
    figure = plots.attention_maps(model, images)
    names = [axes.get_title() for axes in figure.axes[:4]]
    assert names == ["image", "all heads", "head 1", "head 2"]
    pixels = shown(figure)
    for row in range(3):
        image, mean, first, second = pixels[4 * row : 4 * row + 4]
        assert np.allclose(image, images[row] / 255, atol=1e-6)
        for drawn, known in ((first, maps[row, 0]), (second, maps[row, 1])):
            assert np.allclose(drawn, colormaps["magma"](known / known.max())[..., :3])
        mean_map = maps[row].mean(axis=0)
        assert np.allclose(mean, colormaps["magma"](mean_map / mean_map.max())[..., :3])
