"""What learners with a memory of images share."""

from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import nn
from sslzoo.checks import refused, whole
from sslzoo.data import Dataset
from sslzoo.methods.incremental._incremental import Incremental
from sslzoo.training.feed import is_rows


class Rehearsal(Incremental):
    """An `Incremental` that keeps exemplars of every class and trains on them together with each
    later task.

    `end_task` chooses them from the data of the task that ends, before the next one can begin. They
    are kept as uint8 at the size of the network; the images of a task are brought to the same form
    when exemplars join them.

    Args:
        exemplars: K, images in all; each of the t classes seen has K // t.

    Example:
        >>> import sslzoo
        >>> from sslzoo.methods.incremental._rehearsal import Rehearsal
        >>> model = sslzoo.build("replay", "micro", 8, classes=10, exemplars=20)
        >>> isinstance(model, Rehearsal), model.exemplars.capacity
        (True, 20)
    """

    rehearses = True

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        exemplars: int = 2000,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, augment, seed=seed, name=name)
        whole("exemplars", exemplars, least=classes)  # one of each class
        self.exemplars = nn.Exemplars(exemplars, backbone.input_shape[1:])

    def choose(self, images: np.ndarray, count: int) -> np.ndarray:
        """The rows of `count` images of one class (of all, where there are fewer), the best
        first.
        """
        raise NotImplementedError(f"{type(self).__name__}.choose is missing.")

    def rehearsed(self, new: int, kept: int) -> np.ndarray:
        """Which of the `kept` exemplars join the `new` images of a task for an epoch: here each
        once.
        """
        return np.arange(kept)

    def training_data(self, x: Any) -> Any:
        images, labels = self.exemplars.arrays()
        if not len(labels) and not isinstance(x, (Dataset, dict, tuple)):
            return x
        new_images, new_labels = self.stored(x)
        self.check_task(new_labels)
        if not len(labels):  # the same form in every task: a compiled step does not take two
            given = x if isinstance(x, dict) else {}
            return {**given, "images": new_images, "labels": new_labels}
        chosen = self.rehearsed(len(new_labels), len(labels))
        return {
            "images": np.concatenate([new_images, images[chosen]]),
            "labels": np.concatenate([new_labels, labels[chosen]]),
        }

    def check_task(self, labels: np.ndarray) -> None:
        """ValueError unless these are of the classes of the open task, and of all of them: each
        leaves exemplars.
        """
        self.check_classes(labels, self.new(), "is not of this task")
        missing = sorted(set(self.last_classes) - set(labels.tolist()))
        if missing:
            needed = f"be of all classes of the task, {self.last_classes}"
            raise refused("labels", f"none of class {missing[0]}", needed)

    def remember(self, data: Any) -> None:
        images, labels = self.stored(data)
        self.check_task(labels)
        share = self.exemplars.capacity // int(ops.convert_to_numpy(self.seen()).sum())
        chosen = {}
        for label in np.unique(labels).tolist():
            of_class = images[labels == label]
            chosen[label] = of_class[self.choose(of_class, share)]
        self.exemplars.keep(chosen)

    def stored(self, data: Any) -> tuple[np.ndarray, np.ndarray]:
        """(images as the memory holds them, labels) of a Dataset, a dict of the two, or (images,
        labels).
        """
        if not is_rows(data):
            needed = "be a Dataset, (images, labels) or a dict of both: exemplars are chosen of it"
            raise refused("data", f"a {type(data).__name__}", needed)
        if isinstance(data, Dataset):
            data = {"images": data.images, "labels": data.labels}
        data = self.checked(self.named_batch(data))
        images, labels = data["images"], data["labels"]
        plain = type(images) is np.ndarray and images.dtype == np.uint8
        if not plain or images.shape[1:] != self.exemplars.image_shape:
            images = self._as_stored(images)
        return images, labels

    def _as_stored(self, images: Any) -> np.ndarray:
        """Images at the size of the network, uint8, some at a time."""
        chunks = []
        for start in range(0, len(images), 1024):
            chunk = self.preprocess(np.asarray(images[start : start + 1024]))
            chunks.append(ops.convert_to_numpy(chunk))
        return np.rint(np.concatenate(chunks) * 255).astype("uint8")
