"""A labelled data set as tasks in sequence, each with classes of its own."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sslzoo.checks import check_labels, refused
from sslzoo.data.dataset import Dataset


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
    """A labelled data set in tasks, for `begin_task` / `fit` / `end_task` and for
    `sslzoo.evaluate.incremental`.

    Labels are numbered anew in the order in which the classes appear, so that the columns of a head
    are in the order of the tasks: task 0 has the classes 0, 1, ..., whatever they were.
    `order[new]` is the old label; `classes[new]` is its name.

    Iterating gives `Task`s; `len` counts them.

    Args:
        train, test: labelled `Dataset`s.
        tasks: how many tasks, of equally many classes (the first ones have one more where that does
            not divide); or the classes of each task, a list of lists of labels, which must not
            repeat one. Classes in none are left out.
        seed: None: classes in the order of their labels; else the order is
            np.random.RandomState(seed).permutation(C), so that 1993 gives CIFAR-100 the order that
            is published with iCaRL and PyCIL. Only for a number of tasks.

    Attributes:
        order: [old label], classes: [name], both by new label. train, test: all tasks together,
            with new labels.

    Raises:
        ValueError: no labels, a class that only one of train and test has, more tasks than classes,
            a task without a class, a class in two tasks.

    >>> from sslzoo import data
    >>> digits = data.load("digits")
    >>> TaskStream(digits, digits, tasks=[[3, 1], [4, 5]])
    TaskStream('digits', 2 tasks: 3 1 | 4 5)
    """

    def __init__(
        self,
        train: Dataset,
        test: Dataset,
        tasks: int | Sequence[Sequence[int]] = 5,
        seed: int | None = None,
    ) -> None:
        labels = {"train": _labels(train, "train"), "test": _labels(test, "test")}
        _check_same_classes(labels)
        present = np.unique(labels["train"])
        if isinstance(tasks, int | np.integer):
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
    if not 1 <= tasks <= len(present):
        raise refused("tasks", tasks, f"be in 1..{len(present)}, one class a task at least")
    # The generator of NumPy's older days, on purpose: published class orders were drawn by it.
    if seed is not None:
        present = present[np.random.RandomState(seed).permutation(len(present))]
    return [task.tolist() for task in np.array_split(present, tasks)]


def _check_plan(tasks, present, seed):
    if seed is not None:
        needed = "be None with the classes of each task: it draws the order for their number"
        raise refused("seed", seed, needed)
    plan = [[int(label) for label in task] for task in tasks]
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
