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


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([0.0, 1.7], "got float64"),
        ([True, False], "got bool values"),
        (["a", "b"], "got <U1 values"),
        (np.eye(2, dtype=int), r"got int64 \(2, 2\)"),
        ([-1, 0], "got integers from -1 to 0"),
        ([0, 10**12], "got integers from 0 to 1000000000000"),
        (np.array([0, 2**63 + 1], "uint64"), "got integers from 0 to 9223372036854775809"),
    ],
)
def test_labels_are_class_numbers(labels, sentence):
    with pytest.raises((TypeError, ValueError), match=f"labels: {sentence}.*; it must be "):
        Dataset(np.zeros((2, 4, 4), "uint8"), labels, name="x")


def test_labels_are_below_the_number_of_classes():
    with pytest.raises(ValueError, match="labels: got integers from 0 to 2; it must be in 0..1"):
        Dataset(vectors=np.eye(2), labels=[0, 2], classes=["a", "b"])


def test_one_label_per_image():
    with pytest.raises(
        ValueError, match="labels: got 3 for 2 images of 'x'; it must be one per row"
    ):
        Dataset(np.zeros((2, 4, 4), "uint8"), [0, 1, 2], name="x")


# === Fields of every kind ===

N = 5
KINDS = {
    "images": np.arange(N * 4, dtype="uint8").reshape(N, 2, 2),
    "series": np.random.default_rng(0).normal(size=(N, 3, 2)),
    "tokens": np.arange(N * 3).reshape(N, 3),
    "vectors": np.random.default_rng(1).normal(size=(N, 4)),
    "audio": np.zeros((N, 8), "int16"),
    "nodes": np.random.default_rng(2).normal(size=(N, 4, 3)),
}


@pytest.mark.parametrize("field", KINDS)
def test_a_data_set_of_any_kind_is_read_by_position(field):
    targets = np.arange(N) / 2
    data = Dataset(**{field: KINDS[field]}, targets=targets, domains=[0, 0, 1, 1, 1])
    assert data.field == field and len(data) == N and data.labels is None
    assert data.inputs is KINDS[field] and getattr(data, field) is KINDS[field]
    assert set(data.fields) == {field, "targets", "domains"}
    batch = data[[3, 1]]
    assert set(batch) == {field, "targets", "domains", "index"}
    np.testing.assert_array_equal(batch[field], KINDS[field][[3, 1]])
    assert batch["targets"].tolist() == [1.5, 0.5] and batch["domains"].tolist() == [1, 0]
    part = data.take(np.arange(N) > 2)
    np.testing.assert_array_equal(part.inputs, KINDS[field][3:])
    assert part.targets.tolist() == [1.5, 2.0] and part.field == field


def test_a_graph_is_nodes_and_edges():
    edges = np.zeros((N, 6, 2), "int32")
    data = Dataset(nodes=KINDS["nodes"], edges=edges)
    assert data.field == "nodes" and data[:2]["edges"].shape == (2, 6, 2)


def test_a_field_that_is_not_there_is_one_sentence():
    data = Dataset(series=KINDS["series"], targets=np.zeros(N), name="air")
    with pytest.raises(AttributeError) as error:
        data.images  # noqa: B018
    assert str(error.value) == "images: the data set 'air' has none; it has series, targets."
    assert not hasattr(data, "images")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"targets": np.zeros(N)},
            "data: got the fields targets for 'x'; it must have one of images, series, tokens, "
            "vectors, audio, nodes.",
        ),
        ({}, "data: got the fields none for 'x'; it must have one of images, series, tokens, "),
        (
            {"series": KINDS["series"], "vectors": KINDS["vectors"]},
            "data: got the fields series, vectors for 'x'; it must have one of images, ",
        ),
        (
            {"series": KINDS["series"], "targets": np.zeros(N - 1)},
            "targets: got 4 for 5 series of 'x'; it must be one per row.",
        ),
        (
            {"series": KINDS["series"], "index": np.arange(N)},
            "index: got values for 'x'; it must be left out",
        ),
    ],
)
def test_fields_that_make_no_data_set_are_named(fields, sentence):
    with pytest.raises(ValueError) as error:
        Dataset(**fields, name="x")
    assert str(error.value).startswith(sentence)


def test_replace_changes_fields_and_keeps_the_rest():
    data = numbered()
    other = data.replace(labels=None, targets=np.zeros(6))
    assert other.labels is None and other.classes == data.classes and other.name == "numbered"
    assert other.images is data.images and data.labels is not None


def test_a_data_set_can_be_copied_and_pickled():
    import copy
    import pickle

    data = Dataset(vectors=KINDS["vectors"], labels=[0, 1, 0, 1, 0])
    for other in (copy.deepcopy(data), pickle.loads(pickle.dumps(data))):
        np.testing.assert_array_equal(other.vectors, data.vectors)


def test_repr_shows_all_fields():
    data = Dataset(series=KINDS["series"], targets=np.zeros(N), labels=[0] * N)
    assert repr(data) == (
        "Dataset('arrays', 'train', series (5, 3, 2) float64, targets (5,) float64, labels)"
    )
