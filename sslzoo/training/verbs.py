"""What a trained model computes: `encode`, and the verbs of its method, in NumPy and in exports."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from sslzoo import backends, nn
from sslzoo.backends.recent import recent
from sslzoo.checks import one_of, refused, whole
from sslzoo.data import Dataset, Pictures
from sslzoo.data.encoded import pictures_of
from sslzoo.training.block_features import BlockFeatures
from sslzoo.training.chunks import Sized, in_chunks
from sslzoo.training.feed import is_rows
from sslzoo.training.streams import first_batch

TINY = 1e-12  # length of a row that is not divided by its own


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


def at_once(function: Callable, chunk: Any) -> Any:
    """`function` of a whole chunk.

    Example:
        >>> from sslzoo.training.verbs import at_once
        >>> at_once(sum, [1, 2])
        3
    """
    return function(chunk)


class Verbs(BlockFeatures):
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

    def encode(
        self, x: Any, batch_size: int = 256, normalize: bool = False, dtype: str = "float32"
    ) -> np.ndarray:
        """Features of items.

        Args:
            x: Items (N, ...), as the network's `Input` takes them. Images are (N, H, W), (N, H, W,
                1) or (N, H, W, 3), with integers 0..255 or floats 0..1. Also a
                `sslzoo.data.Dataset`, or `sslzoo.data.Pictures`: photographs of different sizes.
                Images may also be the path of a file or of a folder (all images below it, sorted
                by path), a file as bytes, an image of PIL, or a list of these.
            batch_size: Items to process at once. Memory grows with it.
            normalize: Whether to scale each row to length 1.
            dtype: "float32" or "float16" of the result.

        Returns:
            Array (N, D).

        Raises:
            ValueError: The items are not what the network reads, or features are too large for
                float16. OSError: An image cannot be read.

        Example:
            >>> import sslzoo
            >>> model = sslzoo.build("simclr", "micro", 8)
            >>> model.encode(sslzoo.data.load("digits").images[:5]).shape
            (5, 16)
        """
        one_of("dtype", dtype, ("float32", "float16"))

        def finished(function, chunk):
            features = function(chunk)
            if normalize:
                features = features / np.maximum(np.linalg.norm(features, axis=1)[:, None], TINY)
            return _as_dtype(features, dtype)

        return self.apply_verb("encode", x, batch_size, finished)

    def encode_graph(self, x: Any) -> Any:
        return ops.cast(self(x, training=False), "float32")

    def portable_graph(self, verb: str) -> Callable:
        """The graph of a verb for runtimes other than Keras': without loops over parts of an item.

        Example:
            >>> import sslzoo
            >>> sslzoo.build("simclr", "micro", 8).portable_graph("encode").__name__
            'encode_graph'
        """
        return getattr(self, f"{verb}_graph")

    def apply_verb(
        self, verb: str, x: Any, batch_size: int = 256, parts: Callable = at_once
    ) -> Any:
        """The result of a verb for items, `batch_size` at a time: the compiled `<verb>_graph` over
        NumPy arrays. Several outputs come as the structure that the graph returns.

        Of `sslzoo.data.Pictures` a verb that keeps their sizes gives a list. `parts(function,
        chunk)` may call the function for parts of a chunk.
        """
        self.build()
        whole("batch_size", batch_size, 1)
        if "images" in self.reads.fields:
            x = pictures_of(x)
        keeps_size = verb in self.verbs and self.verbs[verb].whole
        if isinstance(x, Pictures) and (keeps_size or self.reads.shape[0] is None):
            results = [self.apply_verb(verb, picture[None], parts=parts) for picture in x]
            return [result[0] for result in results] if keeps_size else np.concatenate(results)
        pictures = isinstance(x, Pictures)
        x = Sized(x, self.reads) if pictures else self.reads.check(self.items_of(x))
        graph = getattr(self, f"{verb}_graph")
        function = self._cached(verb, lambda: backends.compiled(self, graph))

        def compute(chunk):
            if not (backends.open_shapes or keeps_size):
                chunk = self.reads.sized(chunk)
            return function(chunk, shapes=self.reads.shapes(chunk))

        title = "Encoding" if verb.startswith("encode") else verb.capitalize()
        count = self.reads.count(x)
        return in_chunks(lambda chunk: parts(compute, chunk), x, count, batch_size, title)

    def items_of(self, x: Any) -> Any:
        """What a verb was given -> items. Of a `Dataset` or a dict it takes what the model reads.

        Raises:
            ValueError: it has other fields.
        """
        fields = x.fields if isinstance(x, Dataset) else x
        if not isinstance(fields, dict):
            return x
        missing = [field for field in self.reads.fields if field not in fields]
        if missing:
            needed = f"have {missing[0]}, which this model reads"
            raise refused("data", f"the fields {', '.join(fields)}", needed)
        return self.reads.of(fields)

    def draw_verb(self, verb: str, n: int, seed: int = 0) -> Any:
        """The result of a verb that draws: `n` samples, the same for the same seed."""
        self.build()
        whole("n", n, 1)
        whole("seed", seed, 0, 2**31 - 1)
        graph = getattr(self, f"{verb}_graph")
        # The number is part of the compiled function.
        functions = self._cached(verb, dict)
        function = recent(
            functions, n, lambda: backends.compiled(self, lambda seed: graph(n, seed))
        )
        return function(np.asarray(seed, "int32"))

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", **streams: Any
    ) -> np.ndarray:
        """Keras' `predict`: the features of items, as `encode` gives them. A stream of batches is
        read as Keras reads it, and its first batch is checked; `streams` are `steps` and
        `callbacks`.

        Example:
            >>> import sslzoo
            >>> model = sslzoo.build("simclr", "micro", 8)
            >>> model.predict(sslzoo.data.load("digits").images[:5]).shape
            (5, 16)
        """
        if x is None or is_rows(x) or isinstance(x, Pictures):
            if streams:
                raise refused(next(iter(streams)), "a value beside arrays", "be left out")
            return self.encode(x, 256 if batch_size is None else batch_size)
        self.reads.check(self.items_of(self.named_batch(first_batch(x))))
        return super().predict(x, batch_size=batch_size, verbose=verbose, **streams)

    def evaluate(self, *data: Any, **settings: Any) -> None:
        """Refused: a method has no metric that Keras could measure; `sslzoo.evaluate` measures."""
        raise TypeError(
            f"evaluate: {type(self).__name__} has no metric of its own; use a protocol of "
            "sslzoo.evaluate, such as sslzoo.evaluate.knn(model, train, test)."
        )

    test_on_batch = evaluate

    def export(
        self,
        filepath: str,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        version: int | str = 1,
        warmup: bool = True,
        classes: Sequence[str] | None = None,
    ) -> Any:
        """Write `<filepath>/<version>`: a SavedModel for TF Serving, plain TensorFlow and TF Hub,
        or files of the `format` "onnx", "litert" or "openvino". See `sslzoo.serving.export`.
        `verbose` is Keras'.
        """
        from sslzoo.serving.export import export

        return export(self, filepath, version, warmup, format, classes)

    def _fold(self) -> keras.Model:
        return nn.fold(self.encoder)

    def _cached(self, name: str, make: Callable) -> Any:
        if name not in self._own.cache:
            self._own.cache[name] = make()
        return self._own.cache[name]


def _as_dtype(features: np.ndarray, dtype: str) -> np.ndarray:
    highest = np.abs(features).max(initial=0)
    if highest > np.finfo(dtype).max:
        raise refused("dtype", f"{dtype} for features up to {highest:.3g}", "be float32")
    return features.astype(dtype, copy=False)
