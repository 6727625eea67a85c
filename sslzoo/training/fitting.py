"""`compile` and `fit`, with the arguments of Keras."""

import contextlib
import functools
from typing import Any

import keras

from sslzoo import backends
from sslzoo.checks import one_of, refused, whole
from sslzoo.inputs import check_settings
from sslzoo.training.feed import Feed, as_arrays, is_rows, with_labels
from sslzoo.training.fit import Fit
from sslzoo.training.validation import Validation

# Arguments of Keras that have no meaning here, and what has.
UNUSED_BY_COMPILE = ("loss", "loss_weights", "metrics", "weighted_metrics")
UNUSED_BY_FIT = {
    "validation_split": "be left out: sslzoo.data.split makes two parts, one for validation_data",
    "class_weight": "be left out: sslzoo.data.ClassBalanced draws as much of each class",
    "sample_weight": "be left out: the losses here weigh all items alike",
}
BUILT_HERE = "be built inside strategy.scope(), or after keras.distribution.set_distribution"


class Fitting:
    """The part of a `Method` that is compiled and trained.

    Example:
        >>> import keras, sslzoo
        >>> model = sslzoo.build("simclr", "micro", 8, augment="digits")
        >>> model.has_recipe
        True
        >>> model.compile(keras.optimizers.Adam())
        >>> model.has_recipe
        False
    """

    def compile(
        self, optimizer: Any = "sgd", jit_compile: bool | str = "auto", **kwargs: Any
    ) -> None:
        """As in Keras, without losses and metrics; `optimizer` may also be a function total_steps
        -> optimizer (a recipe with a schedule): then every call of `fit` runs the whole schedule
        over its own epochs.

        Raises:
            ValueError: a loss or a metric, or no optimizer.
        """
        for name in UNUSED_BY_COMPILE:
            if kwargs.get(name) is not None:
                needed = f"be left out: {type(self).__name__} has its own losses"
                raise refused(name, kwargs[name], needed)
        self.build()
        self._recipe = None
        known = (str, dict, type, keras.optimizers.Optimizer)
        if not isinstance(optimizer, known) and callable(optimizer):
            compiling = functools.partial(self.compile, jit_compile=jit_compile, **kwargs)
            self._recipe = compiling, optimizer
            optimizer = optimizer(1000)  # until `fit` knows its steps
        one_of("jit_compile", jit_compile, ("auto", True, False))
        whole("steps_per_execution", kwargs.get("steps_per_execution", 1), least=1)
        if jit_compile == "auto":
            jit_compile = self.default_jit() and not kwargs.get("run_eagerly")
        super().compile(optimizer=_optimizer(optimizer), jit_compile=jit_compile, **kwargs)

    @property
    def has_recipe(self) -> bool:
        """Whether the optimizer is made anew for the steps of each `fit`."""
        return self._recipe is not None

    def compile_for(self, total_steps: int) -> None:
        """Compile with the recipe's optimizer for so many steps."""
        kept = self._recipe  # `compile` forgets it
        compiling, recipe = kept
        compiling(recipe(total_steps))
        self._recipe = kept

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: list | None = None,
        validation_data: Any = None,
        shuffle: bool = True,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        **unused: Any,
    ) -> keras.callbacks.History:
        """Train the model, as Keras' `fit` does. `x` is an array, a `sslzoo.data.Dataset`, a dict
        of named arrays, (x, y), or a stream.

        Arrays are shuffled by permutation(seed, epoch). The default `batch_size` is 256, or the
        number of items if that is smaller. Rows that do not fill a batch are left out of that
        epoch. With a `Checkpoint` among the callbacks, the same call continues an interrupted run
        exactly.

        `validation_data` has the same forms as `x`. After each epoch, a model that classifies
        reports `val_accuracy` and `val_loss`, the cross-entropy. Any other model reports its
        losses, on the same views each time. Validation does not change the training.

        Raises:
            ValueError: The data or an argument cannot be used. This is checked before the first
                step. Of a stream from elsewhere, only the first batch is checked.
            FloatingPointError: The loss became NaN or infinite. The weights of the last good epoch
                are restored.
        """
        check_settings()
        if not backends.built_here(self):
            raise refused("devices", "a model that was built on others", BUILT_HERE)
        _check_unused(unused)
        if shuffle is not True:
            needed = "be left out: arrays are shuffled by the seed, and streams keep their order"
            raise refused("shuffle", shuffle, needed)
        one_of("verbose", verbose, ("auto", 0, 1, 2, False, True))
        of_validation = {
            "validation_steps": validation_steps,
            "validation_batch_size": validation_batch_size,
            "validation_freq": None if validation_freq == 1 else validation_freq,
        }
        _check_validation(validation_data, of_validation)
        data = self.training_data(
            with_labels(as_arrays(x), as_arrays(y, self.y_field), self.y_field)
        )
        feed = Feed(data, batch_size, self, steps_per_epoch)
        validation = None
        if validation_data is not None:
            size = getattr(feed.data, "batch_size", 256)
            size = size if validation_batch_size is None else validation_batch_size
            settings = size, validation_steps, validation_freq
            validation = Validation(self, validation_data, *settings)
        run = Fit(self, feed, epochs, initial_epoch, callbacks, verbose, validation)
        self.history = run.run()
        return self.history

    def train_on_batch(self, *data: Any, **settings: Any) -> None:
        """Refused: `fit` checks its data, and counts the steps that schedules read."""
        raise TypeError("train_on_batch: not offered; fit(x, batch_size=len(x)) is one step.")


def _optimizer(optimizer):
    """What Keras makes an optimizer of, refused where it cannot."""
    with contextlib.suppress(ValueError, TypeError):
        found = None if isinstance(optimizer, type) else keras.optimizers.get(optimizer)
        if found is not None:
            return found
    raise refused("optimizer", optimizer, "be an optimizer of Keras, its name, or a recipe")


def _check_validation(data, settings):
    """Refuse settings of the validation that would mean nothing."""
    rows = is_rows(data) or hasattr(data, "arrays")
    for name, value in settings.items():
        if value is not None and data is None:
            raise refused(name, value, "be left out without validation_data")
    if settings["validation_batch_size"] is not None and not rows:
        got = f"{settings['validation_batch_size']} with data that comes in batches"
        raise refused("validation_batch_size", got, "be left out")


def _check_unused(given):
    """Refuse arguments of Keras' `fit` that have no meaning here, and those that it has not."""
    for name, value in given.items():
        if name not in UNUSED_BY_FIT:
            raise TypeError(f"fit: got an unknown argument {name!r}.")
        if value is not None and not (name == "validation_split" and value == 0):
            raise refused(name, f"a {type(value).__name__}", UNUSED_BY_FIT[name])
