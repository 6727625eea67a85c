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
    """`function(*inputs)` of `model`, jitted with the model's variables as inputs: NumPy in, NumPy
    out. Inputs and outputs are arrays or structures of them.
    """
    variables = model.variables

    @jax.jit
    def stateless(values, *inputs):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(*inputs)

    def call(*inputs):
        outputs = stateless([v.value for v in variables], *inputs)
        return keras.tree.map_structure(ops.convert_to_numpy, outputs)

    return call


def gradient(function, values):
    """d function(values) / d values, of a scalar function; both may be structures of tensors.

    The result is itself differentiable. What the function does not depend on has a gradient of 0.
    """
    return jax.grad(function)(values)


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
            return self.before_step(self.views(self.named_batch(data)))

        batch, trainable, non_trainable = self._scoped(prepare, trainable, non_trainable, optimizer)

        def objective(trainable):
            def scaled():
                losses, logs, kept = self.losses_logs_kept(batch)
                return {k: self.optimizer.scale_loss(v) for k, v in losses.items()}, (
                    losses,
                    logs,
                    kept,
                )

            (scaled_losses, terms), _, updated = self._scoped(
                scaled, trainable, non_trainable, optimizer
            )
            return scaled_losses, (terms, updated)

        gradients, ((losses, logs, kept), non_trainable) = self._gradients(objective, trainable)

        def change():
            return self.change_gradients(gradients)

        gradients, *_ = self._scoped(change, trainable, non_trainable, optimizer)
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)

        def finish():
            self.after_step({**batch, **kept})
            self.clock.tick()

        _, trainable, non_trainable = self._scoped(finish, trainable, non_trainable, optimizer)
        logs = {"loss": sum(losses.values())} | losses | logs
        mapping = list(zip(self.metrics_variables, metrics, strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            logs = self.update_trackers(logs)
            metrics = [scope.get_current_value(v) for v in self.metrics_variables]
        return logs, (trainable, non_trainable, optimizer, metrics)

    def _gradients(self, objective, trainable):
        """(gradients, aux) of `objective(trainable) -> ({name: loss}, aux)`: of the sum, or with
        `separate_gradients` {name: gradients}.
        """
        if not self.separate_gradients:

            def total(trainable):
                losses, aux = objective(trainable)
                return sum(losses.values()), aux

            return jax.grad(total, has_aux=True)(trainable)
        losses, pull, aux = jax.vjp(objective, trainable, has_aux=True)
        one_of = {
            name: {other: ops.cast(other == name, x.dtype) for other, x in losses.items()}
            for name in losses
        }
        return {name: pull(chosen)[0] for name, chosen in one_of.items()}, aux

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
