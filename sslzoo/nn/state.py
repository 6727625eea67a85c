"""What belongs to a run and not to the model that it makes: memories by index, exemplars."""

from typing import Any

from keras import layers, ops


class State(layers.Layer):
    """Variables, made by `add_weight(name=...)`, that are in checkpoints and `.keras` files and not
    in published weights.

    Keras stores a layer's variables by number, and numbered ones are what `sslzoo.zoo.weights`
    publishes; these are stored by name. A file without them leaves them as they are.

    Example:
        >>> from sslzoo import nn
        >>> state = nn.State(name="run_state")
        >>> memory = state.add_weight(shape=(3,), name="memory", trainable=False)
        >>> stored = {}
        >>> state.save_own_variables(stored)
        >>> list(stored)
        ['memory']
    """

    def save_own_variables(self, store: Any) -> None:
        for variable in self.variables:
            store[variable.name] = ops.convert_to_numpy(variable)

    def load_own_variables(self, store: Any) -> None:
        for variable in self.variables:
            if variable.name in store.keys():  # noqa: SIM118
                variable.assign(store[variable.name])
