import numpy as np
import pytest
from scipy import ndimage

from sslzoo import data
from sslzoo.data import Dataset


def digits():
    return data.load("digits")


def test_rows_keep_their_fields_and_get_the_place_of_their_set():
    first, second = digits().take(slice(3)), digits().take(slice(10, 14))
    both = data.joined_domains({"a": first, "b": second})
    np.testing.assert_array_equal(both.images, np.concatenate([first.images, second.images]))
    np.testing.assert_array_equal(both.labels, np.concatenate([first.labels, second.labels]))
    assert both.domains.tolist() == [0] * 3 + [1] * 4
    assert both.classes == first.classes


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ({"a": Dataset(vectors=np.eye(2))}, "sets: got 1 domains"),
        ({"a": Dataset(vectors=np.eye(2)), "b": Dataset(vectors=np.eye(3))}, "b vectors: got"),
        ({"a": Dataset(vectors=np.eye(2)), "b": Dataset(tokens=np.eye(2, dtype=int))}, "b: got"),
        (
            {
                "a": Dataset(vectors=np.eye(2), labels=[0, 1], classes=["x", "y"]),
                "b": Dataset(vectors=np.eye(2), labels=[0, 1], classes=["x", "z"]),
            },
            "b: got classes",
        ),
    ],
)
def test_sets_that_do_not_fit_are_refused(sets, message):
    with pytest.raises(ValueError, match=message):
        data.joined_domains(sets)


def test_every_row_is_turned_once_by_the_angle_of_its_domain():
    smooth = np.stack([ndimage.zoom(x, 4, order=1) for x in digits().images[:12]])
    whole = Dataset(smooth.astype("uint8"), np.arange(12) % 10)
    turned = data.rotated(whole, [0, 90, 30], seed=1)
    order = np.random.default_rng(1).permutation(12)
    for place, angle in enumerate([0, 90, 30]):
        rows = turned.images[turned.domains == place]
        for row, image in zip(rows, whole.images[order[place::3]], strict=True):
            expected = ndimage.rotate(image.astype(float), angle, reshape=False, order=1)
            assert np.abs(row.astype(float) - expected).mean() < 3.0


def test_color_says_more_than_the_digit_where_the_paper_says_so():
    source = Dataset(np.full((30_000, 2, 2), 9, "uint8"), np.arange(30_000) % 10)
    shares = [0.1, 0.2, 0.9]
    made = data.colored(source, shares)
    greens = made.images[..., 1].max(axis=(1, 2)) > 0
    assert not made.images[..., 2].any()
    assert ((made.images > 0).any(axis=(1, 2)).sum(axis=1) == 1).all()  # one color a row
    for place, share in enumerate(shares):
        rows = made.domains == place
        assert np.mean(greens[rows] != made.labels[rows]) == pytest.approx(share, abs=0.015)


def test_the_digit_says_the_label_but_for_the_noise():
    bright = np.arange(10)[:, None, None] * np.ones((1, 2, 2))
    source = Dataset(np.tile(bright + 1, (2000, 1, 1)).astype("uint8"), np.arange(20_000) % 10)
    made = data.colored(source, [0.1, 0.9])
    large = made.images.max(axis=(1, 2, 3)) > 5
    assert np.mean(large == made.labels) == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: data.rotated(Dataset(vectors=np.eye(2)), [0]), "data: got vectors"),
        (lambda: data.rotated(digits().take(slice(2)), [0, 1, 2]), "angles: got 3 for 2 images"),
        (lambda: data.colored(Dataset(np.zeros((2, 2, 2, 3), "uint8"), [0, 1]), [0.1]), "be gray"),
        (lambda: data.colored(Dataset(np.zeros((2, 2, 2), "uint8")), [0.1]), "with labels"),
    ],
)
def test_other_data_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
