"""What makes a method an ordinary Keras model on disk: its config, its seeds, its optimizer."""

from typing import Any

import keras
from keras import ops


class Saving:
    """The part of a `Method` that Keras calls to save and load it.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("simclr", "micro", 8, temperature=0.1)
        >>> model.untrained().temperature
        0.1
    """

    def build(self, input_shape: Any = None) -> None:
        """Nothing is left to build: every layer was built in the constructor."""
        self.built = True

    def get_config(self) -> dict:
        """The arguments of the constructor."""
        return {k: keras.saving.serialize_keras_object(v) for k, v in self._own.arguments.items()}

    def save_own_variables(self, store: Any) -> None:
        """Also the state of the random generators, which Keras leaves out."""
        super().save_own_variables(store)
        for index, state in enumerate(self._seed_states()):
            store[f"seed_{index}"] = ops.convert_to_numpy(state)

    def load_own_variables(self, store: Any) -> None:
        """The state of the random generators too, where the file has it."""
        keys = list(store.keys())
        seeds = {key: store[key] for key in keys if key.startswith("seed_")}
        super().load_own_variables({key: store[key] for key in keys if key not in seeds})
        if seeds:  # published weights carry none
            for index, state in enumerate(self._seed_states()):
                state.assign(seeds[f"seed_{index}"])

    def _seed_states(self) -> list:
        weights = {id(v) for v in self.weights}
        return [v for v in self.variables if id(v) not in weights]

    def get_compile_config(self) -> dict | None:
        """For `.keras` files: the recipe, or the optimizer. XLA or not is the loading machine's own
        choice, so it is left out.
        """
        if not self.compiled:
            return None
        optimizer = self.optimizer if self._recipe is None else self._recipe[1]
        return {"optimizer": keras.saving.serialize_keras_object(optimizer)}

    def compile_from_config(self, config: dict) -> None:
        """Compile as the saved model was."""
        self.compile(keras.saving.deserialize_keras_object(config["optimizer"]))
        self.optimizer.build(self.trainable_variables)

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> "Saving":
        """The model of a configuration, untrained."""
        restore = keras.saving.deserialize_keras_object
        return cls(**{key: restore(value, custom_objects) for key, value in config.items()})

    def untrained(self) -> "Saving":
        """A new model of the same configuration, as it was before training where its initialisers
        have seeds.
        """
        return type(self).from_config(self.get_config())
