"""The accuracy of a classifier after each epoch of its training."""

from typing import Any

import keras
from pydantic import PositiveInt

from sslzoo.evaluate.protocols.accuracy import classes_of
from sslzoo.evaluate.splits import Labeled, labeled_split


class AccuracyLog(keras.callbacks.Callback):
    """A callback that logs `test_accuracy` after each epoch of `fit`.

    The best accuracy of all epochs is optimistic, because it is chosen on the test set. TorchSSL
    and USB report it. The last one is not chosen.

    Args:
        test: Labeled items, as for `accuracy`.
        batch_size: Items to process at once.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> log = AccuracyLog((np.eye(2), [0, 1]))
    >>> log.set_model(SimpleNamespace(classify=lambda items, batch_size: items))
    >>> logs = {}
    >>> log.on_epoch_end(0, logs)
    >>> logs
    {'test_accuracy': 1.0}
    """

    def __init__(self, test: Labeled, batch_size: PositiveInt = 256) -> None:
        super().__init__()
        self.split = labeled_split(None, test, "test", "AccuracyLog")
        self.test, self.batch_size = test, batch_size

    def set_model(self, model: Any) -> None:
        """Keras calls it when `fit` begins. Raises ValueError for items the model does not read."""
        super().set_model(model)
        self.split = labeled_split(model, self.test, "test", "AccuracyLog")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Add `test_accuracy` to the logs."""
        right = classes_of(self.model, self.split, self.batch_size) == self.split.labels
        logs["test_accuracy"] = float(right.mean())
