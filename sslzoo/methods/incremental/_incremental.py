"""What learners of tasks in sequence share: the masked head and begin_task / fit / end_task."""

from pathlib import Path

import keras
import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import evaluate
from sslzoo.training import Checkpoint, Learned
from sslzoo.training.classifier import Classifier


class Incremental(Classifier):
    """A classifier whose classes come task by task: `begin_task(classes)`, `fit(data)`,
    `end_task(data)`.

    The head has a column for every class that will ever come; those not seen yet are masked, in the
    loss and in `classify`.

    Args:
        backbone: images -> features (N, D).
        classes: C, of all tasks together.
        augment: preset or fields of `sslzoo.augment`; by default none.

    Attributes:
        task_of: int32 (C,), the task that each class came with, -1 before. With `tasks_done`, how
            many have ended, it is the state of the sequence, in every checkpoint.
    """

    # van de Ven & Tolias 2019
    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}, "schedule": "constant"}
    learns_tasks = True
    rehearses = False  # whether images of earlier tasks are trained on

    def __init__(self, backbone, classes, augment="none", seed=0, name=None):
        super().__init__(backbone, classes, seed=seed, name=name)
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)
        unseen = keras.initializers.Constant(-1)
        self.task_of = self.add_weight(
            shape=(classes,), dtype="int32", initializer=unseen, trainable=False, name="task_of"
        )
        self.tasks_done = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="tasks_done"
        )

    # ---- the sequence ----------------------------------------------------------------

    @property
    def tasks_begun(self):
        return int(ops.convert_to_numpy(self.task_of).max()) + 1

    @property
    def task_is_open(self):
        return self.tasks_begun > int(ops.convert_to_numpy(self.tasks_done))

    def begin_task(self, classes):
        """Open a task of these classes (columns of the head).

        Raises:
            ValueError: no list of integers, no class, a class that had a task before or is named
                twice, a class that the head has not, a task that is still open.
        """
        task, task_of = self.tasks_begun, ops.convert_to_numpy(self.task_of).copy()
        if np.ndim(classes) != 1 or not all(
            isinstance(label, (int, np.integer)) for label in classes
        ):
            raise ValueError(
                f"begin_task: got {classes!r}; it needs a list of class numbers, e.g. [0, 1]."
            )
        if self.task_is_open:
            raise ValueError(
                f"begin_task: task {task - 1} is still open, of classes {self.last_classes}; "
                "end_task closes it."
            )
        if not len(classes):
            raise ValueError(f"begin_task: got no classes for task {task}; it needs one at least.")
        for label in classes:
            if not 0 <= label < self.classes:
                raise ValueError(
                    f"begin_task: got class {label}; this model has {self.classes} classes, 0 "
                    f"to {self.classes - 1}."
                )
            if task_of[label] >= 0:
                raise ValueError(
                    f"begin_task: task {task} repeats class {label} of task {task_of[label]}; "
                    "a class has one task."
                )
            task_of[label] = task
        self.task_of.assign(task_of)

    def end_task(self, data):
        """Close the task; `data`, what it was trained on, is what a memory is chosen from.
        Interrupted, it can be called again.

        Raises:
            ValueError: no task is open; data that a memory cannot be chosen from.
        """
        self.needs_open_task("end_task")
        self.remember(data)
        self.tasks_done.assign(self.tasks_begun)

    def remember(self, data):
        """Keep what the next tasks need of this one. Done a second time it must come to the same.
        Here: nothing.
        """

    def learn(self, data, folder=None, checkpoint_every=200, callbacks=(), **settings):
        """All tasks of a `sslzoo.data.TaskStream`, one after the other; the record of
        `sslzoo.evaluate.incremental` is measured on the way.
        """
        record = evaluate.incremental(
            self,
            data,
            checkpoint=None if folder is None else Path(folder) / type(self).__name__.lower(),
            checkpoint_every=checkpoint_every,
            callbacks=callbacks,
            **settings,
        )
        return Learned(sum(record["settings"]["steps"]), [record])

    def learn_task(self, classes, data, checkpoint=None, checkpoint_every=200, callbacks=(), **fit):
        """A task from begin to end; returns its steps.

        With `checkpoint`, a file, the same call again goes on where this one was interrupted, also
        in a new process and on a new model, which then has all the state of the saved one. Without,
        a task of these classes that is open, because its data were refused or it was interrupted,
        is trained on.

        Raises:
            ValueError: a checkpoint of a task of other classes; what `begin_task`, `fit` and
            `end_task` refuse.
        """
        callbacks = list(callbacks)
        if checkpoint is not None:
            checkpoint = Checkpoint(checkpoint, checkpoint_every)
            checkpoint.set_model(self)
            callbacks.append(checkpoint)
        if checkpoint is not None and checkpoint.path.exists():
            if not self.optimizer.built:
                self.optimizer.build(self.trainable_variables)
            checkpoint.restore(self)
            if sorted(classes) != self.last_classes:
                raise ValueError(
                    f"{checkpoint.path}: its task has classes {self.last_classes}, this one "
                    f"{sorted(classes)}."
                )
            if not self.task_is_open:
                return checkpoint.step
        elif not (self.task_is_open and sorted(classes) == self.last_classes):
            self.begin_task(classes)
        self.fit(data, callbacks=callbacks, **fit)
        self.end_task(data)
        if checkpoint is not None:
            checkpoint.save()
        return int(ops.convert_to_numpy(self.clock.step))

    def check(self, data):
        super().check(data)
        self.needs_open_task("fit")
        if "labels" in data:
            if self.rehearses:
                self.check_classes(data["labels"], self.seen(), "no task has had")
            else:
                self.check_classes(data["labels"], self.new(), "is not of this task")

    def needs_open_task(self, verb):
        if not self.task_is_open:
            raise ValueError(f"{verb}: no task is open; begin_task(classes) opens one.")

    @property
    def last_classes(self):
        """Of the last task that began, ascending."""
        return np.flatnonzero(ops.convert_to_numpy(self.new())).tolist()

    @staticmethod
    def check_classes(labels, allowed, problem):
        """ValueError for the first label whose class is not among the `allowed` (C,)."""
        allowed = ops.convert_to_numpy(allowed)
        wrong = [label for label in np.unique(labels) if not allowed[label]]
        if wrong:
            raise ValueError(
                f"labels: got class {wrong[0]}, which {problem}; the classes are "
                f"{np.flatnonzero(allowed).tolist()}."
            )

    # ---- masks (C,) of booleans ------------------------------------------------------

    def seen(self):
        return self.task_of >= 0

    def new(self):
        """Classes of the last task that began."""
        return ops.logical_and(self.seen(), ops.equal(self.task_of, ops.max(self.task_of)))

    def old(self):
        return ops.logical_and(self.seen(), ops.less(self.task_of, ops.max(self.task_of)))

    # ---- training and inference ------------------------------------------------------

    def views(self, batch):
        return self.one_view(batch)

    def scores(self, images, batch_size=256):
        """What the classes are ranked by, (N, C) float32, without any mask: here the logits."""
        return self.apply_verb("scores", images, batch_size)

    def scores_graph(self, images):
        return ops.cast(self.classifier(self(images, training=False)), "float32")

    def classify(self, images, batch_size=256, task=None):
        """Probabilities (N, C) of the classes seen so far, those of the others 0
        (class-incremental); with `task`, of the classes of that task alone (task-incremental).

        Raises:
            ValueError: a task that this model has not learned, or none learned at all.
        """
        learned = self.tasks_learned
        if not learned:
            raise ValueError(
                "classify: this model has learned no task yet; begin_task, fit, end_task."
            )
        if task is None:
            return self.apply_verb("classify", images, batch_size)
        if task not in range(learned):
            raise ValueError(
                f"task: got {task}; this model has learned {learned} tasks, 0 to {learned - 1}."
            )
        own = ops.convert_to_numpy(self.task_of) == task
        scores = np.where(own, self.scores(images, batch_size), -np.inf)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    @property
    def tasks_learned(self):
        """How many tasks `classify` can answer: those that have begun."""
        return self.tasks_begun

    def classify_graph(self, images):
        lowest = float(np.finfo("float32").min)
        return ops.softmax(
            ops.where(self.seen(), ops.maximum(self.scores_graph(images), lowest), lowest)
        )
