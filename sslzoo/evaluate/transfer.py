"""A linear head on a network, both trained on few labels: plain Keras around any network."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from sslzoo.augment import Augment
from sslzoo.data import Batches
from sslzoo.evaluate.splits import count, rows_of
from sslzoo.inputs import Input
from sslzoo.progress import progress


def copied(network: keras.Model) -> keras.Model:
    """A trainable copy of a Functional network with its weights.

    >>> x = keras.Input((2,))
    >>> network = keras.Model(x, keras.layers.Dense(3)(x))
    >>> copy = copied(network)
    >>> bool((copy.get_weights()[0] == network.get_weights()[0]).all()), copy is network
    (True, False)
    """
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = True
    return copy


class Values(keras.layers.Layer):
    """A network without weights: the values of an item in a row, floats (N, D). Of graphs these are
    the features of all nodes.

    >>> Values()(np.zeros((2, 4, 4, 3), "uint8")).shape[1]
    48
    """

    def __init__(self) -> None:
        super().__init__(dtype="float32", name="values")
        self.built = True

    def call(self, x: Any) -> Any:
        x = x["nodes"] if isinstance(x, dict) else x
        return ops.reshape(ops.cast(x, "float32"), (-1, math.prod(x.shape[1:])))  # (N, D)


class FineTuned:
    """A network with a linear head, to be trained together.

    The head starts at zero, so that its first gradients do not undo the network.

    Args:
        reads: from items to the network's input.
        network: the input -> features (N, D). It is trained itself, not a copy.
        classes: C.

    >>> from sslzoo.inputs import Vectors
    >>> x = np.eye(2, dtype="float32")
    >>> tuned = FineTuned(Vectors(2), Values(), 2)
    >>> tuned.fit(x, np.array([0, 1]), None, epochs=9, learning_rate=0.1, batch_size=2, seed=0)
    9
    >>> tuned.predict(x, 2).tolist()
    [0, 1]
    """

    def __init__(self, reads: Input, network: Any, classes: int) -> None:
        head = keras.layers.Dense(classes, kernel_initializer="zeros", dtype="float32", name="head")
        self.reads, self.parts = reads, [_Read(reads), network, head]

    def fit(
        self,
        items: Any,
        labels: NDArray,
        augment: Any,
        *,
        epochs: int,
        learning_rate: float,
        batch_size: int,
        seed: int,
    ) -> int:
        """Train all weights by Adam, cosine schedule to zero, over shuffled whole batches.

        Args:
            items: as the network's `Input` takes them. labels: (N,), integers 0..C-1.
            augment: a preset of `sslzoo.augment` for images, a Keras layer, or None.

        Returns:
            The steps.
        """
        learner = _chain(items, self._augmented(items, augment, seed))
        batches = _LabeledBatches(self.reads, items, labels, batch_size, seed)
        steps_per_epoch = batches.batches.steps_per_epoch
        schedule = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * steps_per_epoch)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        learner.compile(keras.optimizers.Adam(schedule), loss)
        settings = {"steps_per_epoch": steps_per_epoch, "shuffle": False, "verbose": 0}
        bar = iter(progress(range(epochs), "fine-tuning", epochs, least=0))
        shown = keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: next(bar))
        learner.fit(batches, epochs=epochs, callbacks=[shown], **settings)
        next(bar, None)  # the bar ends
        return epochs * steps_per_epoch

    def predict(self, items: Any, batch_size: int) -> NDArray:
        """The class number (N,) of each item."""
        classifier = _chain(items, self.parts)
        starts = range(0, count(items), batch_size)
        chunks = (rows_of(items, slice(start, start + batch_size)) for start in starts)
        logits = [classifier.predict_on_batch(chunk) for chunk in chunks]
        return np.concatenate(logits).argmax(axis=1)

    def _augmented(self, items, augment, seed):
        """The parts, with the augmentation where it belongs."""
        read, *others = self.parts
        if augment is None:
            return self.parts
        if isinstance(augment, keras.layers.Layer):
            return [read, augment, *others]
        size = self.reads.layer.image_size
        size = min(items.shape[1:3]) if size is None else size  # a network of any size
        return [Augment(augment, size, seed=seed), *self.parts]


class _Read(keras.layers.Layer):
    """Items -> what the network takes. The model's own layer is called, but not made part of a new
    graph.
    """

    def __init__(self, reads: Input) -> None:
        super().__init__(dtype="float32", trainable=False, name="read")
        self.reads = reads
        self.autocast = False
        self.built = True

    def call(self, x: Any) -> Any:
        return self.reads.layer(x)


class _LabeledBatches(keras.utils.PyDataset):
    """Shuffled batches as plain Keras wants them: (items, labels)."""

    num_batches = None  # Keras' word for endless

    def __init__(
        self, reads: Input, items: Any, labels: NDArray, batch_size: int, seed: int
    ) -> None:
        super().__init__()
        self.reads = reads
        self.batches = Batches({**reads.named(items), "labels": labels}, batch_size, seed)

    def __getitem__(self, i: int) -> tuple[Any, NDArray]:
        batch = self.batches[i]
        return self.reads.of(batch), batch["labels"]


def _chain(items, parts):
    """The parts in a row, for items such as these: their dtype says what their values mean."""
    inputs = keras.tree.map_structure(_input, items)
    x = inputs
    for part in parts:
        x = part(x)
    return keras.Model(inputs, x)


def _input(values):
    return keras.Input(values.shape[1:], dtype=keras.backend.standardize_dtype(values.dtype))
