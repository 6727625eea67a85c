"""TensorFlow: the training step, the cross-replica gather, the compiled function."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from sslzoo.backends.recent import recent

open_shapes = True  # a compiled function takes arrays of different shapes


def replicas() -> int:
    """Number of replicas in sync: 1 outside a distribution strategy.

    Example:
        >>> from sslzoo import backends
        >>> backends.replicas()
        1
    """
    return tf.distribute.get_strategy().num_replicas_in_sync


def shares(model: keras.Model) -> int:
    """The parts that a batch is shared out in: the replicas of the model's strategy.

    Example:
        >>> import sslzoo
        >>> from sslzoo import backends
        >>> backends.shares(sslzoo.build("simclr", "micro", 8))
        1
    """
    return model.distribute_strategy.num_replicas_in_sync


def replica_seed(seed: Any) -> Any:
    """The seed (2,) of a draw -> another one on each replica; replica 0 keeps Keras' own.

    Replicas hold equal copies of the state of a seed generator.

    Example:
        >>> from keras import ops
        >>> from sslzoo import backends
        >>> [int(part) for part in backends.replica_seed(ops.convert_to_tensor([7, 3]))]
        [7, 3]
    """
    context = tf.distribute.get_replica_context()
    if replicas() == 1 or context is None:
        return seed
    # The key (seed, count) changes in `seed`: in `count`, replica 1 would draw what replica 0
    # draws a step later. The odd stride (2**32 / golden ratio) keeps seeds that users count up,
    # 0, 1, 2, apart too.
    stride = tf.cast(tf.constant([0x9E3779B1, 0], "int64"), seed.dtype)
    return seed + stride * tf.cast(context.replica_id_in_sync_group, seed.dtype)


def process() -> tuple[int, int]:
    """(index, count) of the processes that train one model: always the only one.

    Example:
        >>> from sslzoo import backends
        >>> backends.process()
        (0, 1)
    """
    return 0, 1


def gather(x: Any) -> Any:
    """(n, ...) on each replica -> (replicas * n, ...) on all of them, in replica order; gradients
    flow back to each.

    Example:
        >>> from keras import ops
        >>> from sslzoo import backends
        >>> tuple(backends.gather(ops.ones((2, 3))).shape)
        (2, 3)
    """
    # None while a step is only traced inside `strategy.scope()`
    context = tf.distribute.get_replica_context()
    if replicas() == 1 or context is None:
        return x
    gathered = context.all_gather(x, axis=0)
    return tf.ensure_shape(gathered, (None, *x.shape[1:]))  # the gather forgets it


def abstract(function: Callable, *args: Any) -> Any:
    """The structure of `function(*args)` with symbolic leaves, found by tracing alone: no value is
    computed or assigned.

    Example:
        >>> import numpy as np
        >>> from sslzoo import backends
        >>> tuple(backends.abstract(lambda x: 2 * x, np.zeros((2, 3), "float32")).shape)
        (2, 3)
    """
    with keras.StatelessScope():
        traced = tf.function(function, autograph=False).get_concrete_function(*args)
        return traced.structured_outputs


def compiled(model: keras.layers.Layer, function: Callable) -> Callable:
    """`function(*inputs)` of `model` over its live variables: NumPy in, NumPy out.

    Inputs and outputs are arrays or structures of them. Arrays without axes, such as a seed, are
    passed as they are. One graph is for any number of items. A call with `shapes`, a list with None
    for each axis that may differ, asks for a graph of all such shapes. The graphs used last are
    kept.

    Example:
        >>> import keras, numpy as np
        >>> from sslzoo import backends
        >>> double = keras.layers.Rescaling(2.0)
        >>> backends.compiled(double, double)(np.ones((1, 2), "float32"))
        array([[2., 2.]], dtype=float32)
    """
    graphs = {}

    def call(*inputs, shapes=None):
        arrays = keras.tree.flatten(inputs)
        shapes = shapes or [(None, *array.shape[1:]) if array.shape else () for array in arrays]
        specs = [
            tf.TensorSpec(shape, array.dtype) for shape, array in zip(shapes, arrays, strict=True)
        ]

        def trace():
            structure = keras.tree.pack_sequence_as(inputs, specs)
            return tf.function(function, autograph=False).get_concrete_function(*structure)

        graph = recent(graphs, tuple(specs), trace)
        outputs = graph(*keras.tree.map_structure(tf.convert_to_tensor, inputs))
        return keras.tree.map_structure(lambda x: x.numpy(), outputs)

    return call


def untouched(model: keras.layers.Layer, function: Callable) -> Callable:
    """`compiled`, for a function that assigns to variables: the model keeps its values.

    Example:
        >>> import keras, numpy as np
        >>> from sslzoo import backends
        >>> norm = keras.layers.BatchNormalization()
        >>> norm.build((None, 1))
        >>> function = backends.untouched(norm, lambda x: norm(x, training=True))
        >>> function(np.ones((2, 1), "float32")).shape, float(norm.moving_mean[0])
        ((2, 1), 0.0)
    """

    def scoped(*inputs):
        with keras.StatelessScope():
            return function(*inputs)

    return compiled(model, scoped)


def gradient(function: Callable, values: Any) -> Any:
    """d function(values) / d values, of a scalar function; both may be structures of tensors.

    The result is itself differentiable. What the function does not depend on has a gradient of 0.

    Example:
        >>> from keras import ops
        >>> from sslzoo import backends
        >>> float(backends.gradient(lambda x: x**2, ops.convert_to_tensor(3.0)))
        6.0
    """
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = function(values)
    return tape.gradient(result, values, unconnected_gradients="zero")


def one_by_one(function: Callable, count: Any) -> Any:
    """function(0), function(1), ..., `count` tensors of one shape, stacked: never two at once, so
    that memory holds one call.

    Example:
        >>> from sslzoo import backends
        >>> [int(x) for x in backends.one_by_one(lambda number: 2 * number, 3)]
        [0, 2, 4]
    """
    graph = tf.function(function, autograph=False)
    traced = graph.get_concrete_function(tf.TensorSpec([], tf.int32)).structured_outputs
    item = tf.TensorSpec(traced.shape, traced.dtype)
    numbers = tf.range(count)
    return tf.map_fn(graph, numbers, fn_output_signature=item, parallel_iterations=1)


def bias_add(x: Any, bias: Any) -> Any:
    """(..., C) + (C,) as the operation that the CPU's graph optimizer fuses with a convolution.

    Example:
        >>> from keras import ops
        >>> from sslzoo import backends
        >>> float(backends.bias_add(ops.zeros((1, 1, 1, 2)), ops.ones(2))[0, 0, 0, 1])
        1.0
    """
    return tf.nn.bias_add(x, bias)


def apart(x: Any) -> Any:
    """x, as an operation that Grappler (of TensorFlow 2.21) neither removes, as it does an
    identity, nor fuses.

    Example:
        >>> from keras import ops
        >>> from sslzoo import backends
        >>> tuple(backends.apart(ops.ones((2, 3))).shape)
        (2, 3)
    """
    return tf.ensure_shape(x, x.shape)


def fused_batch_norm(x: Any, gamma: Any, beta: Any, epsilon: float) -> tuple:
    """Normalize a batch of maps by one kernel.

    Args:
        x: (N, H, W, C).
        gamma, beta: (C,), scale and shift.

    Returns:
        outputs (N, H, W, C); mean and population variance over N, H, W, each (C,).

    Example:
        >>> import tensorflow as tf
        >>> from sslzoo.backends.tensorflow import fused_batch_norm
        >>> maps = tf.constant([1.0, 3.0], shape=(1, 1, 2, 1))
        >>> _, mean, variance = fused_batch_norm(maps, tf.ones(1), tf.zeros(1), 1e-5)
        >>> float(mean[0]), float(variance[0])
        (2.0, 1.0)
    """
    gamma, beta = tf.cast(gamma, tf.float32), tf.cast(beta, tf.float32)
    found = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=gamma,
        offset=beta,
        mean=tf.zeros_like(gamma),
        variance=tf.zeros_like(gamma),
        epsilon=epsilon,
    )
    count = tf.cast(tf.size(x) // x.shape[-1], tf.float32)
    # the kernel gives the unbiased variance, Keras keeps the other
    return found.y, found.batch_mean, found.batch_variance * (count - 1.0) / count


class Step:
    """The usual training step of a `Method` under `tf.GradientTape`.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("simclr", "micro", 8, augment="digits")
        >>> history = model.fit(sslzoo.data.load("digits"), verbose=0)  # takes such steps
        >>> history.history["loss"][0] > 0
        True
    """

    def train_step(self, data: Any) -> dict:
        """One step. Returns the logs."""
        batch = self.before_step(self.views(self.named_batch(data)))
        with tf.GradientTape(persistent=self.separate_gradients) as tape:
            losses, *rest = self.losses_logs_kept(batch)
            # Optimizers sum gradients over replicas; every replica holds the loss of the global
            # batch.
            scaled = {k: self.optimizer.scale_loss(v / replicas()) for k, v in losses.items()}
            total = sum(scaled.values())
        variables = self.trainable_variables
        if self.separate_gradients:
            gradients = {
                name: _dense(tape.gradient(loss, variables), variables)
                for name, loss in scaled.items()
            }
        else:
            gradients = tape.gradient(total, variables)
        logs, kept = rest
        self.optimizer.apply(self.change_gradients(gradients), variables)
        self.after_step({**batch, **kept})
        self.clock.tick()
        return self.update_trackers({"loss": sum(losses.values())} | losses | logs)

    @staticmethod
    def default_jit() -> bool:
        """Whether steps are compiled by XLA. It pays on accelerators, and does not compile a
        gather. On a CPU it slows small networks down.
        """
        devices = tf.config.list_physical_devices
        accelerators = devices("GPU") or devices("TPU")
        return bool(accelerators) and replicas() == 1

    def sync_state(self) -> None:
        """Variables are always current here."""


def _dense(gradients: list, variables: list) -> list:
    """Tensors alone: zeros for None, and the whole of what an embedding gives row by row."""
    return [
        ops.zeros_like(variable) if gradient is None else tf.convert_to_tensor(gradient)
        for gradient, variable in zip(gradients, variables, strict=True)
    ]
