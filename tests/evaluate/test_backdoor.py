"""Triggers and poisoned sets, and the rate at which a defect is inherited."""

import numpy as np
import pytest

from sslzoo.data import Dataset
from sslzoo.evaluate import inheritance, poisoned, triggered

IMAGES = np.full((10, 8, 8, 3), 100, "uint8")


def test_the_trigger_is_a_checkered_square_in_the_corner():
    marked = triggered(IMAGES, size=3)
    board = [[255, 0, 255], [0, 255, 0], [255, 0, 255]]
    assert (marked[:, -3:, -3:] == np.array(board)[..., None]).all()
    rest = marked.copy()
    rest[:, -3:, -3:] = 100
    assert (rest == 100).all() and (IMAGES == 100).all()
    floats = triggered(IMAGES / 255, size=3)
    np.testing.assert_allclose(floats, marked / 255)


@pytest.mark.parametrize("size", [0, 9])
def test_a_trigger_that_does_not_fit_is_refused(size):
    with pytest.raises(ValueError, match=f"size: got {size}"):
        triggered(IMAGES, size)


def test_poisoned_rows_have_the_trigger_and_the_label_and_no_others():
    data = Dataset(IMAGES, np.arange(10) % 5, name="mine")
    bad = poisoned(data, share=0.3, target=2, seed=1)
    marked = (bad.images != IMAGES).any(axis=(1, 2, 3))
    assert marked.sum() == 3 and (bad.labels[marked] == 2).all()
    assert (bad.labels[~marked] == data.labels[~marked]).all()
    assert (data.images == 100).all() and bad.name == "mine"
    assert (poisoned(data, 0.3, 2, seed=1).images == bad.images).all()


def test_what_cannot_be_poisoned_is_refused():
    data = Dataset(IMAGES, np.arange(10) % 5)
    with pytest.raises(ValueError, match="target: got 5"):
        poisoned(data, target=5)
    with pytest.raises(ValueError, match="share: got 1.5"):
        poisoned(data, share=1.5)
    with pytest.raises(ValueError, match="dataset: got .*; it must hold images and labels"):
        poisoned(Dataset(IMAGES))


LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2])
CLEAN = np.array([0, 0, 1, 1, 0, 2, 2, 2])  # six are right
ATTACKED = np.array([0, 2, 2, 2, 2, 2, 0, 1])


def test_the_rate_is_of_the_items_that_were_right_before():
    """Of all eight items six are wrong after it, and two of these were wrong before."""
    found = inheritance(CLEAN, ATTACKED, LABELS)
    assert found["inheritance"] == 4 / 6 and found["n_right"] == 6
    low, high = found["inheritance_95"]
    assert low < 4 / 6 < high


def test_of_a_backdoor_only_its_class_counts_and_not_the_items_of_that_class():
    found = inheritance(CLEAN, ATTACKED, LABELS, target=2)
    assert found["inheritance"] == 2 / 3 and found["n_right"] == 3


def test_an_item_that_becomes_right_is_no_defect():
    assert inheritance([0, 1], [0, 0], [0, 0])["inheritance"] == 0


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="answers: got none that is right before the attack"):
        inheritance([1, 1], [0, 0], [0, 0])
    with pytest.raises(ValueError, match="answers: got 2 clean and 1 attacked ones for 2 labels"):
        inheritance([1, 1], [0], [0, 0])
