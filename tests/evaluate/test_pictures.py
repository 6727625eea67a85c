"""A picture enlarged in several ways, side by side."""

import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_sample_images

from sslzoo import evaluate

PICTURE = load_sample_images().images[1][:40, :48]


class Nearest:
    scale = 4

    def upscale(self, images):
        return images.repeat(4, axis=1).repeat(4, axis=2)


@pytest.fixture(autouse=True)
def without_a_window():
    matplotlib.use("agg")


def test_the_figure_names_each_image_and_its_psnr():
    figure = evaluate.plot_super_resolution(PICTURE, {"nearest": Nearest()})
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["low resolution", "bicubic", "nearest", "original"]
    notes = [axes.get_xlabel() for axes in figure.axes]
    assert notes[0] == "12 x 10 px" and notes[3] == "48 x 40 px"
    bicubic, nearest = (float(note.removesuffix(" dB")) for note in notes[1:3])
    record = evaluate.super_resolution(Nearest(), [PICTURE])
    assert nearest == pytest.approx(record["psnr"], abs=0.006) and bicubic > nearest


def test_a_crop_shows_that_part_of_every_image():
    figure = evaluate.plot_super_resolution(PICTURE, {"nearest": Nearest()}, crop=(8, 4, 20, 16))
    shown = [axes.images[0].get_array() for axes in figure.axes]
    assert all(image.shape == (20, 16, 3) for image in shown)
    assert np.array_equal(shown[-1], PICTURE[8:28, 4:20])
