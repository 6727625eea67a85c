"""A labelled data set as tasks in sequence, each with classes of its own."""

from typing import NamedTuple

import numpy as np

from sslzoo.checks import check_labels
from sslzoo.data.dataset import Dataset


class Task(NamedTuple):
    """One task: its number, its classes (columns of the head, ascending), their names, and its two
    splits.
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
    are in the order of the
    tasks: task 0 has the classes 0, 1, ..., whatever they were. `order[new]` is the old label;
    `classes[new]` is its name.

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

    Iterating gives `Task`s; `len` counts them.

    Raises:
        ValueError: no labels, a class that only one of train and test has, more tasks than classes,
            a task without a class, a class in two tasks.
    """

    def __init__(self, train, test, tasks=5, seed=None):
        labels = {name: _labels(data, name) for name, data in (("train", train), ("test", test))}
        present = np.unique(labels["train"])
        for data, other in (("test", "train"), ("train", "test")):
            alone = np.setdiff1d(labels[data], labels[other])
            if len(alone):
                raise ValueError(
                    f"{data}: has images of class {alone[0]}, {other} has none; both need the "
                    "same classes."
                )
        plan = (
            _split(present, tasks, seed)
            if isinstance(tasks, (int, np.integer))
            else _check_plan(tasks, present, seed)
        )
        self.order = [label for task in plan for label in task]
        names = (
            {label: str(label) for label in self.order} if train.classes is None else train.classes
        )
        self.classes = [names[label] for label in self.order]
        self._ends = np.cumsum([len(task) for task in plan])
        self.train, self.test = (
            self._renumbered(data, labels[name])
            for name, data in (("train", train), ("test", test))
        )

    def _renumbered(self, data, labels):
        new = np.full(max(*self.order, labels.max()) + 1, -1)
        new[self.order] = np.arange(len(self.order))
        chosen = np.flatnonzero(new[labels] >= 0)
        part = data.take(chosen)
        return Dataset(part.images, new[labels[chosen]], self.classes, data.name, data.split)

    def __len__(self):
        return len(self._ends)

    def __getitem__(self, index):
        if not -len(self) <= index < len(self):
            raise IndexError(f"task {index}: there are {len(self)}")
        index %= len(self)
        end = int(self._ends[index])
        classes = list(range(int(self._ends[index - 1]) if index else 0, end))
        train, test = (data.take(np.isin(data.labels, classes)) for data in (self.train, self.test))
        return Task(index, classes, [self.classes[c] for c in classes], train, test)

    def __repr__(self):
        return f"TaskStream({self.train.name!r}, {len(self)} tasks: {' | '.join(' '.join(task.names) for task in self)})"


def _labels(data, name):
    if data.labels is None:
        raise ValueError(f"{name}: has no labels; tasks are made of classes.")
    return check_labels(data.labels, len(data.images), data.classes, f"{name}: labels")


def _split(present, tasks, seed):
    if not 1 <= tasks <= len(present):
        raise ValueError(
            f"tasks: got {tasks} for {len(present)} classes; each task needs one at least."
        )
    # The generator of NumPy's older days, on purpose: published class orders were drawn by it.
    order = (
        present if seed is None else present[np.random.RandomState(seed).permutation(len(present))]
    )
    return [task.tolist() for task in np.array_split(order, tasks)]


def _check_plan(tasks, present, seed):
    if seed is not None:
        raise ValueError(
            f"seed: got {seed} with the classes of each task; it draws the order where only "
            "their number is given."
        )
    plan, taken = [[int(label) for label in task] for task in tasks], set()
    if not plan:
        raise ValueError("tasks: got none; one at least is needed.")
    for index, task in enumerate(plan):
        if not task:
            raise ValueError(f"tasks: task {index} has no classes; it needs one at least.")
        for label in task:
            if label in taken:
                raise ValueError(
                    f"tasks: task {index} repeats class {label}; a class belongs to one task."
                )
            if label not in present:
                raise ValueError(
                    f"tasks: task {index} has class {label}, of which there are no images in train."
                )
            taken.add(label)
    return plan
