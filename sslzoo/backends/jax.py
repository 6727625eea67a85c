"""JAX: the training step, the (implicit) cross-replica gather, the compiled function."""

from collections.abc import Callable
from typing import Any

import jax
import keras
from keras import ops


def replicas() -> int:
    """1: under `keras.distribution` one program sees the whole batch.

    Example:
        >>> from sslzoo import backends
        >>> backends.replicas()
        1
    """
    return 1


def replica_seed(seed: Any) -> Any:
    """The seed as it is: the batch is drawn whole.

    Example:
        >>> from keras import ops
        >>> from sslzoo import backends
        >>> [int(part) for part in backends.replica_seed(ops.convert_to_tensor([7, 3]))]
        [7, 3]
    """
    return seed


def process() -> tuple[int, int]:
    """(index, count) of the processes that train one model under `keras.distribution`.

    Example:
        >>> from sslzoo import backends
        >>> backends.process()
        (0, 1)
    """
    if keras.distribution.distribution() is None:
        return 0, 1
    return jax.process_index(), jax.process_count()


def gather(x: Any) -> Any:
    """The identity: SPMD arrays are global already.

    Example:
        >>> from keras import ops
        >>> from sslzoo import backends
        >>> tuple(backends.gather(ops.ones((2, 3))).shape)
        (2, 3)
    """
    return x


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
        return jax.eval_shape(function, *args)


def compiled(model: keras.layers.Layer, function: Callable) -> Callable:
    """`function(*inputs)` of `model`, jitted with the model's variables as inputs: NumPy in, NumPy
    out. Inputs and outputs are arrays or structures of them.

    Example:
        >>> import keras, numpy as np
        >>> from sslzoo import backends
        >>> double = keras.layers.Rescaling(2.0)
        >>> backends.compiled(double, double)(np.ones((1, 2), "float32"))
        array([[2., 2.]], dtype=float32)
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


def gradient(function: Callable, values: Any) -> Any:
    """d function(values) / d values, of a scalar function; both may be structures of tensors.

    The result is itself differentiable. What the function does not depend on has a gradient of 0.

    Example:
        >>> from keras import ops
        >>> from sslzoo import backends
        >>> float(backends.gradient(lambda x: x**2, ops.convert_to_tensor(3.0)))
        6.0
    """
    return jax.grad(function)(values)


def bias_add(x: Any, bias: Any) -> Any:
    """(..., C) + (C,).

    Example:
        >>> from keras import ops
        >>> from sslzoo import backends
        >>> float(backends.bias_add(ops.zeros((1, 1, 1, 2)), ops.ones(2))[0, 0, 0, 1])
        1.0
    """
    return x + bias


def apart(x: Any) -> Any:
    """x: what XLA fuses is safe.

    Example:
        >>> from keras import ops
        >>> from sslzoo import backends
        >>> tuple(backends.apart(ops.ones((2, 3))).shape)
        (2, 3)
    """
    return x


fused_batch_norm = None  # XLA fuses Keras' formula itself


class Step:
    """The usual training step of a `Method`: `value_and_grad` over a `StatelessScope`, state in and
    state out.

    Example:
        >>> from sslzoo import backends, training
        >>> issubclass(training.Method, backends.Step)
        True
    """

    def train_step(self, state: tuple, data: Any) -> tuple:
        """One step. `state`: values of the trainable and the other variables, of the optimizer's
        and the metrics'. Returns (logs, the new state).
        """
        trainable, non_trainable, optimizer, metrics = state

        def prepare():
            return self.before_step(self.views(self.named_batch(data)))

        batch, trainable, non_trainable = self._scoped(prepare, trainable, non_trainable, optimizer)

        def objective(trainable):
            def scaled():
                losses, logs, kept = self.losses_logs_kept(batch)
                scaled_losses = {k: self.optimizer.scale_loss(v) for k, v in losses.items()}
                return scaled_losses, (losses, logs, kept)

            result, _, updated = self._scoped(scaled, trainable, non_trainable, optimizer)
            scaled_losses, terms = result
            return scaled_losses, (terms, updated)

        gradients, (terms, non_trainable) = self._gradients(objective, trainable)
        losses, logs, kept = terms

        def change():
            return self.change_gradients(gradients)

        gradients, _, _ = self._scoped(change, trainable, non_trainable, optimizer)
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

    def _gradients(self, objective: Callable, trainable: list) -> tuple:
        """(gradients, aux) of `objective(trainable) -> ({name: loss}, aux)`: of the sum, or with
        `separate_gradients` {name: gradients}.
        """
        if not self.separate_gradients:

            def total(trainable):
                losses, aux = objective(trainable)
                return sum(losses.values()), aux

            return jax.grad(total, has_aux=True)(trainable)
        losses, pull, aux = jax.vjp(objective, trainable, has_aux=True)
        gradients = {}
        for name in losses:
            # 1 for this loss, 0 for the others
            chosen = {other: ops.cast(other == name, x.dtype) for other, x in losses.items()}
            gradients[name] = pull(chosen)[0]
        return gradients, aux

    def _scoped(
        self, function: Callable, trainable: list, non_trainable: list, optimizer: list
    ) -> tuple[Any, list, list]:
        """Run `function` on the given values of the variables.

        Returns:
            Its result, and what it left in the trainable and in the other variables of the model.
        """
        variables = [*self.trainable_variables, *self.non_trainable_variables]
        variables += self.optimizer.variables
        mapping = list(zip(variables, [*trainable, *non_trainable, *optimizer], strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            result = function()
        trainable = [scope.get_current_value(v) for v in self.trainable_variables]
        non_trainable = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return result, trainable, non_trainable

    @staticmethod
    def default_jit() -> bool:
        """Whether steps are compiled by XLA: always."""
        return True

    def sync_state(self) -> None:
        """Put the running step's values back into the model's variables: callbacks read them
        there.
        """
        self.jax_state_sync()
