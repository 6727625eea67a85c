"""What a trained model is asked for: `encode`, and the verbs that a method adds, in NumPy and as an
exported SavedModel.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from sslzoo import backends, nn
from sslzoo.checks import whole
from sslzoo.progress import progress


class Verb(NamedTuple):
    """What a model computes, for users (`model.<verb>`) and as a signature of its export.

    outputs: the name of the result in the signature, or the names of several.
    whole: images keep their size, as in super-resolution. Otherwise they get the network's.
    draws: the verb takes `n` and `seed` instead of items: it samples.

    Example:
        >>> from sslzoo.training import Verb
        >>> Verb("embedding").names
        ('embedding',)
    """

    outputs: str | tuple[str, ...]
    whole: bool = False
    draws: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the results."""
        return (self.outputs,) if isinstance(self.outputs, str) else tuple(self.outputs)

    def named(self, results: Any) -> dict:
        """What the graph of the verb returns -> {name: result}. It returns a dict with these names,
        or the results in their order.

        Raises:
            ValueError: other results than the verb names.
        """
        if not isinstance(results, dict):
            several = results if isinstance(results, (tuple, list)) else (results,)
            if len(several) != len(self.names):
                raise ValueError(f"verbs: got {len(several)} results; needed {self.names}.")
            return dict(zip(self.names, several, strict=True))
        if set(results) != set(self.names):
            raise ValueError(f"verbs: got results {sorted(results)}; needed {self.names}.")
        return {name: results[name] for name in self.names}


class Verbs:
    """The inference side of a `Method`.

    A verb `v` is the method `v_graph(x)` on tensors, and `v(x, batch_size=256)` on NumPy arrays,
    which hands over to `apply_verb`. A verb that draws is `v_graph(n, seed)` and `v(n, seed)`,
    which hands over to `draw_verb`.

    Attributes:
        verbs: {name: Verb}; the first one is the default signature of an export.

    Example:
        >>> import sslzoo
        >>> list(sslzoo.build("simclr", "micro", 8).verbs)
        ['encode']
    """

    verbs = {"encode": Verb("embedding")}

    @property
    def encoder(self) -> keras.Model | None:
        """The network behind `call`, `encode` and the export: the backbone, or an average of its
        weights over time.
        """
        return self.backbone

    @property
    def networks(self) -> list:
        """The networks behind the verbs: whoever loads an export may train them."""
        return [self.encoder]

    def call(self, x: Any, training: bool = False) -> Any:
        """Items -> features (N, D); at inference with BatchNorm folded into the convolutions."""
        if isinstance(x, dict):
            x = self.reads.of(x)
        x = self.reads.layer(x)
        if training:
            return self.encoder(x, training=True)
        return self._cached("folded", self._fold)(x)

    def encode(self, x: Any, batch_size: int = 256) -> np.ndarray:
        """Features of items.

        Args:
            x: (N, ...) as the network's `Input` takes it. Images: (N, H, W), (N, H, W, 1) or
                (N, H, W, 3); integers 0..255 or floats 0..1.
            batch_size: items a chunk; memory grows with it.

        Returns:
            float32 array (N, D).

        Example:
            >>> import sslzoo
            >>> model = sslzoo.build("simclr", "micro", 8)
            >>> model.encode(sslzoo.data.load("digits").images[:5]).shape
            (5, 16)
        """
        return self.apply_verb("encode", x, batch_size)

    def encode_graph(self, x: Any) -> Any:
        return ops.cast(self(x, training=False), "float32")

    def apply_verb(self, verb: str, x: Any, batch_size: int = 256) -> Any:
        """The result of a verb for items, `batch_size` at a time: the compiled `<verb>_graph` over
        NumPy arrays. Several outputs come as the structure that the graph returns.
        """
        self.build()
        whole("batch_size", batch_size, 1)
        x = self.reads.check(x)
        count = self.reads.count(x)
        graph = getattr(self, f"{verb}_graph")
        function = self._cached(verb, lambda: backends.compiled(self, graph))
        starts = range(0, count, batch_size)
        title = "Encoding" if verb == "encode" else verb.capitalize()
        chunks = []
        for start in progress(starts, title, len(starts), least=20):
            end = min(start + batch_size, count)
            # The last chunk is filled up with its last item: one shape, one graph.
            filled = start + min(batch_size, count)
            rows = np.minimum(np.arange(start, filled), end - 1)
            chunk = keras.tree.map_structure(lambda a, rows=rows: np.asarray(a[rows]), x)
            found = function(chunk)
            chunks.append(keras.tree.map_structure(lambda a, n=end - start: a[:n], found))
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *chunks)

    def draw_verb(self, verb: str, n: int, seed: int = 0) -> Any:
        """The result of a verb that draws: `n` samples, the same for the same seed."""
        self.build()
        whole("n", n, 1)
        whole("seed", seed, 0, 2**31 - 1)
        graph = getattr(self, f"{verb}_graph")
        key = f"{verb}:{n}"  # the number is part of the compiled function
        function = self._cached(key, lambda: backends.compiled(self, lambda seed: graph(n, seed)))
        return function(np.asarray(seed, "int32"))

    def export(
        self,
        filepath: str,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        version: int | str = 1,
        warmup: bool = True,
    ) -> Any:
        """Write `<filepath>/<version>`, a SavedModel for TF Serving, plain TensorFlow and TF Hub:
        see `sslzoo.serving.export`. `format` and `verbose` are Keras'; "tf_saved_model" is the one
        format here.
        """
        from sslzoo.serving.export import export

        if format != "tf_saved_model":
            raise ValueError(
                f"format: got {format!r}; 'tf_saved_model' is the one that carries preprocessing "
                "and signatures."
            )
        return export(self, filepath, version=version, warmup=warmup)

    def _fold(self) -> keras.Model:
        return nn.fold(self.encoder)

    def _cached(self, name: str, make: Callable) -> Any:
        if name not in self._own.cache:
            self._own.cache[name] = make()
        return self._own.cache[name]
