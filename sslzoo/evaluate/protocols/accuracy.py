"""How often a classifier is right: after training, and after each epoch of it."""

import time

import keras

from sslzoo.evaluate.features import labelled_split
from sslzoo.evaluate.record import describe, figures


def accuracy(model, test, batch_size=256, baselines=True):
    """Top-1 accuracy of `model.classify` on labelled images.

    model: anything with `.classify(images, batch_size) -> (N, C)`, scores of the classes 0..C-1.
    test: `sslzoo.data.Dataset` or (images, labels).
    Returns the record of `sslzoo.evaluate.record`; its baseline is "untrained", the same network
        before training (none
        of a learner of tasks in sequence: before its first task it answers no class).
    ValueError: no labels, nothing to evaluate.
    """
    test = labelled_split(test, "test", "accuracy")
    start = time.perf_counter()
    found = figures(_predict(model, test, batch_size), test)
    seconds = time.perf_counter() - start
    other = {}
    if baselines and hasattr(model, "untrained") and not hasattr(model, "tasks_learned"):
        other["untrained"] = float(
            (_predict(model.untrained(), test, batch_size) == test.labels).mean()
        )
    settings = describe(model, "classifier", test=test)
    return {
        "protocol": "accuracy",
        **found,
        "settings": settings,
        "baselines": other,
        "seconds": round(seconds, 3),
    }


class AccuracyLog(keras.callbacks.Callback):
    """Logs `test_accuracy` after each epoch of `fit`, so that the last and the best can be told
    apart.

    The best is an optimistic figure: it is chosen on the test set. Papers that report it (TorchSSL,
    USB) do the same.

    test: as for `accuracy`.
    """

    def __init__(self, test, batch_size=256):
        super().__init__()
        self.test, self.batch_size = labelled_split(test, "test", "AccuracyLog"), batch_size

    def on_epoch_end(self, epoch, logs=None):
        logs["test_accuracy"] = float(
            (_predict(self.model, self.test, self.batch_size) == self.test.labels).mean()
        )


def _predict(model, test, batch_size):
    return model.classify(test.images, batch_size=batch_size).argmax(axis=1)
