"""JAX: the training step, the (implicit) cross-replica gather, the compiled function."""

import jax
import keras
from keras import ops


def replicas():
    """1: under `keras.distribution` one program sees the whole batch."""
    return 1


def replica_index():
    """0: the batch is drawn whole."""
    return 0


def process():
    """(index, count) of the processes that train one model under `keras.distribution`."""
    if keras.distribution.distribution() is None:
        return 0, 1
    return jax.process_index(), jax.process_count()


def gather(x):
    """The identity: SPMD arrays are global already."""
    return x


def abstract(function, *args):
    """The structure of `function(*args)` with symbolic leaves, found by tracing alone: no value is
    computed or assigned.
    """
    with keras.StatelessScope():
        return jax.eval_shape(function, *args)


def compiled(model, function):
    """`function(arrays)` of `model`, jitted with the model's variables as inputs: NumPy in, NumPy
    out.
    """
    variables = model.variables

    @jax.jit
    def stateless(values, *arrays):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(*arrays)

    return lambda *arrays: ops.convert_to_numpy(stateless([v.value for v in variables], *arrays))


def bias_add(x, bias):
    """(..., C) + (C,)."""
    return x + bias


def apart(x):
    """x: what XLA fuses is safe."""
    return x


fused_batch_norm = None  # XLA fuses Keras' formula itself


class Step:
    """The usual training step of a `Method`: `value_and_grad` over a `StatelessScope`, state in and
    state out.
    """

    def train_step(self, state, data):
        trainable, non_trainable, optimizer, metrics = state

        def prepare():
            batch = self.views(self.named_batch(data))
            self.before_step(batch)
            return batch

        batch, trainable, non_trainable = self._scoped(prepare, trainable, non_trainable, optimizer)

        def objective(trainable, non_trainable):
            def scaled():
                losses, logs = self.losses_and_logs(batch)
                return self.optimizer.scale_loss(sum(losses.values())), losses, logs

            (total, losses, logs), _, updated = self._scoped(
                scaled, trainable, non_trainable, optimizer
            )
            return total, (losses, logs, updated)

        gradients, (losses, logs, non_trainable) = jax.grad(objective, has_aux=True)(
            trainable, non_trainable
        )
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)
        _, trainable, non_trainable = self._scoped(
            lambda: self.after_step(batch), trainable, non_trainable, optimizer
        )
        logs = {"loss": sum(losses.values())} | losses | logs
        with keras.StatelessScope(
            state_mapping=list(zip(self.metrics_variables, metrics, strict=True))
        ) as scope:
            logs = self.update_trackers(logs)
            metrics = [scope.get_current_value(v) for v in self.metrics_variables]
        return logs, (trainable, non_trainable, optimizer, metrics)

    def _scoped(self, function, trainable, non_trainable, optimizer):
        """Run `function` on the given values of the variables; return its result and what it left
        in the model's.
        """
        own = [self.trainable_variables, self.non_trainable_variables]
        variables = [*own[0], *own[1], *self.optimizer.variables]
        mapping = list(zip(variables, [*trainable, *non_trainable, *optimizer], strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            result = function()
        return result, *([scope.get_current_value(v) for v in group] for group in own)

    @staticmethod
    def default_jit():
        return True

    def sync_state(self):
        """Put the running step's values back into the model's variables: callbacks read them
        there.
        """
        self.jax_state_sync()
