"""TensorFlow: the training step, the cross-replica gather, the compiled function."""

import keras
import tensorflow as tf


def replicas():
    """Number of replicas in sync: 1 outside a distribution strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_index():
    """Which replica this is: 0 where there is one, a scalar tensor inside a step of several."""
    context = tf.distribute.get_replica_context()
    return 0 if replicas() == 1 or context is None else context.replica_id_in_sync_group


def process():
    """(index, count) of the processes that train one model: always the only one."""
    return 0, 1


def gather(x):
    """(n, ...) on each replica -> (replicas * n, ...) on all of them, in replica order; gradients
    flow back to each.
    """
    # None while a step is only traced inside `strategy.scope()`
    context = tf.distribute.get_replica_context()
    if replicas() == 1 or context is None:
        return x
    gathered = context.all_gather(x, axis=0)
    return tf.ensure_shape(gathered, (None, *x.shape[1:]))  # the gather forgets it


def abstract(function, *args):
    """The structure of `function(*args)` with symbolic leaves, found by tracing alone: no value is
    computed or assigned.
    """
    with keras.StatelessScope():
        return (
            tf.function(function, autograph=False).get_concrete_function(*args).structured_outputs
        )


def compiled(model, function):
    """`function(*inputs)` of `model` over its live variables: NumPy in, NumPy out.

    Inputs and outputs are arrays or structures of them. There is one graph for each size of an
    item, for any number of items. Arrays without axes, such as a seed, are passed as they are.
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


def gradient(function, values):
    """d function(values) / d values, of a scalar function; both may be structures of tensors.

    The result is itself differentiable. What the function does not depend on has a gradient of 0.
    """
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = function(values)
    return tape.gradient(result, values, unconnected_gradients="zero")


def bias_add(x, bias):
    """(..., C) + (C,) as the operation that the CPU's graph optimiser fuses with a convolution."""
    return tf.nn.bias_add(x, bias)


def apart(x):
    """x, as an operation that Grappler (of TensorFlow 2.21) neither removes, as it does an
    identity, nor fuses.
    """
    return tf.ensure_shape(x, x.shape)


def fused_batch_norm(x, gamma, beta, epsilon):
    """Normalise a batch of maps (N, H, W, C) -> (outputs, mean, population variance over N, H,
    W).
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
    """The usual training step of a `Method` under `tf.GradientTape`."""

    def train_step(self, data):
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
    def default_jit():
        """XLA pays on accelerators, and does not compile a gather; on a CPU it slows small networks
        down.
        """
        accelerators = tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices(
            "TPU"
        )
        return bool(accelerators) and replicas() == 1

    def sync_state(self):
        """Variables are always current here."""
