import numpy as np
import pytest

from sslzoo.data import Dataset, TaskStream


def labeled(n=30, classes=6, split="train", names=True):
    """Image i is all i; its label is i % classes."""
    images = np.arange(n, dtype="uint8")[:, None, None] * np.ones((1, 2, 2), "uint8")
    return Dataset(
        images,
        np.arange(n) % classes,
        list("abcdefghij"[:classes]) if names else None,
        "letters",
        split,
    )


def stream(**kwargs):
    return TaskStream(labeled(), labeled(12, split="test"), **kwargs)


def test_tasks_share_out_the_classes_and_the_images():
    tasks = stream(tasks=3)
    assert len(tasks) == 3
    for index, task in enumerate(tasks):
        assert task.index == index and task.classes == [2 * index, 2 * index + 1]
        assert task.names == list("abcdef"[2 * index : 2 * index + 2])
        assert sorted(set(task.train.labels)) == sorted(set(task.test.labels)) == task.classes
        assert len(task.train) == 10 and len(task.test) == 4
    assert np.array_equal(
        np.sort(np.concatenate([task.train.images[:, 0, 0] for task in tasks])), np.arange(30)
    )


@pytest.mark.parametrize("seed", [None, 0, 7])
def test_labels_count_in_the_order_of_appearance_and_keep_their_names(seed):
    tasks = stream(tasks=3, seed=seed)
    assert (tasks.order == list(range(6))) == (seed is None)
    assert sorted(tasks.order) == list(range(6))
    assert tasks.classes == ["abcdef"[old] for old in tasks.order]
    for task in tasks:
        for data in (task.train, task.test):
            old = data.images[:, 0, 0] % 6
            assert [tasks.order[new] for new in data.labels] == old.tolist()
            assert data.classes == tasks.classes and data.name == "letters"
        assert task.names == [tasks.classes[c] for c in task.classes]
        assert task.train.split == "train" and task.test.split == "test"


def test_the_same_seed_is_the_same_order():
    assert stream(seed=3).order == stream(seed=3).order != stream(seed=4).order


def test_seed_1993_is_the_published_order_of_cifar100():
    data = labeled(200, 100, names=False)
    order = TaskStream(data, data, tasks=10, seed=1993).order
    assert order[:12] == [68, 56, 78, 8, 23, 84, 90, 65, 74, 76, 40, 89]  # that of PyCIL


def test_classes_that_do_not_divide_leave_the_last_tasks_smaller():
    assert [len(task.classes) for task in stream(tasks=4)] == [2, 2, 1, 1]


def test_tasks_may_be_named_class_by_class():
    tasks = stream(tasks=[[5, 0], [3]])
    assert tasks.order == [5, 0, 3] and tasks.classes == ["f", "a", "d"]
    assert [task.classes for task in tasks] == [[0, 1], [2]]
    assert set(tasks[1].train.images[:, 0, 0] % 6) == {3}
    assert len(tasks.train) == 15 and len(tasks.test) == 6
    assert repr(tasks) == "TaskStream('letters', 2 tasks: f a | d)"


def test_names_default_to_the_old_labels():
    assert TaskStream(labeled(names=False), labeled(6, names=False), tasks=[[4, 2]]).classes == [
        "4",
        "2",
    ]


def test_tasks_are_counted_from_the_end_too():
    tasks = stream(tasks=3)
    assert tasks[-1].index == 2 and tasks[-1].classes == [4, 5]
    with pytest.raises(IndexError, match="task 3: there are 3"):
        tasks[3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"tasks": [[0, 1], [2, 1]]},
            "tasks: got class 1 for task 1 again; it must have each class once",
        ),
        ({"tasks": [[0, 0]]}, "tasks: got class 0 for task 0 again"),
        (
            {"tasks": [[0, 1], []]},
            "tasks: got no classes for task 1; it must have one for each at least",
        ),
        ({"tasks": []}, "tasks: got none; it must be one at least"),
        ({"tasks": [[0, 9]]}, "tasks: got class 9 for task 0; it must have classes of train alone"),
        ({"tasks": 7}, "tasks: got 7; it must be in 1..6"),
        ({"tasks": 0}, "tasks: got 0; it must be an integer of at least 1"),
        ({"tasks": 2.5}, "tasks: got 2.5; it must be an integer of at least 1"),
        ({"tasks": "2"}, "tasks: got '2'; it must be an integer of at least 1"),
        ({"tasks": [0, 1]}, "tasks: got .*; it must be a number, or a list of the classes of each"),
        ({"tasks": [["a"]]}, "tasks: got 'a'; it must be an integer of at least 0"),
        ({"seed": "a"}, "seed: got 'a'; it must be an integer of at least 0"),
        ({"seed": -1}, "seed: got -1; it must be an integer of at least 0"),
        ({"tasks": [[0]], "seed": 1}, "seed: got 1; it must be None with the classes of each task"),
    ],
)
def test_bad_plans_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        stream(**arguments)


def test_bad_data_is_refused():
    with pytest.raises(ValueError, match="test: got no labels; it must have them"):
        TaskStream(labeled(), Dataset(np.zeros((3, 2, 2), "uint8")))
    with pytest.raises(ValueError, match="test: got rows of class 5, of which train has none"):
        TaskStream(labeled(classes=5), labeled(), tasks=2)
    with pytest.raises(ValueError, match="train: got rows of class 5, of which test has none"):
        TaskStream(labeled(), labeled(classes=5), tasks=2)


def test_pairs_and_dicts_are_data_too():
    images, labels = np.zeros((8, 4, 4), "uint8"), np.arange(8) % 4
    stream = TaskStream((images, labels), {"images": images, "labels": labels}, tasks=2)
    assert [len(task.train) for task in stream] == [4, 4]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([(np.zeros((8, 4, 4), "uint8"), np.arange(8))], "test: got None; it must be labeled data"),
        ([3, 4], "train: got a int; it must be a Dataset, "),
        ([np.zeros((8, 4, 4), "uint8")] * 2, "train: got no labels; it must have them"),
    ],
)
def test_data_without_labels_or_of_one_split_is_refused(arguments, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        TaskStream(*arguments)
