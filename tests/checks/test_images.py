import tracemalloc

import numpy as np
import pytest

from sslzoo.checks import arrays, check_images
from sslzoo.data import ImageFiles


@pytest.mark.parametrize("shape", [(2, 5, 6), (2, 5, 6, 1), (2, 5, 6, 3)])
def test_every_rank_comes_back_with_channels(shape):
    assert check_images(np.zeros(shape, "uint8")).shape == (
        2,
        5,
        6,
        shape[3] if len(shape) == 4 else 1,
    )


def test_uint8_and_floats_are_not_copied():
    for dtype in ("uint8", "float16", "float32", "float64"):
        images = np.zeros((2, 5, 5, 3), dtype)
        assert np.shares_memory(check_images(images), images)


def test_other_integers_become_uint8():
    images = check_images(np.full((1, 5, 5, 3), 255, "int64"))
    assert images.dtype == "uint8" and images.max() == 255


def test_nested_lists_are_images():
    assert check_images([[[0.0, 1.0], [0.5, 0.25]]]).shape == (1, 2, 2, 1)


@pytest.mark.parametrize(
    "images, sentence",
    [
        (
            np.full((1, 5, 5, 3), 255.0),
            "x: got floats from 255.0 to 255.0; it must hold finite floats in 0..1 "
            "(divide by 255, or pass uint8).",
        ),
        (
            np.full((1, 5, 5, 3), -0.5),
            "x: got floats from -0.5 to -0.5; it must hold finite floats in 0..1 "
            "(undo the standardization, models here do their own).",
        ),
        (
            np.full((1, 5, 5, 3), 300.0),
            "x: got floats from 300.0 to 300.0; it must hold finite floats in 0..1.",
        ),
        (
            np.full((1, 5, 5, 3), np.nan),
            "x: got NaN or infinite values; it must hold finite floats in 0..1.",
        ),
        (
            np.full((1, 5, 5, 3), np.inf),
            "x: got NaN or infinite values; it must hold finite floats in 0..1.",
        ),
        (
            np.full((1, 5, 5, 3), 256),
            "x: got integers from 256 to 256; it must hold integers in 0..255.",
        ),
        (
            np.full((1, 5, 5, 3), -1, "int8"),
            "x: got integers from -1 to -1; it must hold integers in 0..255.",
        ),
        (
            np.zeros((1, 5, 5, 2), "uint8"),
            "x: got shape (1, 5, 5, 2); it must have 1 or 3 channels in the last axis "
            "(drop the alpha channel).",
        ),
        (
            np.zeros((1, 5, 5, 4), "uint8"),
            "x: got shape (1, 5, 5, 4); it must have 1 or 3 channels in the last axis "
            "(drop the alpha channel).",
        ),
        (
            np.zeros((1, 3, 8, 8), "uint8"),
            "x: got shape (1, 3, 8, 8); it must have 1 or 3 channels in the last axis "
            "(put channels last).",
        ),
        (
            np.zeros((0, 5, 5, 3), "uint8"),
            "x: got shape (0, 5, 5, 3); it must hold at least one image with pixels.",
        ),
        (np.zeros((5, 5), "uint8"), "x: got shape (5, 5); it must be (N, H, W) or (N, H, W, C)."),
        (
            np.zeros((32, 32, 3), "uint8"),
            "x: got shape (32, 32, 3), which looks like one image; it must have a batch axis in "
            "front (images[None]).",
        ),
    ],
)
def test_wrong_values_and_shapes_are_named(images, sentence):
    with pytest.raises(ValueError) as error:
        check_images(images, "x")
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    "images",
    [
        None,
        "cat.jpg",
        [np.zeros((2, 2)), np.zeros((3, 3))],
        np.zeros((1, 5, 5), bool),
        np.zeros((1, 5, 5), complex),
    ],
)
def test_what_is_no_array_of_numbers_is_a_type_error(images):
    with pytest.raises(TypeError, match="^x: got .*; it must be "):
        check_images(images, "x")


def test_a_bad_value_in_the_last_chunk_is_found(monkeypatch):
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 3 * 5 * 5 * 4)
    images = np.zeros((10, 5, 5), "float32")
    check_images(images)
    images[9, 4, 4] = 1.5
    with pytest.raises(ValueError, match="from 0.0 to 1.5"):
        check_images(images)


def test_the_scan_takes_no_memory_that_grows_with_the_data():
    images = np.zeros((200, 100, 100), "float32")
    tracemalloc.start()
    check_images(images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes / 20


def test_image_files_pass_through_after_a_look(tmp_path):
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    files = ImageFiles([tmp_path / "a.png"], 8)
    assert check_images(files) is files
    with pytest.raises(OSError, match="gone.png: cannot be read"):
        check_images(ImageFiles([tmp_path / "gone.png"], 8))
