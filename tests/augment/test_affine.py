import numpy as np
import pytest
from keras import ops
from PIL import Image

from sslzoo.augment import affine as geometry


def images_of(count=2, height=13, width=13, channels=3, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (count, height, width, channels), dtype=np.uint8
    )


def column(*values):
    return np.array(values, "float32")


def sampled(images, matrix):
    return np.rint(
        ops.convert_to_numpy(geometry.affine(images / np.float32(255), matrix)) * 255
    ).astype("uint8")


def of_pil(images, transform):
    return np.stack(
        [np.asarray(transform(Image.fromarray(image), n)) for n, image in enumerate(images)]
    )


def share_equal(mine, theirs):
    return (mine == theirs).all(axis=-1).mean()


@pytest.mark.parametrize("shape", [(13, 13), (8, 20)])
def test_shear_and_translation_are_those_of_pil(shape):
    images = images_of(3, *shape)
    amounts = column(-0.3, 0.13, 0.3)
    height, width = shape
    zero = np.zeros_like(amounts)
    cases = {
        "shear_x": (geometry.shear(amounts, zero), lambda v: (1, v, 0, 0, 1, 0)),
        "shear_y": (geometry.shear(zero, amounts), lambda v: (1, 0, 0, v, 1, 0)),
        "translate_x": (
            geometry.translation(amounts, zero, height, width),
            lambda v: (1, 0, v * width, 0, 1, 0),
        ),
        "translate_y": (
            geometry.translation(zero, amounts, height, width),
            lambda v: (1, 0, 0, 0, 1, v * height),
        ),
    }
    for name, (matrix, entries) in cases.items():
        theirs = of_pil(
            images,
            lambda i, n, e=entries: i.transform(
                i.size, Image.Transform.AFFINE, e(float(amounts[n]))
            ),
        )
        # A center that falls on the edge of two pixels is rounded either way.
        assert share_equal(sampled(images, matrix), theirs) > 0.97, name


@pytest.mark.parametrize("size", [13, 16])
def test_rotation_is_that_of_pil(size):
    images = images_of(4, size, size)
    degrees = column(-30, -7.5, 11, 30)
    theirs = of_pil(images, lambda i, n: i.rotate(float(degrees[n])))
    assert share_equal(sampled(images, geometry.rotation(degrees, size, size)), theirs) > 0.97


def test_a_product_of_maps_is_the_first_then_the_second():
    images = images_of(1, 16, 16)
    first = geometry.rotation(column(90), 16, 16)
    second = geometry.translation(column(0.25), column(0.0), 16, 16)
    one_by_one = sampled(sampled(images, first), second)
    np.testing.assert_array_equal(sampled(images, ops.matmul(first, second)), one_by_one)
    assert share_equal(sampled(images, ops.matmul(second, first)), one_by_one) < 0.9


def test_identity_and_outside():
    images = images_of()
    np.testing.assert_array_equal(
        sampled(images, np.eye(3, dtype="float32")[None].repeat(2, 0)), images
    )
    away = geometry.translation(column(1.0, -1.0), column(0.0, 0.0), 13, 13)
    assert not sampled(images, away).any()
