"""Tokens: (N, L) integers, the words or pieces of a text by number."""

from typing import Any

import keras
import numpy as np
from keras import layers

from sslzoo.checks import check_tokens
from sslzoo.inputs.base import Input


@keras.saving.register_keras_serializable("sslzoo")
class Tokens(Input):
    """Texts as rows of token numbers.

    Args:
        length: L, or None for any.
        vocabulary: how many tokens there are, or None where it is not known.

    Example:
        >>> from sslzoo import inputs
        >>> inputs.Tokens(5, vocabulary=100).examples(2).dtype
        dtype('int32')
    """

    field = "tokens"
    dtypes = ("int32",)

    def __init__(self, length: int | None, vocabulary: int | None = None) -> None:
        super().__init__((length,))
        self.vocabulary = vocabulary
        self.layer = layers.Identity(dtype="int32", name="read_tokens")

    def check(self, values: Any, name: str | None = None) -> np.ndarray:
        name, length = name or self.field, self.shape[0]
        values = check_tokens(values, self.vocabulary, name)
        if length not in (None, values.shape[1]):
            self._refuse(name, values, f"(N, {length})")
        return values

    def examples(self, count: int, seed: int = 0, more: int = 0) -> np.ndarray:
        shape = (count, self.shape[0] or 16 + more)
        return np.random.default_rng(seed).integers(0, self.vocabulary or 2, shape, "int32")

    def describe(self) -> dict:
        return {**super().describe(), "vocabulary": self.vocabulary}

    def get_config(self) -> dict:
        return {"length": self.shape[0], "vocabulary": self.vocabulary}
