"""What heads on the maps of a frozen encoder share: their input, and how they learn."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from sslzoo.data import Batches
from sslzoo.progress import progress

CHUNK = 16  # maps whose statistics are summed at once
LEAST_VARIANCE = 1e-3  # of a channel, beside the mean: one that hardly changes is not blown up


def standardized(maps: NDArray) -> tuple[Any, Any]:
    """(the input of a head, its channels standardized by the statistics of these maps).

    Args:
        maps: (N, h, w, D).

    >>> inputs, x = standardized(np.ones((2, 3, 4, 5), "float16"))
    >>> tuple(x.shape)
    (None, 3, 4, 5)
    """
    axes = (0, 1, 2)
    chunks = [maps[start : start + CHUNK] for start in range(0, len(maps), CHUNK)]
    count = np.prod(maps.shape[:3])
    mean = sum(chunk.sum(axes, "float64") for chunk in chunks) / count
    squares = sum(np.square(chunk - mean).sum(axes) for chunk in chunks) / count
    variance = np.maximum(squares, LEAST_VARIANCE * squares.mean())
    inputs = keras.Input(maps.shape[1:], dtype="float32")
    normalization = layers.Normalization(mean=mean, variance=variance, dtype="float32")
    return inputs, normalization(inputs)


def learn(
    head: keras.Model,
    loss: Callable[[Any, Any], Any],
    maps: NDArray,
    targets: NDArray,
    *,
    learning_rate: float,
    epochs: int,
    batch_size: int,
    seed: int,
) -> float:
    """Train a head by Adam, cosine schedule to zero, over shuffled whole batches, in float32.

    Args:
        loss: (targets, outputs) of a batch -> a scalar.
        maps: (N, h, w, D), targets: (N, ...).

    Returns:
        The mean loss of the last epoch.

    >>> x = keras.Input((2, 2, 1))
    >>> head = keras.Model(x, layers.Conv2D(1, 1)(x))
    >>> mean = lambda truth, outputs: keras.ops.mean((truth - outputs) ** 2)
    >>> ones, options = np.ones((4, 2, 2, 1), "float16"), {"batch_size": 2, "seed": 0}
    >>> learn(head, mean, ones, ones, learning_rate=0.1, epochs=30, **options) < 0.1
    True
    """
    batches = _Batches(maps, targets, batch_size, seed)
    steps = batches.batches.steps_per_epoch
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * steps)
    head.compile(keras.optimizers.Adam(schedule), loss)
    bar = iter(progress(range(epochs), "training the head", epochs, least=0))
    shown = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: next(bar))
    options = {"steps_per_epoch": steps, "shuffle": False, "verbose": 0, "callbacks": [shown]}
    history = head.fit(batches, epochs=epochs, **options)
    next(bar, None)  # the bar ends
    return float(history.history["loss"][-1])


class _Batches(keras.utils.PyDataset):
    """Shuffled batches as plain Keras wants them: (maps float32, targets)."""

    num_batches = None  # Keras' word for endless

    def __init__(self, maps: NDArray, targets: NDArray, batch_size: int, seed: int) -> None:
        super().__init__()
        self.batches = Batches({"maps": maps, "targets": targets}, batch_size, seed)

    def __getitem__(self, i: int) -> tuple[NDArray, NDArray]:
        batch = self.batches[i]
        return batch["maps"].astype("float32"), batch["targets"]
