"""A small method on each kind of input, for the tests of everything that must work for all kinds.

    for name, kind in six_kinds.KINDS.items():
        model = kind.make()
        model.fit(kind.items(32), batch_size=8)

`KINDS` has the six kinds, images also with a network that is not square and one of any size.
`Sampler` draws, `Spread` has a verb with two outputs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from sslzoo import inputs, nn
from sslzoo.training import Method, Verb

DIM = 6  # of all features


@keras.saving.register_keras_serializable("sslzoo_tests")
class Whiten(Method):
    """Each feature is pulled to mean 0 and variance 1 over the batch, of noisy features."""

    def __init__(self, backbone, noise=0.1, seed=0, name=None):
        super().__init__(backbone, seed=seed, name=name)
        self.noise = layers.GaussianNoise(noise, seed=seed)

    def compute_losses(self, batch):
        x = self.reads.layer(self.reads.of(batch))
        features = self.noise(self.represent(x), training=True)  # (N, D)
        mean = ops.mean(features, axis=0)
        variance = ops.mean(ops.square(features - mean), axis=0)
        return {
            "mean": ops.mean(ops.square(mean)),
            "variance": ops.mean(ops.square(variance - 1.0)),
        }


@keras.saving.register_keras_serializable("sslzoo_tests")
class Spread(Whiten):
    """Its default verb has two outputs: how far the features of an item are from the mean of all
    weights, and in which direction.
    """

    verbs = {"locate": Verb(("distance", "direction")), "encode": Verb("embedding")}

    def locate(self, x, batch_size=256):
        return self.apply_verb("locate", x, batch_size)

    def locate_graph(self, x):
        features = self.encode_graph(x)  # (N, D)
        distance = ops.sqrt(ops.sum(ops.square(features), axis=1) + 1e-6)  # (N,)
        return distance, features / distance[:, None]


@keras.saving.register_keras_serializable("sslzoo_tests")
class Sampler(Method):
    """A decoder of noise whose samples get the mean of the data. It has no backbone."""

    verbs = {"sample": Verb("vectors", draws=True)}

    def __init__(self, features=4, seed=0, name=None):
        super().__init__(None, reads=inputs.Vectors(features), seed=seed, name=name)
        self.source = nn.Noise(seed)
        self.decoder = nn.head(DIM, [(8, None, "relu"), (features, None, None)], "decoder", seed=1)

    def views(self, batch):
        count = ops.shape(batch["vectors"])[0]
        return {**batch, "z": keras.random.normal((count, DIM), seed=self.source)}

    def compute_losses(self, batch):
        wanted = ops.mean(ops.cast(batch["vectors"], "float32"), axis=0)
        samples = self.decoder(batch["z"], training=True)
        return {"mean": ops.sum(ops.square(ops.mean(samples, axis=0) - wanted))}

    def sample(self, n, seed=0):
        return self.draw_verb("sample", n, seed)

    def sample_graph(self, n, seed):
        with self.source.given(seed):
            z = keras.random.normal((n, DIM), seed=self.source)
        return self.decoder(z)


@keras.saving.register_keras_serializable("sslzoo_tests")
class Neighbors(layers.Layer):
    """Nodes (G, N, F) and edges (G, E, 2) -> the sum over each node's incoming edges (G, N, F)."""

    def call(self, nodes, edges):
        count = ops.shape(nodes)[1]
        numbers = ops.arange(count, dtype=edges.dtype)
        # A row of -1 matches no node.
        ends = ops.cast(edges[..., None] == numbers, nodes.dtype)  # (G, E, 2, N)
        start, end = ends[:, :, 0], ends[:, :, 1]  # (G, E, N) each
        messages = ops.matmul(start, nodes)  # (G, E, F)
        return ops.matmul(ops.transpose(end, (0, 2, 1)), messages)

    def compute_output_shape(self, nodes_shape, edges_shape):
        return nodes_shape


def images(height, width, channels=3):
    """A convolution, BatchNorm and a residual sum, so that folding and fusing have their say."""
    x = start = keras.Input((height, width, channels), name="images")
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Add()([x, layers.Conv2D(4, 3, padding="same")(x)])
    x = layers.Dense(DIM)(layers.GlobalAveragePooling2D()(ops.relu(x)))
    return keras.Model(start, x, name="small_images")


def series():
    x = start = keras.Input((7, 3), name="series")
    return keras.Model(start, layers.GRU(DIM)(x), name="small_series")


def tokens(length=None):
    x = start = keras.Input((length,), dtype="int32", name="tokens")
    x = layers.Embedding(11, 8, keras.initializers.RandomNormal(stddev=1.0))(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(start, layers.Dense(DIM)(x), name="small_tokens")


def vectors():
    x = start = keras.Input((5,), name="vectors")
    x = layers.Dense(8, "relu")(x)
    return keras.Model(start, layers.Dense(DIM)(x), name="small_vectors")


def audio(samples=None):
    x = start = keras.Input((samples,), name="audio")
    x = layers.Conv1D(4, 16, strides=8, activation="relu")(x[..., None])
    x = layers.GlobalMaxPooling1D()(x)
    return keras.Model(start, layers.Dense(DIM)(x), name="small_audio")


def graph(count=None):
    """count: of nodes and of edges."""
    nodes = keras.Input((count, 3), name="nodes")
    edges = keras.Input((count, 2), dtype="int32", name="edges")
    x = layers.Dense(8, "relu")(nodes)
    x = layers.Dense(8, "relu")(x + Neighbors()(x, edges))  # (G, N, 8)
    x = layers.Dense(DIM)(ops.mean(x, axis=1))
    return keras.Model({"nodes": nodes, "edges": edges}, x, name="small_graph")


class Kind(NamedTuple):
    """network: makes one. reads: the name of the `Input` that it must get."""

    network: Callable
    reads: str

    def make(self, method: type = Whiten, **kwargs: Any) -> Method:
        """A compiled method with the same weights on each call."""
        keras.utils.set_random_seed(0)
        model = method(self.network(), **kwargs)
        model.compile(keras.optimizers.Adam(0.01))
        model.optimizer.build(model.trainable_variables)
        return model

    def items(self, count: int, seed: int = 0, more: int = 0) -> Any:
        """Random items of the kind: an array, or {field: array} of graphs."""
        items = inputs.reads(self.network()).examples(count, seed, more)
        if self.reads != "Images":
            return items
        # Images of noise all have the same mean. These are four flat fields each.
        height, width = items.shape[1:3]
        rows = np.arange(height) * 2 // height
        columns = np.arange(width) * 2 // width
        return items[:, rows[:, None], columns]


KINDS = {
    "images": Kind(lambda: images(8, 8), "Images"),
    "images_not_square": Kind(lambda: images(6, 10, channels=1), "Images"),
    "images_any_size": Kind(lambda: images(None, None), "Images"),
    "series": Kind(series, "Series"),
    "tokens": Kind(tokens, "Tokens"),
    "vectors": Kind(vectors, "Vectors"),
    "audio": Kind(audio, "Audio"),
    "graph": Kind(graph, "Graph"),
}
