"""Checkpoints of unfinished runs: damage to the bytes, and well-formed files that hold something
else.
"""

import contextlib
import functools
import itertools
import json
import tempfile
from pathlib import Path

import keras
import numpy as np

import sslzoo
from benchmarks.fuzz import Case
from benchmarks.fuzz._bytes import DAMAGE, words
from sslzoo.training.checkpoint import state

COUNT = 208
BATCH = 16


def cases(count):
    """The kinds of damage in turn."""
    changes = [(words(change), functools.partial(_bytes, change)) for change in DAMAGE]
    changes += [(words(change), functools.partial(_inside, change)) for change in INSIDE]
    data = sslzoo.data.load("digits").images[: 3 * BATCH]
    with tempfile.TemporaryDirectory(prefix="sslzoo_fuzz_") as folder:
        path = Path(folder) / "run.npz"
        model = _model()
        _go_on(model, path, data, _StopAt(4))
        content, values = path.read_bytes(), _values(model)
        for number, (kind, change) in zip(range(count), itertools.cycle(changes), strict=False):
            path.write_bytes(content)
            change(path, np.random.default_rng(number))
            yield Case(kind, functools.partial(_equal, model, path, data, values))


class _StopAt(keras.callbacks.Callback):
    """Ends training inside an epoch."""

    def __init__(self, step):
        super().__init__()
        self.left = step

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        self.model.stop_training = self.left == 0


class _OnlyRestore(keras.callbacks.Callback):
    """Ends training before its first step: what is left is what the checkpoint gave."""

    class Restored(Exception):
        pass

    def on_train_begin(self, logs=None):
        raise self.Restored


def _model():
    return sslzoo.build("simclr", "micro", 8, augment="digits")


def _values(model):
    return [keras.ops.convert_to_numpy(variable).copy() for variable in state(model)]


def _go_on(model, path, data, callback):
    callbacks = [sslzoo.Checkpoint(path), callback]
    model.fit(data, batch_size=BATCH, epochs=2, callbacks=callbacks, verbose=0)


def _equal(model, path, data, values):
    for variable in model.variables:  # what is not read is not equal either
        variable.assign(np.full(variable.shape, 7))
    with contextlib.suppress(_OnlyRestore.Restored):
        _go_on(model, path, data, _OnlyRestore())
    read = _values(model)
    return all(np.array_equal(mine, value) for mine, value in zip(read, values, strict=True))


def _bytes(change, path, rng):
    path.write_bytes(change(path.read_bytes(), rng))


def _inside(change, path, rng):
    with np.load(path) as file:
        members = dict(file)
    floats = [name for name, value in members.items() if value.dtype == "float32" and value.size]
    change(members, floats, rng)
    np.savez(path, **members)


def _pick(names, rng):
    return names[rng.integers(len(names))]


# ---- well-formed files that hold something else ---------------------------------------


def a_step_beyond_the_run(members, names, rng):
    members["step"] = np.asarray([1_000_000])


def another_step(members, names, rng):
    members["step"] = members["step"] + 1


def a_step_below_0(members, names, rng):
    members["step"] = np.asarray([-3])


def a_step_that_is_no_number(members, names, rng):
    members["step"] = np.asarray(["four"])


def another_value(members, names, rng):
    value = members[_pick(names, rng)]
    value.flat[rng.integers(value.size)] += 1


def two_of_one_shape_swapped(members, names, rng):
    pairs = [
        (a, b)
        for a, b in itertools.combinations(names, 2)
        if members[a].shape == members[b].shape and not np.array_equal(members[a], members[b])
    ]
    first, second = pairs[rng.integers(len(pairs))]
    members[first], members[second] = members[second], members[first]


def float64_beyond_float32(members, names, rng):
    name = _pick(names, rng)
    members[name] = np.full(members[name].shape, 1e300)


def float64(members, names, rng):
    name = _pick(names, rng)
    members[name] = members[name].astype("float64")


def integers(members, names, rng):
    name = _pick(names, rng)
    members[name] = members[name].astype("int32")


def words_for_numbers(members, names, rng):
    name = _pick(names, rng)
    members[name] = np.full(members[name].shape, "weights")


def not_a_number(members, names, rng):
    name = _pick(names, rng)
    members[name] = np.full(members[name].shape, np.nan, "float32")


def another_shape(members, names, rng):
    name = _pick(names, rng)
    members[name] = members[name][None]


def one_left_out(members, names, rng):
    del members[_pick([*names, "step", "run", "digest"], rng)]


def one_more(members, names, rng):
    members["more"] = np.ones(3)


def another_run(members, names, rng):
    run = json.loads(str(members["run"]))
    members["run"] = np.asarray(json.dumps(run | {"batch_size": 8, "steps": 10**6}))


def a_run_that_is_no_json(members, names, rng):
    members["run"] = np.asarray(str(members["run"])[: rng.integers(100)])


INSIDE = (
    a_step_beyond_the_run,
    another_step,
    a_step_below_0,
    a_step_that_is_no_number,
    another_value,
    two_of_one_shape_swapped,
    float64_beyond_float32,
    float64,
    integers,
    words_for_numbers,
    not_a_number,
    another_shape,
    one_left_out,
    one_more,
    another_run,
    a_run_that_is_no_json,
)
