"""Which callbacks of Keras `fit` can use: what would fail in the middle of it, or do nothing, is
refused before.
"""

from collections.abc import Iterable
from typing import Any

import keras

from sslzoo.checks import refused
from sslzoo.errors import nearest
from sslzoo.notices import notice
from sslzoo.training.checkpoint import Checkpoint

UNUSED = {
    "BackupAndRestore": "be a sslzoo.Checkpoint, which goes on at the very step",
    "SwapEMAWeights": "be left out: an optimizer with use_ema=True ends `fit` with the average",
}
SET_RATES = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
MONITORS = (
    keras.callbacks.EarlyStopping,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.ReduceLROnPlateau,
)


def checked(callbacks: Any) -> list:
    """The callbacks as a list.

    Raises:
        ValueError: what is no callback of Keras, cannot be used here, or comes twice.

    Example:
        >>> from sslzoo.training.callbacks import checked
        >>> checked(None)
        []
        >>> checked(["stop"])
        Traceback (most recent call last):
        ValueError: callbacks: got a str; it must be callbacks of Keras, or none.
    """
    callbacks = keras.tree.flatten(callbacks) if callbacks is not None else []
    for callback in callbacks:
        kind = type(callback).__name__
        if not isinstance(callback, keras.callbacks.Callback):
            raise refused("callbacks", f"a {kind}", "be callbacks of Keras, or none")
        if kind in UNUSED and _of_keras(callback):
            raise refused("callbacks", f"a {kind}", UNUSED[kind])
    if sum(isinstance(callback, Checkpoint) for callback in callbacks) > 1:
        raise refused("callbacks", "two of sslzoo.Checkpoint", "have one at most")
    return callbacks


def check_rates(callbacks: Iterable, optimizer: Any) -> None:
    """Refuse callbacks that set a learning rate, where a schedule has it.

    Raises:
        ValueError: in one sentence.

    Example:
        >>> import keras
        >>> from sslzoo.training.callbacks import check_rates
        >>> check_rates([keras.callbacks.ReduceLROnPlateau()], keras.optimizers.SGD(0.1))
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # of mixed_float16
    rate = inner.get_config().get("learning_rate")
    for callback in callbacks:
        if isinstance(callback, SET_RATES) and not isinstance(rate, (int, float)):
            got = f"a {type(callback).__name__}, while the optimizer has a schedule"
            needed = "be left out, or model.compile(keras.optimizers.SGD(0.1)) called first"
            raise refused("callbacks", got, needed)


def check_monitors(callbacks: Iterable, losses: list, logs: list) -> None:
    """Refuse a callback that watches, or puts into a file name, what `fit` does not log. Those that
    leave open which is better, more or less, are told where that is known.

    Args:
        losses: names in the logs of which less is better, or more if it is an accuracy.
        logs: the other names.

    Raises:
        ValueError: in one sentence.

    Example:
        >>> import keras
        >>> from sslzoo.training.callbacks import check_monitors
        >>> check_monitors([keras.callbacks.EarlyStopping("val_loss")], ["loss"], [])
        Traceback (most recent call last):
        ValueError: callbacks: got EarlyStopping with monitor 'val_loss'; it must monitor one of \
loss: val_loss needs validation_data.
    """
    callbacks = list(callbacks)
    # A callback of the user's own may log what it likes.
    closed = all(_of_keras(callback) for callback in callbacks)
    known = [*losses, *logs]
    for callback in callbacks:
        if not isinstance(callback, MONITORS):
            continue
        if closed and _reads_monitor(callback) and callback.monitor not in known:
            raise _unknown(callback, callback.monitor, known)
        if isinstance(callback, keras.callbacks.ModelCheckpoint) and closed:
            _check_path(callback, known)
        if callback.mode == "auto":
            callback.mode = _mode(callback, losses)


def tell_anew(callbacks: Iterable) -> None:
    """Say which callbacks have forgotten what they compare with, where a run goes on: a checkpoint
    holds the state of the model alone.

    Example:
        >>> from sslzoo.training.callbacks import tell_anew
        >>> tell_anew([])
    """
    for callback in callbacks:
        kept = isinstance(callback, keras.callbacks.ModelCheckpoint) and callback.best is not None
        if isinstance(callback, MONITORS) and _reads_monitor(callback) and not kept:
            kind = type(callback).__name__
            notice(f"{kind}: begins anew; the best {callback.monitor} so far is not known to it.")


def _mode(callback, losses):
    """Whether more or less of what a callback monitors is better."""
    name = callback.monitor
    if name.endswith("accuracy"):
        return "max"
    if name in losses or name.removeprefix("val_") == "loss":
        return "min"
    if not _reads_monitor(callback):
        return "min"  # nothing is compared
    got = f"{type(callback).__name__} with monitor {name!r}"
    raise refused("callbacks", got, 'have mode="min" or mode="max"')


def _reads_monitor(callback):
    """Whether a callback compares what it monitors."""
    return getattr(callback, "save_best_only", True)


def _check_path(callback, known):
    """Refuse a file name with a value that nobody logs."""
    values = dict.fromkeys(known, 0.0) | {"epoch": 1, "batch": 1}
    try:
        callback.filepath.format(**values)
    except KeyError as error:
        raise _unknown(callback, error.args[0], known) from None


def _unknown(callback, name, known):
    """The error for a name that `fit` does not log."""
    near = nearest(name, known, most=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    if name.startswith("val_") and not any(other.startswith("val_") for other in known):
        hint = f": {name} needs validation_data"
    got = f"{type(callback).__name__} with monitor {name!r}"
    return refused("callbacks", got, f"monitor one of {', '.join(known)}{hint}")


def _of_keras(callback):
    own = type(callback)
    if issubclass(own, keras.callbacks.LambdaCallback):
        return False
    return own.__module__.startswith("keras.") or own is Checkpoint
