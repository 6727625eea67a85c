"""Audio: (N, T) samples of a wave."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from sslzoo.checks import check_audio
from sslzoo.inputs.base import Input

INT16 = 32768.0  # the value that stands for 1.0 in 16-bit PCM


@keras.saving.register_keras_serializable("sslzoo")
class Wave(layers.Layer):
    """Samples (N, T), int16 or floats in -1..1 -> float32 in -1..1.

    Example:
        >>> import numpy as np
        >>> from sslzoo.inputs.audio import Wave
        >>> float(Wave()(np.array([[16384]], "int16"))[0, 0])
        0.5
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self.autocast = False
        self.built = True

    def call(self, x: Any) -> Any:
        integers = "int" in keras.backend.standardize_dtype(x.dtype)
        return ops.cast(x, "float32") / (INT16 if integers else 1.0)


@keras.saving.register_keras_serializable("sslzoo")
class Audio(Input):
    """Waves of one channel.

    Args:
        samples: T, or None for any length.

    Example:
        >>> from sslzoo import inputs
        >>> inputs.Audio(8000).examples(2).shape
        (2, 8000)
    """

    field = "audio"
    dtypes = ("float32", "int16")

    def __init__(self, samples: int | None) -> None:
        super().__init__((samples,))
        self.layer = Wave(name="read_audio")

    def check(self, values: Any, name: str | None = None) -> np.ndarray:
        name, samples = name or self.field, self.shape[0]
        values = check_audio(values, name)
        if samples not in (None, values.shape[1]):
            self._refuse(name, values, f"(N, {samples})")
        return values

    def examples(self, count: int, seed: int = 0, more: int = 0) -> np.ndarray:
        shape = (count, self.shape[0] or 1024 + more)
        return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")

    def get_config(self) -> dict:
        return {"samples": self.shape[0]}
