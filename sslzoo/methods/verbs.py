"""What a trained model is asked for: `encode`, and the verbs that a method adds, in NumPy and as an
exported SavedModel.
"""

from typing import NamedTuple

import numpy as np
from keras import ops

from sslzoo import backends, nn
from sslzoo.data import check_images
from sslzoo.data.progress import progress


class Verb(NamedTuple):
    """What a model computes from images, for users (`model.<verb>`) and as a signature of its
    export.

    output: name of the result in the signature. whole: images keep their size, as in
    super-resolution; otherwise they are brought to the network's.
    """

    output: str
    whole: bool = False


class Verbs:
    """The inference side of a `Method`.

    A verb `v` is the method `v_graph(images)` on tensors, and `v(images, batch_size=256)` on NumPy
    arrays, which hands over to `apply_verb`.

    Attributes:
        verbs: {name: Verb}; the first one is the default signature of an export.
    """

    verbs = {"encode": Verb("embedding")}

    @property
    def encoder(self):
        """The network behind `call`, `encode` and the export: the backbone, or an average of its
        weights over time.
        """
        return self.backbone

    @property
    def networks(self):
        """The networks behind the verbs: whoever loads an export may train them."""
        return [self.encoder]

    def call(self, images, training=False):
        """Images of any size -> features (N, D); at inference with BatchNorm folded into the
        convolutions.
        """
        if isinstance(images, dict):
            images = images["images"]
        images = self.preprocess(images)
        return (
            self.encoder(images, training=True)
            if training
            else self._cached("folded", self._fold)(images)
        )

    def encode(self, images, batch_size=256):
        """Features of images.

        Args:
            images: (N, H, W), (N, H, W, 1) or (N, H, W, 3); integers 0..255 or floats 0..1.
            batch_size: images a chunk; memory grows with it.

        Returns:
            float32 array (N, D).
        """
        return self.apply_verb("encode", images, batch_size)

    def encode_graph(self, images):
        return ops.cast(self(images, training=False), "float32")

    def apply_verb(self, verb, images, batch_size=256):
        """The result of a verb for images, `batch_size` at a time: the compiled `<verb>_graph` over
        NumPy arrays.
        """
        self.build()
        images = check_images(images)
        function = self._cached(
            verb, lambda: backends.compiled(self, getattr(self, f"{verb}_graph"))
        )
        chunks = []
        starts = range(0, len(images), batch_size)
        title = "Encoding" if verb == "encode" else verb.capitalize()
        for start in progress(starts, title, len(starts), least=20):
            chunk = np.asarray(images[start : start + batch_size])
            # the last chunk is filled up: one shape, one graph
            missing = min(batch_size, len(images)) - len(chunk)
            padded = (
                np.concatenate([chunk, np.repeat(chunk[-1:], missing, axis=0)])
                if missing
                else chunk
            )
            chunks.append(function(padded)[: len(chunk)])
        return np.concatenate(chunks)

    def export(self, filepath, format="tf_saved_model", verbose=None, version=1, warmup=True):
        """Write `<filepath>/<version>`, a SavedModel for TF Serving, plain TensorFlow and TF Hub:
        see `sslzoo.zoo.export.export`. `format` and `verbose` are Keras'; "tf_saved_model" is the
        one format here.
        """
        from sslzoo.zoo.export import export  # upwards, and only here: it is Keras' name for it

        if format != "tf_saved_model":
            raise ValueError(
                f"format: got {format!r}; 'tf_saved_model' is the one that carries "
                "preprocessing and signatures."
            )
        return export(self, filepath, version=version, warmup=warmup)

    def _fold(self):
        return nn.fold(self.encoder)

    def _cached(self, name, make):
        if name not in self._own.cache:
            self._own.cache[name] = make()
        return self._own.cache[name]
