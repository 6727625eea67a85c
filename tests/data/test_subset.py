"""Labeled subsets: balanced, seeded, never missing a class."""

import numpy as np
import pytest

from sslzoo import data
from sslzoo.data import Dataset, split
from sslzoo.data.subset import labeled_subset, stratified_split

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 40))


def test_per_class_takes_the_same_number_of_every_class():
    chosen = labeled_subset(LABELS, per_class=10, seed=3)
    assert np.bincount(LABELS[chosen]).tolist() == [10] * 10
    assert len(set(chosen)) == 100


def test_fraction_is_a_share_of_every_class():
    labels = np.repeat([0, 1], [100, 20])
    assert np.bincount(labels[labeled_subset(labels, fraction=0.1)]).tolist() == [10, 2]


def test_the_whole_set_is_everything_in_order():
    assert labeled_subset(LABELS, fraction=1.0).tolist() == list(range(len(LABELS)))


def test_the_seed_decides():
    first = labeled_subset(LABELS, per_class=4, seed=1)
    assert np.array_equal(first, labeled_subset(LABELS, per_class=4, seed=1))
    assert not np.array_equal(first, labeled_subset(LABELS, per_class=4, seed=2))


@pytest.mark.parametrize(
    ("share", "message"),
    [
        ({"fraction": 0.0}, "fraction: got 0.0; it must be a number above 0 and at most 1"),
        ({"fraction": 1.5}, "fraction: got 1.5; it must be a number above 0"),
        ({"fraction": float("nan")}, "fraction: got nan; it must be a number above 0"),
        ({"fraction": 0.01}, "fraction: got 0.01; it must leave one of the 40 samples of class 0"),
        ({"per_class": 0}, "labels_per_class: got 0; it must be an integer of at least 1"),
        (
            {"per_class": 41},
            "labels_per_class: got 41; it must be at most 40, the samples of class 0",
        ),
        ({}, "fraction: got None beside per_class None; it must be one of the two"),
        ({"fraction": 0.5, "per_class": 2}, "fraction: got 0.5 beside per_class 2; it must be one"),
    ],
)
def test_shares_that_cannot_be_taken(share, message):
    with pytest.raises(ValueError, match=message):
        labeled_subset(LABELS, **share)


def test_a_split_holds_out_some_of_every_class_and_never_all():
    labels = np.repeat([0, 1, 2], [2, 9, 100])
    rest, held_out = stratified_split(labels, 0.1, seed=0)
    assert np.bincount(labels[held_out]).tolist() == [1, 1, 10]
    assert sorted([*rest, *held_out]) == list(range(111))


def test_a_class_of_one_cannot_be_split():
    with pytest.raises(
        ValueError, match="labels: got 1 training sample of class 7; it must hold 2"
    ):
        stratified_split(np.array([0, 0, 7]), 0.1, seed=0)


def test_split_keeps_a_part_of_every_class_apart():
    data = Dataset(vectors=np.arange(12)[:, None], labels=[0] * 8 + [1] * 4, classes=["a", "b"])
    train, test = split(data, test=0.25, seed=3)
    assert (train.split, test.split, test.classes) == ("train", "test", ["a", "b"])
    assert np.bincount(test.labels).tolist() == [2, 1]
    assert sorted([*train.vectors[:, 0], *test.vectors[:, 0]]) == list(range(12))
    again, other = split(data, 0.25, 3)[1], split(data, 0.25, 4)[1]
    assert again.vectors.tolist() == test.vectors.tolist() != other.vectors.tolist()


def test_split_takes_what_has_no_labels_and_pairs():
    train, test = split({"tokens": np.ones((10, 3), int)}, 0.3)
    assert (len(train), len(test)) == (7, 3)
    assert len(split((np.zeros((4, 2, 2)), [0, 1, 0, 1]), 0.5)[1]) == 2


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan"), "a"])
def test_a_split_of_nothing_or_everything_is_refused(share):
    with pytest.raises(ValueError, match="test: got .*; it must be a number above 0 and below 1"):
        split(Dataset(vectors=np.eye(4)), share)


def test_the_first_rows_of_each_class_keep_their_order():
    digits = data.load("digits")
    few = data.load("digits", per_class=3)
    expected = [
        row for row, label in enumerate(digits.labels) if np.sum(digits.labels[:row] == label) < 3
    ]
    np.testing.assert_array_equal(few.images, digits.images[expected])
    np.testing.assert_array_equal(np.bincount(few.labels), np.full(10, 3))
    with pytest.raises(ValueError, match="per_class: got 500; it must be at most 12[0-9], the sam"):
        data.load("digits", per_class=500)
