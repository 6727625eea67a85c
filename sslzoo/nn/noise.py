"""Random draws of a model: of its own state while it trains, of a given seed where it samples."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from sslzoo import backends

# Where the counts of a given seed begin. A run does not count its own that far, so that a sample
# from the seed of the run repeats no draw of the run.
GIVEN = 2**30


class Noise(keras.random.SeedGenerator):
    """A Keras seed generator that can also draw from a seed given from outside.

    Pass it as `seed` to `keras.random`. Its own series is Keras': the state is a variable of the
    model that holds it, so it is part of a checkpoint. Each replica of a TensorFlow strategy draws
    on its own.

    Inside `with noise.given(seed):` it draws from that seed instead and leaves its state alone:
    the same seed gives the same values, on one backend. The seed may be an input of a compiled
    function. Each call of `keras.random` in the block is another draw. A loop inside the graph
    (`while_loop`, `scan`) repeats one, so draw before it.

    Args:
        seed: an integer, or None for a random one.

    Example:
        >>> import keras
        >>> from sslzoo import nn
        >>> noise = nn.Noise(seed=0)
        >>> with noise.given(7):
        ...     first = keras.random.normal((2,), seed=noise)
        >>> with noise.given(7):
        ...     again = keras.random.normal((2,), seed=noise)
        >>> bool(keras.ops.all(first == again))
        True
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        super().__init__(seed, name=name)
        self._given = None

    @contextlib.contextmanager
    def given(self, seed: Any) -> Iterator[None]:
        """Draw from `seed` within the block.

        Args:
            seed: an integer of at least 0, or a scalar integer tensor.
        """
        before = self._given
        self._given = [seed, GIVEN]
        try:
            yield
        finally:
            self._given = before

    def next(self, ordered: bool = True) -> Any:
        """The seed of the next draw, an integer tensor (2,)."""
        if self._given is None:
            return backends.replica_seed(super().next(ordered))
        seed, count = self._given
        self._given[1] += 1
        dtype = self.state.dtype
        return ops.stack([ops.cast(seed, dtype), ops.cast(count, dtype)])
