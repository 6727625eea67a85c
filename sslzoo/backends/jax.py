"""JAX: the training step, the (implicit) cross-replica gather, the compiled function."""

from collections.abc import Callable
from typing import Any

import jax
import keras
import numpy as np
from keras import ops

from sslzoo.backends.recent import recent

open_shapes = False  # a compiled function takes arrays of one shape


def replicas() -> int:
    """1: under `keras.distribution` one program sees the whole batch.

    Example:
        >>> from sslzoo import backends
        >>> backends.replicas()
        1
    """
    return 1


def shares(model: keras.Model) -> int:
    """The parts that a batch is shared out in under `keras.distribution`.

    Example:
        >>> import sslzoo
        >>> from sslzoo import backends
        >>> backends.shares(sslzoo.build("simclr", "micro", 8))
        1
    """
    distribution = keras.distribution.distribution()
    if distribution is None:
        return 1
    mesh = distribution.device_mesh
    return mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)]


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
    out. Inputs and outputs are arrays or structures of them. There is one program for each shape,
    and those used last are kept. `shapes` counts on TensorFlow alone.

    Example:
        >>> import keras, numpy as np
        >>> from sslzoo import backends
        >>> double = keras.layers.Rescaling(2.0)
        >>> backends.compiled(double, double)(np.ones((1, 2), "float32"))
        array([[2., 2.]], dtype=float32)
    """
    variables = model.variables
    programs = {}

    def program():
        # A function of its own: what JAX compiled of it goes when it goes.
        def stateless(values, *inputs):
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                return function(*inputs)

        return jax.jit(stateless)

    def call(*inputs, shapes=None):
        key = tuple((np.shape(array), str(array.dtype)) for array in keras.tree.flatten(inputs))
        outputs = recent(programs, key, program)([v.value for v in variables], *inputs)
        return keras.tree.map_structure(ops.convert_to_numpy, outputs)

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
    return compiled(model, function)


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


def one_by_one(function: Callable, count: int) -> Any:
    """function(0), function(1), ..., `count` tensors of one shape, stacked: never two at once, so
    that memory holds one call.

    Example:
        >>> from sslzoo import backends
        >>> [int(x) for x in backends.one_by_one(lambda number: 2 * number, 3)]
        [0, 2, 4]
    """
    return jax.lax.map(function, ops.arange(count, dtype="int32"))


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
        >>> import sslzoo
        >>> model = sslzoo.build("simclr", "micro", 8, augment="digits")
        >>> history = model.fit(sslzoo.data.load("digits"), verbose=0)  # takes such steps
        >>> history.history["loss"][0] > 0
        True
    """

    def train_step(self, state: tuple, data: Any) -> tuple:
        """One step. `state`: values of the trainable and the other variables, of the optimizer's
        and the metrics'. Returns (logs, the new state).
        """
        trainable, non_trainable = state[:2]
        optimizer, metrics = state[2:]

        def prepare():
            return self.before_step(self.views(self.named_batch(data)))

        batch, left = self._scoped(prepare, trainable, non_trainable, optimizer)
        trainable, non_trainable = left

        def objective(trainable):
            def scaled():
                losses, *rest = self.losses_logs_kept(batch)
                scaled_losses = {k: self.optimizer.scale_loss(v) for k, v in losses.items()}
                return scaled_losses, (losses, *rest)

            result, left = self._scoped(scaled, trainable, non_trainable, optimizer)
            scaled_losses, terms = result
            return scaled_losses, (terms, left[1])

        gradients, aux = self._gradients(objective, trainable)
        terms, non_trainable = aux
        losses, *rest = terms
        logs, kept = rest

        def change():
            return self.change_gradients(gradients)

        gradients, _ = self._scoped(change, trainable, non_trainable, optimizer)
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)

        def finish():
            self.after_step({**batch, **kept})
            self.clock.tick()

        _, left = self._scoped(finish, trainable, non_trainable, optimizer)
        trainable, non_trainable = left
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
        losses, *others = jax.vjp(objective, trainable, has_aux=True)
        pull, aux = others
        gradients = {}
        for name in losses:
            # 1 for this loss, 0 for the others
            chosen = {other: ops.cast(other == name, x.dtype) for other, x in losses.items()}
            gradients[name] = pull(chosen)[0]
        return gradients, aux

    def _scoped(
        self, function: Callable, trainable: list, non_trainable: list, optimizer: list
    ) -> tuple[Any, tuple[list, list]]:
        """Run `function` on the given values of the variables.

        Returns:
            Its result, and the pair of what it left in the trainable and in the other variables.
        """
        variables = [*self.trainable_variables, *self.non_trainable_variables]
        variables += self.optimizer.variables
        mapping = list(zip(variables, [*trainable, *non_trainable, *optimizer], strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            result = function()
        trainable = [scope.get_current_value(v) for v in self.trainable_variables]
        non_trainable = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return result, (trainable, non_trainable)

    @staticmethod
    def default_jit() -> bool:
        """Whether steps are compiled by XLA: always."""
        return True

    def sync_state(self) -> None:
        """Put the running step's values back into the model's variables: callbacks read them
        there.
        """
        self.jax_state_sync()
