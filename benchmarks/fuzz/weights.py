"""Weights files: damage to the bytes, and well-formed files that hold something else."""

import functools
import itertools
import tempfile
from pathlib import Path

import h5py
import keras
import numpy as np

import sslzoo
from benchmarks.fuzz import Case
from benchmarks.fuzz._bytes import DAMAGE, words
from sslzoo.zoo import load_weights, save_weights

COUNT = 424
ENCODINGS = ("fp16", "float32", "int8", "Keras' own")


def cases(count):
    """The kinds of damage in turn, each with the next encoding."""
    changes = [(words(change), functools.partial(_bytes, change)) for change in DAMAGE]
    changes += [(words(change), functools.partial(_inside, change)) for change in INSIDE]
    with tempfile.TemporaryDirectory(prefix="sslzoo_fuzz_") as folder:
        files = _files(Path(folder))
        model = _model(1)
        for number, (kind, change) in zip(range(count), itertools.cycle(changes), strict=False):
            path, values = files[number // len(changes) % len(files)]
            damaged = Path(folder) / "damaged.weights.h5"
            damaged.write_bytes(path.read_bytes())
            change(damaged, np.random.default_rng(number))
            yield Case(kind, functools.partial(_equal, model, damaged, values))


def _model(seed):
    return sslzoo.build("simclr", "micro", 8, seed=seed)


def _files(folder):
    """[(path, the values that it gives)] for every way to write weights."""
    files = []
    for encoding in ENCODINGS:
        path, model = folder / f"{encoding}.weights.h5", _model(0)
        if encoding in ("fp16", "float32", "int8"):
            save_weights(model, path, encoding)
        else:
            model.save_weights(path)
        files.append((path, _read(model, path)))
    return files


def _equal(model, path, values):
    read = _read(model, path)
    return all(np.array_equal(mine, value) for mine, value in zip(read, values, strict=True))


def _read(model, path):
    """The model's weights after the file was loaded; 7 where it was not read."""
    for variable in model.weights:
        variable.assign(np.full(variable.shape, 7))
    load_weights(model, path)
    return [keras.ops.convert_to_numpy(variable).copy() for variable in model.weights]


def _bytes(change, path, rng):
    path.write_bytes(change(path.read_bytes(), rng))


def _inside(change, path, rng):
    with h5py.File(path, "r+") as file:
        names = []
        file.visititems(
            lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None
        )
        weights = [name for name in names if file[name].dtype.kind == "f" and file[name].size > 1]
        change(file, weights, rng)


def _pick(names, rng):
    return names[rng.integers(len(names))]


def _put(file, name, value):
    del file[name]
    file[name] = value


# ---- well-formed files that hold something else ---------------------------------------


def another_value(file, names, rng):
    name = _pick(names, rng)
    values = file[name][()]
    values.flat[rng.integers(values.size)] += 1
    file[name][...] = values


def two_of_one_shape_swapped(file, names, rng):
    pairs = [
        (a, b)
        for a, b in itertools.combinations(names, 2)
        if file[a].shape == file[b].shape and not np.array_equal(file[a], file[b])
    ]
    first, second = pairs[rng.integers(len(pairs))]
    values = file[first][()], file[second][()]
    _put(file, first, values[1])
    _put(file, second, values[0])


def rows_in_another_order(file, names, rng):
    several = [name for name in names if file[name].shape[0] > 1]
    name = _pick(several, rng)
    _put(file, name, file[name][()][::-1] + np.asarray(1, file[name].dtype))


def float64_beyond_float32(file, names, rng):
    name = _pick(names, rng)
    _put(file, name, np.full(file[name].shape, 1e300))


def integers(file, names, rng):
    name = _pick(names, rng)
    _put(file, name, np.ones(file[name].shape, "int32"))


def words_for_numbers(file, names, rng):
    name = _pick(names, rng)
    _put(file, name, np.full(file[name].shape, b"weights"))


def not_a_number(file, names, rng):
    name = _pick(names, rng)
    _put(file, name, np.full(file[name].shape, np.nan, file[name].dtype))


def one_left_out(file, names, rng):
    del file[_pick(names, rng)]


def one_more(file, names, rng):
    file["more/vars/0"] = np.ones(3, "float32")


def another_shape(file, names, rng):
    name = _pick(names, rng)
    _put(file, name, np.ones((*file[name].shape, 2), "float32"))


def a_group_for_a_variable(file, names, rng):
    name = _pick(names, rng)
    del file[name]
    file.create_group(name)


def a_link_to_another_file(file, names, rng):
    name = _pick(names, rng)
    del file[name]
    file[name] = h5py.ExternalLink("/etc/hostname", "/weights")


INSIDE = (
    another_value,
    two_of_one_shape_swapped,
    rows_in_another_order,
    float64_beyond_float32,
    integers,
    words_for_numbers,
    not_a_number,
    one_left_out,
    one_more,
    another_shape,
    a_group_for_a_variable,
    a_link_to_another_file,
)
