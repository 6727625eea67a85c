import numpy as np
import pytest

from sslzoo.data import ClassBalanced, Dataset


def dataset(sizes=(6, 4, 9, 5, 4)):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    images = np.broadcast_to(
        np.arange(len(labels), dtype="uint8")[:, None, None], (len(labels), 2, 2)
    )
    return Dataset(images.copy(), labels, [f"c{i}" for i in range(len(sizes))])


def test_a_batch_is_k_different_images_of_each_of_p_different_classes():
    stream, data = ClassBalanced(dataset(), classes=3, samples=4), dataset()
    seen = set()
    for i in range(40):
        batch = stream[i]
        assert batch["images"].shape == (12, 2, 2, 1) and stream.batch_size == 12
        assert len(set(batch["index"])) == 12
        assert sorted(np.unique(batch["labels"], return_counts=True)[1]) == [4, 4, 4]
        np.testing.assert_array_equal(batch["labels"], data.labels[batch["index"]])
        np.testing.assert_array_equal(batch["images"][:, 0, 0, 0], batch["index"])
        seen |= set(batch["index"].tolist())
    assert seen == set(range(28))


def test_item_i_is_the_batch_of_step_i_wherever_one_starts():
    whole = ClassBalanced(dataset(), 2, 3, steps_per_epoch=4, seed=5)
    index = [whole[i]["index"].tolist() for i in range(10)]
    assert [whole.starting_at(3)[i]["index"].tolist() for i in range(7)] == index[3:]
    assert (
        ClassBalanced(dataset(), 2, 3, steps_per_epoch=4, seed=6)[0]["index"].tolist() != index[0]
    )
    assert len({tuple(rows) for rows in index}) == 10


def test_an_epoch_draws_as_many_images_as_there_are():
    assert ClassBalanced(dataset(), 2, 3).steps_per_epoch == 28 // 6
    assert ClassBalanced(dataset(), 5, 4).steps_per_epoch == 1
    stream = ClassBalanced((dataset().images, dataset().labels), 2, 2, steps_per_epoch=7)
    assert (stream.steps_per_epoch, stream.size, len(stream.arrays["images"])) == (7, 28, 28)


@pytest.mark.parametrize(
    ("data", "options", "sentence"),
    [
        (
            dataset((4, 1, 4)),
            {"classes": 2, "samples": 2},
            "samples: got 2; it must be at most 1, the images of class 1 (c1).",
        ),
        (
            dataset((4, 3, 4)),
            {"classes": 2, "samples": 4},
            "samples: got 4; it must be at most 3, the images of class 1 (c1).",
        ),
        (
            dataset(),
            {"classes": 6, "samples": 2},
            "classes: got 6; it must be at most 5, those of the data.",
        ),
        (
            dataset(),
            {"classes": 1, "samples": 2},
            "classes: got 1; it must be an integer of at least 2.",
        ),
        (
            dataset(),
            {"classes": 2, "samples": 1},
            "samples: got 1; it must be an integer of at least 2.",
        ),
        (
            dataset(),
            {"classes": 2, "samples": 2, "steps_per_epoch": 0},
            "steps_per_epoch: got 0; it must be an integer of at least 1.",
        ),
        (
            Dataset(np.zeros((4, 2, 2), "uint8")),
            {"classes": 2},
            "labels: missing; it must be one integer per row.",
        ),
    ],
)
def test_refused_before_the_first_step(data, options, sentence):
    with pytest.raises(ValueError) as error:
        ClassBalanced(data, **options)
    assert str(error.value) == sentence
