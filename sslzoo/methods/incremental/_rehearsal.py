"""What learners with a memory of images share."""

import numpy as np
from keras import ops

from sslzoo import nn
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
    """

    rehearses = True

    def __init__(self, backbone, classes, exemplars=2000, augment="none", seed=0, name=None):
        super().__init__(backbone, classes, augment, seed=seed, name=name)
        if exemplars < classes:
            raise ValueError(
                f"exemplars: got {exemplars}; it must be at least one for each of the "
                f"{classes} classes."
            )
        self.exemplars = nn.Exemplars(exemplars, backbone.input_shape[1:])

    def choose(self, images, count):
        """The rows of `count` images of one class (of all, where there are fewer), the best
        first.
        """
        raise NotImplementedError(f"{type(self).__name__}.choose is missing.")

    def rehearsed(self, new, kept):
        """Which of the `kept` exemplars join the `new` images of a task for an epoch: here each
        once.
        """
        return np.arange(kept)

    def training_data(self, x):
        images, labels = self.exemplars.arrays()
        if not len(labels) and not isinstance(x, (Dataset, dict, tuple)):
            return x
        new_images, new_labels = self.stored(x)
        self.check_task(new_labels)
        if not len(labels):  # the same form in every task: a compiled step does not take two
            return {
                **(x if isinstance(x, dict) else {}),
                "images": new_images,
                "labels": new_labels,
            }
        chosen = self.rehearsed(len(new_labels), len(labels))
        return {
            "images": np.concatenate([new_images, images[chosen]]),
            "labels": np.concatenate([new_labels, labels[chosen]]),
        }

    def check_task(self, labels):
        """ValueError unless these are of the classes of the open task, and of all of them: each
        leaves exemplars.
        """
        self.check_classes(labels, self.new(), "is not of this task")
        if missing := sorted(set(self.last_classes) - set(labels.tolist())):
            raise ValueError(
                f"labels: got none of class {missing[0]}; the task has the classes "
                f"{self.last_classes}."
            )

    def remember(self, data):
        images, labels = self.stored(data)
        self.check_task(labels)
        share = self.exemplars.capacity // int(ops.convert_to_numpy(self.seen()).sum())
        added = {label: images[labels == label] for label in np.unique(labels).tolist()}
        self.exemplars.keep({label: own[self.choose(own, share)] for label, own in added.items()})

    def stored(self, data):
        """(images as the memory holds them, labels) of a Dataset, a dict of the two, or (images,
        labels).
        """
        if not is_rows(data):
            raise ValueError(
                f"data: got a {type(data).__name__}; exemplars need a Dataset, (images, "
                "labels) or a dict of both."
            )
        if isinstance(data, Dataset):
            data = {"images": data.images, "labels": data.labels}
        data = self.checked(self.named_batch(data))
        images, labels = data["images"], data["labels"]
        if (
            type(images) is not np.ndarray
            or images.dtype != np.uint8
            or images.shape[1:] != self.exemplars.image_shape
        ):
            starts = range(0, len(images), 1024)
            chunks = [
                ops.convert_to_numpy(self.preprocess(np.asarray(images[start : start + 1024])))
                for start in starts
            ]
            images = np.rint(np.concatenate(chunks) * 255).astype("uint8")
        return images, labels
