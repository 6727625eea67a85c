"""TensorFlow: the training step, the cross-replica gather, the compiled function."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


def replicas() -> int:
    """Number of replicas in sync: 1 outside a distribution strategy.

    Example:
        >>> from sslzoo import backends
        >>> backends.replicas()
        1
    """
    return tf.distribute.get_strategy().num_replicas_in_sync


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

    Inputs and outputs are arrays or structures of them. There is one graph for each size of an
    item, for any number of items. Arrays without axes, such as a seed, are passed as they are.

    Example:
        >>> import keras, numpy as np
        >>> from sslzoo import backends
        >>> double = keras.layers.Rescaling(2.0)
        >>> backends.compiled(double, double)(np.ones((1, 2), "float32"))
        array([[2., 2.]], dtype=float32)
    """
    graphs = {}

    def spec(array):
        rows = (None,) if array.shape else ()
        return tf.TensorSpec((*rows, *array.shape[1:]), array.dtype)

    def call(*inputs):
        specs = keras.tree.map_structure(spec, inputs)
        key = repr(specs)
        if key not in graphs:
            graphs[key] = tf.function(function, autograph=False).get_concrete_function(*specs)
        outputs = graphs[key](*keras.tree.map_structure(tf.convert_to_tensor, inputs))
        return keras.tree.map_structure(lambda x: x.numpy(), outputs)

    return call


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
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=gamma,
        offset=beta,
        mean=tf.zeros_like(gamma),
        variance=tf.zeros_like(gamma),
        epsilon=epsilon,
    )
    count = tf.cast(tf.size(x) // x.shape[-1], tf.float32)
    # the kernel gives the unbiased variance, Keras keeps the other
    return y, mean, variance * (count - 1.0) / count


class Step:
    """The usual training step of a `Method` under `tf.GradientTape`.

    Example:
        >>> from sslzoo import backends, training
        >>> issubclass(training.Method, backends.Step)
        True
    """

    def train_step(self, data: Any) -> dict:
        """One step. Returns the logs."""
        batch = self.before_step(self.views(self.named_batch(data)))
        with tf.GradientTape(persistent=self.separate_gradients) as tape:
            losses, logs, kept = self.losses_logs_kept(batch)
            # Optimizers sum gradients over replicas; every replica holds the loss of the global
            # batch.
            scaled = {k: self.optimizer.scale_loss(v / replicas()) for k, v in losses.items()}
            total = sum(scaled.values())
        variables = self.trainable_variables
        if self.separate_gradients:
            gradients = {name: tape.gradient(loss, variables) for name, loss in scaled.items()}
        else:
            gradients = tape.gradient(total, variables)
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
