"""`model.save_weights`, `model.load_weights`: whole, checked, or refused in one sentence."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo.zoo import load_weights


def make(seed=0):
    return sslzoo.build("simclr", "micro", 8, seed=seed)


def values(model):
    return [ops.convert_to_numpy(variable).copy() for variable in model.weights]


def assert_equal(first, second):
    for mine, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_weights_that_keras_writes_carry_a_digest_and_load(tmp_path):
    model, path = make(), tmp_path / "mine.weights.h5"
    model.save_weights(path)
    assert os.listdir(tmp_path) == ["mine.weights.h5"]
    by_keras, by_the_zoo = make(1), make(2)
    by_keras.load_weights(path)
    load_weights(by_the_zoo, path)
    assert_equal(values(by_keras), values(model))
    assert_equal(values(by_the_zoo), values(model))


@pytest.mark.parametrize("load", [lambda m, p: m.load_weights(p), load_weights])
def test_a_changed_value_and_a_cut_file_change_nothing(tmp_path, load):
    path, model = tmp_path / "mine.weights.h5", make(1)
    make().save_weights(path)
    before = values(model)
    with h5py.File(path, "r+") as file:
        file["optimizer/vars/0"][()] = 7
    with pytest.raises(ValueError, match="does not have the digest that it was written with"):
        load(model, path)
    for damaged in (path.read_bytes()[:5000], b"s" + path.read_bytes(), b""):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="not a readable HDF5 weights|not have the digest"):
            load(model, path)
    assert_equal(values(model), before)


def test_what_is_there_is_not_overwritten_unasked(tmp_path, monkeypatch):
    model, path = make(), tmp_path / "mine.weights.h5"
    model.save_weights(path)
    before = path.read_bytes()
    monkeypatch.setattr("builtins.input", lambda *_: "n")
    make(1).save_weights(path, overwrite=False)
    assert path.read_bytes() == before


FULL = """
import resource, signal, sys
from pathlib import Path
import sslzoo
from sslzoo.zoo import save_weights
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
model = sslzoo.build("simclr", "micro", 8)
checkpoint = sslzoo.Checkpoint(folder / "c.npz")
checkpoint.set_model(model)
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
writes = {
    "mine.weights.h5": model.save_weights,
    "zoo.weights.h5": lambda path: save_weights(model, path, "float32"),
    "c.npz": lambda path: checkpoint.save(),
}
for name, write in writes.items():
    (folder / name).write_bytes(b"old")
    try:
        write(folder / name)
    except OSError as error:
        assert str(error).startswith(f"{folder / name}: not written (") and "\\n" not in str(error)
        assert str(error).endswith("; the file before is as it was.")
    else:
        raise AssertionError(name)
    assert (folder / name).read_bytes() == b"old"
assert sorted(path.name for path in folder.iterdir()) == sorted(writes)
"""


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_the_old_file_stays(tmp_path):
    subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], check=True, timeout=300)
