import numpy as np
import pytest

from sslzoo.data import Batches, ClassBalanced, Dataset, Paired, load
from sslzoo.data.subset import labeled_subset


def dataset(n=120, classes=10):
    """Images whose one value is their row."""
    images = np.broadcast_to(np.arange(n, dtype="uint8")[:, None, None], (n, 4, 4))
    return Dataset(images, np.arange(n) % classes, [str(c) for c in range(classes)])


def paired(**changes):
    return Paired(
        dataset(),
        **{"batch_size": 8, "ratio": 3, "labels_per_class": 4, "steps_per_epoch": 7} | changes,
    )


def test_labels_are_drawn_evenly_and_by_the_seed():
    data = load("digits")
    stream = Paired(data, batch_size=32, ratio=3, labels_per_class=4, draw=5)
    assert stream.labeled.tolist() == labeled_subset(data.labels, per_class=4, seed=5).tolist()
    assert np.bincount(stream.arrays["labels"]).tolist() == [4] * 10
    assert (
        stream.labeled.tolist()
        != Paired(data, batch_size=32, ratio=3, labels_per_class=4, draw=6).labeled.tolist()
    )
    assert len(stream.arrays["unlabeled"]) == len(data)  # the labeled ones too
    assert stream.steps_per_epoch == len(data) // 96


def test_a_batch_holds_labeled_and_ratio_times_unlabeled_rows():
    stream = paired()
    labels = dataset().labels
    for i in range(20):
        batch = stream[i]
        assert {field: len(values) for field, values in batch.items()} == {
            "images": 8,
            "labels": 8,
            "unlabeled": 24,
            "index": 24,
        }
        rows = batch["images"][:, 0, 0, 0]
        assert set(rows) <= set(stream.labeled) and (labels[rows] == batch["labels"]).all()
        assert (batch["unlabeled"][:, 0, 0, 0] == batch["index"]).all()
        assert len(set(batch["index"])) == 24


def test_both_orders_are_permutations_of_their_own():
    stream = paired()
    # 80 places: twice the 40 labels
    labeled = np.concatenate([stream[i]["images"][:, 0, 0, 0] for i in range(10)])
    assert sorted(labeled[:40]) == sorted(labeled[40:]) == stream.labeled.tolist()
    assert labeled[:40].tolist() != labeled[40:].tolist()
    # 5 batches of 24 are all 120
    unlabeled = np.concatenate([stream[i]["index"] for i in range(5)])
    assert sorted(unlabeled) == list(range(120))
    assert unlabeled.tolist() != np.concatenate([stream[i]["index"] for i in range(5, 10)]).tolist()


def test_an_item_depends_on_its_step_and_the_seed_alone():
    whole, resumed = paired(seed=1), paired(seed=1).starting_at(9)
    for i in range(8):
        for field, values in resumed[i].items():
            np.testing.assert_array_equal(values, whole[9 + i][field])
    assert paired(seed=2)[0]["index"].tolist() != whole[0]["index"].tolist()
    longer = paired(seed=1, steps_per_epoch=50)  # an epoch is only a name
    np.testing.assert_array_equal(longer[30]["index"], whole[30]["index"])


def test_fewer_labeled_images_than_a_batch_repeat():
    stream = paired(batch_size=30, ratio=1, labels_per_class=1)
    assert np.bincount(stream[0]["labels"]).tolist() == [3] * 10


def test_unlabeled_images_of_their_own():
    others = np.zeros((50, 4, 4), "uint8")
    stream = Paired(dataset(), batch_size=4, ratio=2, unlabeled=others)
    assert stream.size == 50 and len(stream.arrays["images"]) == 120
    assert stream.sample(20).shape == (20, 4, 4, 1) and not stream.sample(20).any()
    assert (
        Paired((dataset().images, dataset().labels), 4, 2, unlabeled=Dataset(others)).classes == 10
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"batch_size": 41},
            "unlabeled: got 120 images; it must hold the 41 x 3 = 123 of a batch, or batch_size or "
            "ratio be smaller.",
        ),
        ({"ratio": 0}, "ratio: got 0; it must be an integer of at least 1."),
        ({"steps_per_epoch": 0}, "steps_per_epoch: got 0; it must be an integer of at least 1."),
        (
            {"labels_per_class": 13},
            "labels_per_class: got 13; it must be at most 12, the samples of class 0.",
        ),
    ],
)
def test_wrong_numbers_are_named(changes, sentence):
    with pytest.raises(ValueError) as error:
        paired(**changes)
    assert str(error.value) == sentence


def test_a_class_without_a_label_and_no_labels_are_refused():
    whole = dataset()
    few = Dataset(whole.images[:7], whole.labels[:7], whole.classes)
    with pytest.raises(
        ValueError,
        match="labels: got none of class 7; it must hold each of the 10 classes at least once",
    ):
        Paired(few, 2, 1, unlabeled=whole)
    with pytest.raises(ValueError, match="labels: missing"):
        Paired(Dataset(whole.images), 2, 1)


def test_unlabeled_rows_in_any_form():
    others = np.zeros((50, 4, 4), "uint8")
    for form in (others, Dataset(others), (others, np.arange(50)), {"images": others}):
        assert Paired(dataset(), batch_size=4, ratio=2, unlabeled=form).size == 50
    with pytest.raises(ValueError, match="unlabeled: got vectors; it must be images"):
        Paired(dataset(), 4, 2, unlabeled=Dataset(vectors=np.eye(50)))


@pytest.mark.parametrize("form", [3, None, "abc", iter([1]), {1: 2}])
@pytest.mark.parametrize("sampler", [Paired, Batches, ClassBalanced])
def test_data_of_no_known_form_are_one_sentence(sampler, form):
    if sampler is Batches and isinstance(form, dict):
        pytest.skip("a field may have any name")
    with pytest.raises(TypeError, match="dataset: got a .*; it must be a Dataset, .images, labels"):
        sampler(form, batch_size=2) if sampler is not ClassBalanced else sampler(form)


@pytest.mark.parametrize("sampler", [Paired, ClassBalanced])
def test_identifiers_are_refused_before_anything_counts_to_them(sampler):
    labels = np.arange(120) % 10 * 10**12
    with pytest.raises(ValueError, match="labels: got integers from 0 to 9000000000000; it must"):
        sampler({"images": dataset().images, "labels": labels})


def test_it_says_whether_labels_of_the_unlabeled_rows_are_not_used():
    whole = dataset()
    for form, expected in (
        (None, False),
        (whole.images, False),
        (Dataset(whole.images), False),
        (whole, True),
        ((whole.images, whole.labels), True),
    ):
        assert Paired(whole, 4, 2, unlabeled=form).unused_labels is expected
