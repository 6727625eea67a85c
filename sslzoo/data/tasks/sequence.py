"""A labeled data set as a sequence of tasks with different classes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sslzoo.checks import check_labels, refused, whole
from sslzoo.data.dataset import Dataset, as_dataset


class Task(NamedTuple):
    """One task: its number, its classes (columns of the head, ascending), their names, and its two
    splits.

    >>> from sslzoo import data
    >>> digits = data.load("digits")
    >>> data.TaskStream(digits, digits, tasks=5)[1].names
    ['2', '3']
    """

    index: int
    classes: list
    names: list
    train: Dataset
    test: Dataset


class TaskStream:
    """A labeled data set as a sequence of tasks, for `sslzoo.evaluate.incremental`.

    Labels get new numbers in the order of the tasks. Task 0 has the classes 0, 1, ..., whatever
    their labels were. `order[new]` is the old label, and `classes[new]` is its name.

    Iterating gives `Task`s; `len` counts them.

    Args:
        train, test: Labeled data: a `Dataset`, (images, labels), or a dict of fields.
        tasks: Number of tasks with equally many classes, or a list with the labels of each task.
            The first tasks have one class more if the number does not divide. No label may occur
            twice in a list. Labels outside the list are left out.
        seed: None: classes in the order of their labels; else the order is
            np.random.RandomState(seed).permutation(C), so that 1993 gives CIFAR-100 the order that
            is published with iCaRL and PyCIL. Only for a number of tasks.

    Attributes:
        order: [old label], classes: [name], both by new label. train, test: all tasks together,
            with new labels.

    Raises:
        ValueError: There are no labels, only one of train and test has a class, there are more
            tasks than classes, a task has no class, or a class is in two tasks.

    >>> from sslzoo import data
    >>> digits = data.load("digits")
    >>> TaskStream(digits, digits, tasks=[[3, 1], [4, 5]])
    TaskStream('digits', 2 tasks: 3 1 | 4 5)
    """

    def __init__(
        self,
        train: Dataset | tuple | dict,
        test: Dataset | tuple | dict | None = None,
        tasks: int | Sequence[Sequence[int]] = 5,
        seed: int | None = None,
    ) -> None:
        if test is None:
            raise refused("test", None, "be labeled data; sslzoo.data.split makes train and test")
        train, test = as_dataset(train, "train"), as_dataset(test, "test")
        labels = {"train": _labels(train, "train"), "test": _labels(test, "test")}
        _check_same_classes(labels)
        present = np.unique(labels["train"])
        if not isinstance(tasks, Sequence | np.ndarray) or isinstance(tasks, str):
            plan = _split(present, tasks, seed)
        else:
            plan = _check_plan(tasks, present, seed)
        self.order = [label for task in plan for label in task]
        names = train.classes or {label: str(label) for label in self.order}
        self.classes = [names[label] for label in self.order]
        self._ends = np.cumsum([len(task) for task in plan])
        self.train = self._renumbered(train, labels["train"])
        self.test = self._renumbered(test, labels["test"])

    def _renumbered(self, data, labels):
        new = np.full(max(*self.order, labels.max()) + 1, -1)
        new[self.order] = np.arange(len(self.order))
        chosen = np.flatnonzero(new[labels] >= 0)
        renumbered = data.take(chosen).replace(labels=new[labels[chosen]])
        renumbered.classes = self.classes
        return renumbered

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> Task:
        if not -len(self) <= index < len(self):
            raise IndexError(f"task {index}: there are {len(self)}")
        index %= len(self)
        end = int(self._ends[index])
        classes = list(range(int(self._ends[index - 1]) if index else 0, end))
        train, test = (data.take(np.isin(data.labels, classes)) for data in (self.train, self.test))
        return Task(index, classes, [self.classes[c] for c in classes], train, test)

    def __repr__(self) -> str:
        tasks = " | ".join(" ".join(task.names) for task in self)
        return f"TaskStream({self.train.name!r}, {len(self)} tasks: {tasks})"


def _labels(data, name):
    if data.labels is None:
        raise refused(name, "no labels", "have them: tasks are made of classes")
    return check_labels(data.labels, len(data), data.classes, f"{name}: labels")


def _check_same_classes(labels):
    for name, other in (("test", "train"), ("train", "test")):
        alone = np.setdiff1d(labels[name], labels[other])
        if len(alone):
            got = f"rows of class {alone[0]}, of which {other} has none"
            raise refused(name, got, f"have the classes of {other}")


def _split(present, tasks, seed):
    whole("tasks", tasks, least=1)
    if tasks > len(present):
        raise refused("tasks", tasks, f"be in 1..{len(present)}, one class a task at least")
    if seed is not None:
        whole("seed", seed, least=0, most=2**32 - 1)
        # NumPy's older generator, on purpose: published class orders were drawn by it.
        present = present[np.random.RandomState(seed).permutation(len(present))]
    return [task.tolist() for task in np.array_split(present, tasks)]


def _check_plan(tasks, present, seed):
    if seed is not None:
        needed = "be None with the classes of each task: it draws the order for their number"
        raise refused("seed", seed, needed)
    if not all(isinstance(task, Sequence | np.ndarray) for task in tasks):
        raise refused("tasks", tasks, "be a number, or a list of the classes of each task")
    plan = [[whole("tasks", label, least=0) for label in task] for task in tasks]
    if not plan:
        raise refused("tasks", "none", "be one at least")
    taken = set()
    for index, task in enumerate(plan):
        if not task:
            raise refused("tasks", f"no classes for task {index}", "have one for each at least")
        for label in task:
            got = f"class {label} for task {index}"
            if label in taken:
                raise refused("tasks", f"{got} again", "have each class once")
            if label not in present:
                raise refused("tasks", got, "have classes of train alone")
            taken.add(label)
    return plan
