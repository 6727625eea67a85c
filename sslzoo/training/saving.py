"""What makes a method an ordinary Keras model on disk: its config, its seeds, its optimizer."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import keras
from keras import ops

from sslzoo.checks import local_path
from sslzoo.files import atomic_path, read_own
from sslzoo.training import contents
from sslzoo.training.identity import identity

RECIPE_STEPS = 1000  # for which the optimizers of two recipes are compared

DESCRIPTION = "sslzoo_model"  # attribute of a weights file; packed: one holds 64 kB at most


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

    @property
    def identity(self) -> dict[str, Any]:
        """{name: plain value} of what decides a training beside its data: the constructor's
        arguments and the optimizer. The steps of a recipe are not among them.
        """
        optimizer = self.optimizer if self._recipe is None else self._recipe[1](RECIPE_STEPS)
        return identity(type(self), self._own.arguments, optimizer)

    @property
    def origin(self) -> dict[str, Any] | None:
        """{"name", "licence", "sha256", "commit"} of the published weights that it was loaded with,
        or None. They stay so when it is trained further.
        """
        return self._own.origin

    def remember_origin(self, origin: dict[str, Any] | None) -> None:
        """Note what `origin` says."""
        self._own.origin = origin

    def save_weights(self, filepath: str | Path, overwrite: bool = True, **settings: Any) -> None:
        """As in Keras. A `.weights.h5` file appears whole or not at all, has a digest of its
        content, and says which model it is of, so that `sslzoo.load` reads it.
        """
        path = local_path("filepath", filepath)
        in_one_file = path.name.endswith(".weights.h5") and not settings
        if not in_one_file or (path.exists() and not overwrite):
            super().save_weights(path, overwrite=overwrite, **settings)
            return
        with atomic_path(path) as part:
            contents.write_weights(self, part)
            model = json.dumps(keras.saving.serialize_keras_object(self)).encode()
            packed = base64.b64encode(gzip.compress(model, mtime=0)).decode()
            content = contents.with_attribute(part.read_bytes(), DESCRIPTION, packed)
            part.write_bytes(contents.with_digest(content))

    def load_weights(self, filepath: str | Path, **settings: Any) -> None:
        """As in Keras. A `.weights.h5` file that is damaged is refused before it changes anything.

        Raises:
            ValueError: the file is damaged, or of another model.
        """
        path = local_path("filepath", filepath)
        if path.name.endswith(".weights.h5") and path.exists():
            contents.check_digest(path)
        super().load_weights(path, **settings)

    def save_own_variables(self, store: Any) -> None:
        """Also the state of the random generators, which Keras leaves out."""
        super().save_own_variables(store)
        for index, state in enumerate(self.seed_states):
            store[f"seed_{index}"] = ops.convert_to_numpy(state)

    def load_own_variables(self, store: Any) -> None:
        """The state of the random generators too, where the file has it."""
        keys = list(store.keys())
        seeds = {key: store[key] for key in keys if key.startswith("seed_")}
        super().load_own_variables({key: store[key] for key in keys if key not in seeds})
        if seeds:  # published weights carry none
            for index, state in enumerate(self.seed_states):
                state.assign(seeds[f"seed_{index}"])

    @property
    def seed_states(self) -> list:
        """The variables of the random generators."""
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
        """A new model of the same configuration, as it was before training where its initializers
        have seeds.
        """
        return type(self).from_config(self.get_config())


def described_by(path: str | Path) -> dict | None:
    """The model that a weights file says it is of, as Keras serializes it; None if it says nothing.

    Raises:
        ValueError: the file is damaged.

    Example:
        >>> from sslzoo.training.saving import described_by
        >>> described_by("mine.weights.h5")["class_name"]  # doctest: +SKIP
        'SimCLR'
    """
    contents.check_digest(path)
    packed = contents.hdf5_attribute(path, DESCRIPTION)
    if packed is None:
        return None

    def unpacked():
        return json.loads(gzip.decompress(base64.b64decode(packed)))

    return read_own(path, unpacked, "description of a model")
