"""What learners of tasks in sequence share: the masked head and begin_task / fit / end_task."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import evaluate
from sslzoo.checks import refused, whole
from sslzoo.training import Checkpoint, Learned
from sslzoo.training.classifier import Classifier


class Incremental(Classifier):
    """A classifier whose classes come task by task: `begin_task(classes)`, `fit(data)`,
    `end_task(data)`.

    The head has a column for every class of all tasks. Classes not seen yet are masked, in the loss
    and in `classify`.

    Args:
        backbone: Network from images to features (N, D).
        classes: C, the number of classes of all tasks together.
        augment: A preset or fields of `sslzoo.augment`, or a layer. Default: none.

    Attributes:
        task_of: int32 (C,), the task that each class came with, or -1 before. Every checkpoint
            holds it, and also `tasks_done`, the number of tasks that have ended.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("naive", "micro", 8, classes=10)
        >>> model.begin_task([0, 1])
        >>> model.last_classes, model.task_is_open
        ([0, 1], True)
    """

    # van de Ven & Tolias 2019
    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}, "schedule": "constant"}
    learns_tasks = True
    rehearses = False  # whether images of earlier tasks are trained on

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
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
    def tasks_begun(self) -> int:
        """How many tasks have begun."""
        return int(ops.convert_to_numpy(self.task_of).max()) + 1

    @property
    def task_is_open(self) -> bool:
        """Whether a task has begun and not ended."""
        return self.tasks_begun > int(ops.convert_to_numpy(self.tasks_done))

    def begin_task(self, classes: Sequence[int]) -> None:
        """Open a task of these classes (columns of the head).

        Raises:
            ValueError: no list of integers, no class, a class that had a task before or is named
                twice, a class that the head has not, a task that is still open.
        """
        task, task_of = self.tasks_begun, ops.convert_to_numpy(self.task_of).copy()
        if self.task_is_open:
            raise ValueError(
                f"begin_task: task {task - 1} is still open, of classes {self.last_classes}; "
                "end_task closes it."
            )
        if np.ndim(classes) != 1 or not len(classes):
            raise refused("classes", repr(classes), "be a list of class numbers, such as [0, 1]")
        for label in classes:
            label = whole("classes", label, least=0, most=self.classes - 1)
            if task_of[label] >= 0:
                got = f"class {label} of task {task_of[label]} again for task {task}"
                raise refused("classes", got, "be classes that had no task yet, each once")
            task_of[label] = task
        self.task_of.assign(task_of)

    def end_task(self, data: Any) -> None:
        """Close the task. If it is interrupted, it can be called again.

        Args:
            data: what the task was trained on. A memory is chosen from it.

        Raises:
            ValueError: no task is open; data that a memory cannot be chosen from.
        """
        self.needs_open_task("end_task")
        self.remember(data)
        self.tasks_done.assign(self.tasks_begun)

    def remember(self, data: Any) -> None:
        """Keep what the next tasks need of this one. Done a second time it must come to the same.
        Here: nothing.
        """

    def learn(
        self,
        data: Any,
        folder: str | Path | None = None,
        checkpoint_every: int = 200,
        callbacks: Iterable = (),
        **settings: Any,
    ) -> Learned:
        """All tasks of a `sslzoo.data.TaskStream`, one after the other. The record of
        `sslzoo.evaluate.incremental` is measured on the way.
        """
        checkpoint = None if folder is None else Path(folder) / type(self).__name__.lower()
        record = evaluate.incremental(
            self,
            data,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
            callbacks=callbacks,
            **settings,
        )
        return Learned(sum(record["settings"]["steps"]), [record])

    def learn_task(
        self,
        classes: Sequence[int],
        data: Any,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 200,
        callbacks: Iterable = (),
        **fit: Any,
    ) -> int:
        """Train one task from begin to end.

        Args:
            classes: Classes of the task.
            data: what `fit` takes.
            checkpoint: a file. If training is interrupted, the same call again continues it, also
                in a new process and on a new model, which then has all the state of the saved one.
                Without a file, an open task of these classes is trained on.
            checkpoint_every: Steps between two checkpoints.
            callbacks, fit: Arguments of `fit`.

        Returns:
            Its steps.

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
            checkpoint.run = self.identity
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

    def check(self, data: dict) -> None:
        super().check(data)
        self.needs_open_task("fit")
        if "labels" in data:
            if self.rehearses:
                self.check_classes(data["labels"], self.seen(), "no task has had")
            else:
                self.check_classes(data["labels"], self.new(), "is not of this task")

    def needs_open_task(self, verb: str) -> None:
        """Raises ValueError where no task is open."""
        if not self.task_is_open:
            raise ValueError(f"{verb}: no task is open; begin_task(classes) opens one.")

    @property
    def last_classes(self) -> list[int]:
        """The classes of the last task that began, ascending."""
        return np.flatnonzero(ops.convert_to_numpy(self.new())).tolist()

    @staticmethod
    def check_classes(labels: Any, allowed: Any, problem: str) -> None:
        """ValueError for the first label whose class is not among the `allowed` (C,)."""
        allowed = ops.convert_to_numpy(allowed)
        wrong = [label for label in np.unique(labels) if not allowed[label]]
        if wrong:
            got = f"class {wrong[0]}, which {problem}"
            raise refused("labels", got, f"be of the classes {np.flatnonzero(allowed).tolist()}")

    # ---- masks (C,) of booleans ------------------------------------------------------

    def seen(self) -> Any:
        """Classes of all tasks that have begun."""
        return self.task_of >= 0

    def new(self) -> Any:
        """Classes of the last task that began."""
        return ops.logical_and(self.seen(), ops.equal(self.task_of, ops.max(self.task_of)))

    def old(self) -> Any:
        """Classes of the tasks before the last one."""
        return ops.logical_and(self.seen(), ops.less(self.task_of, ops.max(self.task_of)))

    # ---- training and inference ------------------------------------------------------

    def views(self, batch: dict) -> dict:
        return self.one_view(batch)

    def scores(self, images: Any, batch_size: int = 256) -> np.ndarray:
        """What the classes are ranked by, (N, C) float32, without any mask: here the logits."""
        return self.apply_verb("scores", images, batch_size)

    def scores_graph(self, images: Any) -> Any:
        return ops.cast(self.classifier(self(images, training=False)), "float32")

    def classify(self, images: Any, batch_size: int = 256, task: int | None = None) -> np.ndarray:
        """Probabilities of the classes.

        Args:
            images: Images, as for `encode`.
            batch_size: Images to process at once.
            task: None: all classes seen so far compete (class-incremental). A number: those of that
                task alone (task-incremental).

        Returns:
            float32 array (N, C), rows sum to 1; 0 for classes that do not compete.

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
        task = whole("task", task, least=0, most=learned - 1)
        competes = ops.convert_to_numpy(self.task_of) == task
        scores = np.where(competes, self.scores(images, batch_size), -np.inf)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    @property
    def tasks_learned(self) -> int:
        """How many tasks `classify` can answer: those that have begun."""
        return self.tasks_begun

    def classify_graph(self, images: Any) -> Any:
        lowest = float(np.finfo("float32").min)
        scores = ops.maximum(self.scores_graph(images), lowest)
        return ops.softmax(ops.where(self.seen(), scores, lowest))
