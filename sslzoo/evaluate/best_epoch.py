"""The epoch of a run that is judged by domains left out, chosen without looking at them."""

import keras
import numpy as np

from sslzoo.data import Dataset
from sslzoo.evaluate.protocols.accuracy import classes_of


class BestEpoch(keras.callbacks.Callback):
    """Accuracy of every epoch, in the domain that was left out and in parts of the others.

    Args:
        target: The domain that was left out.
        validation: {name: held-out part of a domain that is trained on}.
        batch_size: Items that are classified at once.

    >>> watch = BestEpoch(target=None, validation={}, batch_size=8)
    >>> watch.epochs = [(0.7, 0.4), (0.9, 0.6), (0.8, 0.7)]  # of validation and target
    >>> watch.found()
    {'held_out': 0.6, 'validation': 0.9, 'last': 0.7, 'oracle': 0.7}
    """

    def __init__(self, target: Dataset, validation: dict[str, Dataset], batch_size: int) -> None:
        super().__init__()
        self.target, self.validation = target, validation
        self.batch_size = batch_size
        self.epochs = []  # [(validation, target)]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        parts = [self._accuracy(part) for part in self.validation.values()]
        self.epochs.append((float(np.mean(parts)), self._accuracy(self.target)))

    def _accuracy(self, data):
        return float((classes_of(self.model, data, self.batch_size) == data.labels).mean())

    def found(self) -> dict[str, float]:
        """Of equally good epochs the last one, as it has learned most."""
        validation, held_out = max(reversed(self.epochs), key=lambda epoch: epoch[0])
        oracle = max(target for _, target in self.epochs)
        last = self.epochs[-1][1]
        return {"held_out": held_out, "validation": validation, "last": last, "oracle": oracle}
