import numpy as np
import pytest
import scipy.io

from sslzoo import data
from sslzoo.data.read.mat import load_mat, standardized

COUNTS = np.array([[4, 0, 0, 1], [1, 3, 0, 1], [2, 2, 0, 1]], "uint8")
LABELS = np.array([[1], [3], [2]], "uint8")


def written(folder, name="amazon_surf.mat", **arrays):
    path = folder / name
    scipy.io.savemat(path, {"fts": COUNTS, "labels": LABELS} | arrays)
    return path


def test_counts_and_labels_from_zero_as_they_are_stored(tmp_path):
    vectors, labels = load_mat(written(tmp_path))
    np.testing.assert_array_equal(vectors, COUNTS)
    assert vectors.dtype == "float32"
    assert labels.tolist() == [0, 2, 1] and labels.dtype == "int64"


@pytest.mark.parametrize("labels", [LABELS.T, LABELS.astype("float64"), LABELS.astype("int32")])
def test_labels_may_be_a_row_or_matlabs_usual_numbers(tmp_path, labels):
    assert load_mat(written(tmp_path, labels=labels))[1].tolist() == [0, 2, 1]


def test_standardized_shares_have_mean_0_and_variance_1_over_the_rows():
    found = standardized(COUNTS)
    shares = np.array([row / row.sum() for row in COUNTS.astype("float64")])
    for word in range(2):
        column = shares[:, word]
        deviation = np.sqrt(np.mean((column - column.mean()) ** 2))
        np.testing.assert_allclose(found[:, word], (column - column.mean()) / deviation, rtol=1e-6)
    # A word of no image, and one of a fifth of each.
    np.testing.assert_array_equal(found[:, 2:], 0)


def test_an_image_without_words_stays_finite():
    assert np.isfinite(standardized(np.array([[0, 0], [1, 3]]))).all()


def test_it_is_found_by_its_name_below_sslzoo_data(tmp_path, monkeypatch):
    (tmp_path / "office").mkdir()
    written(tmp_path / "office")
    monkeypatch.setenv("SSLZOO_DATA", str(tmp_path))
    found = data.load("office/amazon_surf")
    np.testing.assert_allclose(found.vectors, standardized(COUNTS))
    assert found.labels.tolist() == [0, 2, 1]
    assert (found.name, found.split, found.field) == ("office/amazon_surf", "train", "vectors")
    assert (
        "office/amazon_surf",
        "mat",
        str(tmp_path / "office/amazon_surf.mat"),
    ) in data.available()


def test_a_domain_has_no_other_split(tmp_path):
    with pytest.raises(ValueError, match=r"no split 'test'; it has \['train'\]"):
        data.load(written(tmp_path), "test")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": LABELS[:2]}, "labels: got 2 for 3 rows"),
        ({"labels": LABELS - 1}, "labels: got integers from 0; it must count from 1"),
        ({"labels": LABELS + 0.5}, "labels: got float64"),
        ({"fts": np.full((3, 2), np.nan)}, "fts: got NaN or infinite values"),
        ({"fts": np.zeros((3, 0))}, r"fts: got shape \(3, 0\)"),
        ({"fts": -COUNTS.astype("float64")}, "fts: got values from -4; it must be counts of at"),
    ],
)
def test_values_that_cannot_be_are_refused_with_file_and_key(tmp_path, arrays, message):
    path = written(tmp_path, **arrays)
    with pytest.raises(ValueError, match=f"amazon_surf.mat: {message}"):
        data.load(path)


@pytest.mark.parametrize("missing", ["fts", "labels"])
def test_a_file_without_them_is_refused(tmp_path, missing):
    arrays = {"fts": COUNTS, "labels": LABELS}
    del arrays[missing]
    scipy.io.savemat(tmp_path / "other.mat", arrays)
    with pytest.raises(
        ValueError, match=f"other.mat: got no {missing}; it must hold fts and labels"
    ):
        data.load(tmp_path / "other.mat")


def test_a_file_that_is_no_matlab_file_is_refused(tmp_path):
    (tmp_path / "broken.mat").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="broken.mat: not a readable MATLAB file"):
        data.load(tmp_path / "broken.mat")
