import numpy as np
import pytest

from sslzoo import checks


def test_labels_come_back_as_int64():
    assert checks.check_labels(np.array([[0], [2]], "uint8"), 2, 3).tolist() == [0, 2]
    assert checks.check_labels([1, 0], 2, ["a", "b"]).dtype == "int64"


@pytest.mark.parametrize(
    "labels, sentence",
    [
        (None, "labels: missing; it must be one integer per row."),
        ([0, 1, 0], "labels: got 3 for 2 rows; it must be one per row."),
        ([0, 3], "labels: got integers from 0 to 3; it must be in 0..2."),
        ([-1, 0], "labels: got integers from -1 to 0; it must be in 0..2."),
        ([0.0, 1.0], "labels: got float64 (2,); it must be integers (N,)."),
        (np.eye(2, dtype="int64"), "labels: got int64 (2, 2); it must be integers (N,)."),
    ],
)
def test_wrong_labels_are_named(labels, sentence):
    with pytest.raises(ValueError) as error:
        checks.check_labels(labels, 2, 3)
    assert str(error.value) == sentence


@pytest.mark.parametrize("labels", [[0, 10**12], np.array([0, 2**64 - 1], "uint64"), ["a", "b"]])
def test_identifiers_are_no_class_numbers(labels):
    """10^12 would be a table of 8 TB, 2^64 - 1 became -1, and JAX keeps 32 bits of each."""
    with pytest.raises((TypeError, ValueError), match=r"np.unique\(labels, return_inverse=True\)"):
        checks.check_labels(labels, 2)
    with pytest.raises((TypeError, ValueError), match="index: got .*; it must be .*2147483647"):
        checks.check_index(labels)


def test_domains_and_index_are_checked_as_labels_are():
    assert checks.check_domains([0, 1], 2).dtype == checks.check_index([5, 3]).dtype == "int64"
    with pytest.raises(ValueError, match="domains: got integers from 0 to 2; it must be in 0..1"):
        checks.check_domains([0, 2], 2, count=2)
    with pytest.raises(ValueError, match="index: got integers from 0 to 9; it must be in 0..8"):
        checks.check_index([0, 9], size=9)
    with pytest.raises(ValueError, match="index: got 2 for 3 rows; it must be one per row"):
        checks.check_index([0, 1], 3)


def test_targets_are_finite_numbers_of_one_or_two_axes():
    assert checks.check_targets([1, 2], 2).dtype == "float32"
    assert checks.check_targets(np.zeros((2, 3)), 2, columns=3).shape == (2, 3)
    assert checks.check_targets([0.5], 1, columns=1).shape == (1,)


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        (None, "targets: missing; it must be one number or vector per row."),
        ([0.5], "targets: got 1 for 2 rows; it must be one per row."),
        ([0.5, np.nan], "targets: got NaN or infinite values; it must be finite numbers (N,) or "),
        (np.zeros((2, 3)), "targets: got shape (2, 3); it must be (N, 2)."),
        (np.zeros((2, 3, 1)), "targets: got shape (2, 3, 1); it must be finite numbers (N,) or "),
    ],
)
def test_wrong_targets_are_named(targets, sentence):
    with pytest.raises(ValueError) as error:
        checks.check_targets(targets, 2, columns=2)
    assert str(error.value).startswith(sentence)
