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
    """`function(arrays)` of `model` over its live variables: NumPy in, NumPy out. One graph for
    each size of image, for any number of them.
    """
    graphs = {}

    def call(*arrays):
        signature = tuple(tf.TensorSpec((None, *a.shape[1:]), a.dtype) for a in arrays)
        if signature not in graphs:
            graphs[signature] = tf.function(function, autograph=False).get_concrete_function(
                *signature
            )
        return graphs[signature](*map(tf.convert_to_tensor, arrays)).numpy()

    return call


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
        batch = self.views(self.named_batch(data))
        self.before_step(batch)
        with tf.GradientTape() as tape:
            losses, logs = self.losses_and_logs(batch)
            # Optimizers sum gradients over replicas; every replica holds the loss of the global
            # batch.
            total = self.optimizer.scale_loss(sum(losses.values()) / replicas())
        gradients = tape.gradient(total, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        self.after_step(batch)
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
