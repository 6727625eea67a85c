import numpy as np
import pytest

from sslzoo.data import Dataset


def numbered(n=6, labels=True):
    images = np.arange(n, dtype="uint8")[:, None, None] * np.ones((1, 2, 2), "uint8")
    return Dataset(
        images,
        np.arange(n) % 3 if labels else None,
        ["a", "b", "c"] if labels else None,
        "numbered",
    )


def test_rows_come_in_the_order_asked_for():
    batch = numbered()[[4, 1]]
    assert batch["images"][:, 0, 0].tolist() == [4, 1]
    assert batch["labels"].tolist() == [1, 1] and batch["labels"].dtype == "int64"
    assert batch["index"].tolist() == [4, 1]


def test_a_mask_and_a_slice_select_too():
    data = numbered()
    assert data[np.arange(6) > 3]["index"].tolist() == [4, 5]
    assert data[-2:]["index"].tolist() == [4, 5]


def test_without_labels_a_batch_has_none():
    assert set(numbered(labels=False)[:2]) == {"images", "index"}


def test_take_keeps_classes_and_counts_rows_anew():
    part = numbered().take([5, 2])
    assert len(part) == 2 and part.classes == ["a", "b", "c"] and part.name == "numbered"
    assert part[[0]]["images"][0, 0, 0] == 5 and part[[0]]["index"].tolist() == [0]
    assert part.labels.tolist() == [2, 2]


def test_repr_names_what_it_holds():
    assert repr(numbered()) == "Dataset('numbered', 'train', images (6, 2, 2) uint8, 3 classes)"


@pytest.mark.parametrize("labels", [[0.0, 1.7], [True, False], ["a", "b"]])
def test_labels_are_integers(labels):
    with pytest.raises(ValueError, match="labels: got .* values for 'x'; it must be integers"):
        Dataset(np.zeros((2, 4, 4), "uint8"), labels, name="x")


def test_one_label_per_image():
    with pytest.raises(
        ValueError, match="labels: got 3 for 2 images of 'x'; it must be one per row"
    ):
        Dataset(np.zeros((2, 4, 4), "uint8"), [0, 1, 2], name="x")
