"""Weights files: what they hold, how exact they are, and that a wrong one changes nothing."""

import hashlib
import os
import subprocess
import sys

import h5py
import keras
import numpy as np
import pytest

from sslzoo.training import contents
from sslzoo.zoo.weights import load_weights, save_weights


class Toy(keras.Model):
    """Backbone, head, a layer with a seed, a counter, and seed state saved under a key of its own,
    as Method does.
    """

    def __init__(self, width=8, extra=False):
        super().__init__(name="toy")
        inputs = keras.Input((8, 8, 3))
        x = keras.layers.Conv2D(width, 3, use_bias=False)(inputs)
        x = keras.layers.BatchNormalization()(x)
        self.backbone = keras.Model(
            inputs, keras.layers.GlobalAveragePooling2D()(x), name="backbone"
        )
        self.head = keras.Sequential(
            [keras.Input((width,)), keras.layers.Dropout(0.1, seed=1), keras.layers.Dense(5)]
        )
        if extra:
            self.second = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
        self.counter = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="counter"
        )
        self.seeds = keras.random.SeedGenerator(7)

    def call(self, images, training=False):
        return self.head(self.backbone(images, training=training), training=training)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store["seed"] = keras.ops.convert_to_numpy(self.seeds.state)

    def load_own_variables(self, store):
        self.seeds.state.assign(store["seed"])
        self.counter.assign(store["0"])


def toy(seed=0, **kwargs):
    """A compiled model with random weights, statistics and optimizer state."""
    model, rng = Toy(**kwargs), np.random.default_rng(seed)
    model.compile("adam", loss="mse")
    model.build((None, 8, 8, 3))
    model.optimizer.build(model.trainable_variables)
    for variable in model.backbone.variables + model.head.trainable_variables:
        variable.assign(rng.random(variable.shape).astype("float32") - 0.5)
    model.counter.assign(seed)
    return model


def values(model):
    variables = (
        model.backbone.variables
        + [v for v in model.head.variables if "seed" not in v.path]
        + [model.counter]
    )
    return [keras.ops.convert_to_numpy(v) for v in variables]


def without_digest(path):
    """The open file, as other programs write it."""
    path.write_bytes(path.read_bytes()[contents.FRONT_BYTES :])
    return h5py.File(path, "r+")


def names(path):
    found = []
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None
        )
    return found


@pytest.mark.parametrize(
    ("encoding", "tolerance"), [("float32", 0), ("fp16", 2**-11), ("int8", 1 / 254)]
)
def test_round_trip(tmp_path, encoding, tolerance):
    saved, loaded = toy(3), toy(4)
    save_weights(saved, tmp_path / "a.weights.h5", encoding)
    load_weights(loaded, tmp_path / "a.weights.h5")
    for before, after in zip(values(saved), values(loaded), strict=True):
        if before.ndim < 2:
            np.testing.assert_array_equal(before, after)
        else:
            # half a step of the grid: of the value for fp16, of the largest value of the channel
            # for int8
            step = (
                np.abs(before)
                if encoding == "fp16"
                else np.abs(before).max(axis=tuple(range(before.ndim - 1)))
            )
            assert (
                np.abs(before - after) <= tolerance * step * 1.0001 + (encoding == "fp16") * 2**-25
            ).all()


def test_file_holds_no_optimizer_and_no_seed(tmp_path):
    save_weights(toy(), tmp_path / "a.weights.h5")
    assert sorted(names(tmp_path / "a.weights.h5")) == sorted(
        [f"backbone/layers/batch_normalization/vars/{i}" for i in range(4)]
        + [
            "backbone/layers/conv2d/vars/0",
            "head/layers/dense/vars/0",
            "head/layers/dense/vars/1",
            "vars/0",
        ]
    )


def test_optimizer_and_seed_keep_their_state(tmp_path):
    model = toy(3)
    save_weights(toy(4), tmp_path / "a.weights.h5")
    model.optimizer.iterations.assign(17)
    model.seeds.state.assign([5, 6])
    load_weights(model, tmp_path / "a.weights.h5")
    assert int(model.optimizer.iterations) == 17
    assert keras.ops.convert_to_numpy(model.seeds.state).tolist() == [5, 6]
    assert int(model.counter) == 4


def test_only_kernels_are_encoded(tmp_path):
    save_weights(toy(), tmp_path / "a.weights.h5", "fp16")
    save_weights(toy(), tmp_path / "b.weights.h5", "int8")
    with (
        h5py.File(tmp_path / "a.weights.h5") as half,
        h5py.File(tmp_path / "b.weights.h5") as eighth,
    ):
        assert half["backbone/layers/conv2d/vars/0"].dtype == "float16"
        assert eighth["backbone/layers/conv2d/vars/0"].dtype == "int8"
        assert eighth["backbone/layers/conv2d/vars/0_scale"].shape == (8,)
        for file in (half, eighth):
            assert file["backbone/layers/batch_normalization/vars/3"].dtype == "float32"
            assert file["vars/0"].dtype == "int32"


def test_values_beyond_float16_stay_float32(tmp_path):
    saved, loaded = toy(3), toy(4)
    kernel = np.full((8, 5), 1e5, "float32")
    saved.head.layers[-1].kernel.assign(kernel)
    saved.backbone.layers[1].kernel.assign(np.full((3, 3, 3, 8), 1e-7, "float32"))
    save_weights(saved, tmp_path / "a.weights.h5", "fp16")
    load_weights(loaded, tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(loaded.head.layers[-1].kernel), kernel)
    assert (keras.ops.convert_to_numpy(loaded.backbone.layers[1].kernel) == np.float32(1e-7)).all()


def test_int8_of_a_channel_of_zeros(tmp_path):
    saved, loaded = toy(3), toy(4)
    saved.head.layers[-1].kernel.assign(np.zeros((8, 5), "float32"))
    save_weights(saved, tmp_path / "a.weights.h5", "int8")
    load_weights(loaded, tmp_path / "a.weights.h5")
    assert not keras.ops.convert_to_numpy(loaded.head.layers[-1].kernel).any()


@pytest.mark.parametrize("encoding", ["float32", "fp16"])
def test_keras_reads_the_file_itself(tmp_path, encoding):
    def plain():
        return keras.Sequential(
            [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()]
        )

    saved, loaded = plain(), plain()
    save_weights(saved, tmp_path / "a.weights.h5", encoding)
    loaded.load_weights(tmp_path / "a.weights.h5")
    for a, b in zip(saved.get_weights(), loaded.get_weights(), strict=True):
        assert b.dtype == a.dtype
        np.testing.assert_allclose(a, b, atol=0 if encoding == "float32" else 2**-11)


def test_same_weights_give_the_same_bytes(tmp_path):
    model = toy()
    first = save_weights(model, tmp_path / "a.weights.h5")
    second = save_weights(model, tmp_path / "b.weights.h5")
    content = (tmp_path / "a.weights.h5").read_bytes()
    assert first["sha256"] == second["sha256"] == hashlib.sha256(content).hexdigest()
    assert first == {
        "file": "a.weights.h5",
        "sha256": first["sha256"],
        "bytes": len(content),
        "encoding": "fp16",
    }
    assert sorted(os.listdir(tmp_path)) == ["a.weights.h5", "b.weights.h5"]


def corrupt_shape(file):
    del file["head/layers/dense/vars/0"]
    file["head/layers/dense/vars/0"] = np.zeros((8, 6), "float32")


def corrupt_link(file):
    del file["head/layers/dense/vars/0"]
    file["head/layers/dense/vars/0"] = h5py.ExternalLink("other.h5", "/secret")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda f: f.__delitem__("head/layers/dense/vars/0"),
            "variables 1 missing (head/layers/dense/vars/0 (8, 5))",
        ),
        (
            lambda f: f.create_dataset("more/vars/0", data=[1.0]),
            "variables 1 unexpected (more/vars/0 (1,))",
        ),
        (
            corrupt_shape,
            "1 of another shape (head/layers/dense/vars/0 is (8, 6), the model has (8, 5))",
        ),
        (corrupt_link, "variables 1 missing (head/layers/dense/vars/0 (8, 5))"),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(tmp_path, change, sentence):
    path = tmp_path / "a.weights.h5"
    save_weights(toy(4), path)
    with without_digest(path) as file:
        change(file)
    model = toy(3)
    before = values(model)
    with pytest.raises(ValueError) as error:
        load_weights(model, path)
    assert str(error.value).startswith(
        f"{path}: the file does not fit this model"
    ) and sentence in str(error.value)
    for a, b in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(a, b)


def external_scale(file, elsewhere):
    del file["head/layers/dense/vars/0_scale"]
    file["head/layers/dense/vars/0_scale"] = h5py.ExternalLink(str(elsewhere), "scale")


def soft_scale(file, _):
    file.move("head/layers/dense/vars/0_scale", "scale")
    file["head/layers/dense/vars/0_scale"] = h5py.SoftLink("/scale")


def stored_elsewhere(file, elsewhere):
    del file["head/layers/dense/vars/0_scale"]
    layout = h5py.VirtualLayout((5,), "float32")
    layout[:] = h5py.VirtualSource(str(elsewhere), "scale", (5,))
    file.create_virtual_dataset("head/layers/dense/vars/0_scale", layout)


def replaced(name, value):
    def change(file, _):
        del file[name]
        file[name] = value

    return change


KERNEL, BIAS = "head/layers/dense/vars/0", "head/layers/dense/vars/1"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (external_scale, "got int8 alone; it must have its scales in '0_scale' of the same file"),
        (soft_scale, "got int8 alone; it must have its scales in '0_scale' of the same file"),
        (stored_elsewhere, "got int8 alone; it must have its scales in '0_scale' of the same file"),
        (
            lambda file, _: file.__delitem__(f"{KERNEL}_scale"),
            "got int8 alone; it must have its scales in '0_scale' of the same file",
        ),
        (
            replaced(f"{KERNEL}_scale", np.ones((8, 5), "float32")),
            "got float32 (8, 5); it must be float32 (5,)",
        ),
        (replaced(f"{KERNEL}_scale", np.float32(1)), "got float32 (); it must be float32 (5,)"),
        (
            replaced(f"{KERNEL}_scale", np.full(5, np.inf, "float32")),
            "got NaN or values beyond float32; it must hold finite weights",
        ),
        (
            replaced(BIAS, np.full(5, np.nan, "float32")),
            "vars/1: got NaN or values beyond float32; it must hold finite weights",
        ),
        (replaced(BIAS, np.full(5, b"secret")), "vars/1: got |S6; it must hold float32"),
        (replaced(BIAS, np.ones(5, "int32")), "vars/1: got int32; it must hold float32"),
        (replaced(BIAS, np.full(5, 1e300)), "vars/1: got NaN or values beyond float32"),
        (replaced("vars/0", np.int64(2**40)), "vars/0: got int64; it must hold int32"),
    ],
)
def test_a_file_from_anybody_is_read_as_it_is_written_or_not_at_all(tmp_path, change, sentence):
    path = tmp_path / "a.weights.h5"
    with h5py.File(tmp_path / "elsewhere.h5", "w") as file:
        file["scale"] = np.ones(5, "float32")
    save_weights(toy(4), path, "int8")
    with without_digest(path) as file:
        change(file, tmp_path / "elsewhere.h5")
    model = toy(3)
    before = values(model)
    with pytest.raises(ValueError) as error:
        load_weights(model, path)
    assert sentence in str(error.value) and "\n" not in str(error.value)
    for a, b in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_scale_beside_a_float_variable_multiplies_nothing(tmp_path):
    saved, loaded = toy(4), toy(3)
    save_weights(saved, tmp_path / "a.weights.h5")
    with without_digest(tmp_path / "a.weights.h5") as file:
        file[f"{BIAS}_scale"] = np.full(5, 7, "float32")
    load_weights(loaded, tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(values(saved)[-2], values(loaded)[-2])


@pytest.mark.parametrize("encoding", ["fp16", "int8", "float32"])
def test_a_value_that_was_changed_is_seen(tmp_path, encoding):
    path = tmp_path / "a.weights.h5"
    save_weights(toy(4), path, encoding)
    with h5py.File(path, "r+") as file:
        file[BIAS][2] += 1
    model = toy(3)
    before = values(model)
    with pytest.raises(ValueError, match="does not have the digest that it was written with"):
        load_weights(model, path)
    for a, b in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_file_of_an_older_version_has_no_digest_and_loads(tmp_path):
    saved, loaded = toy(4), toy(3)
    save_weights(saved, tmp_path / "a.weights.h5", "float32")
    without_digest(tmp_path / "a.weights.h5").close()
    load_weights(loaded, tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(values(saved)[-2], values(loaded)[-2])


def test_a_file_that_declares_what_it_cannot_hold_is_refused(tmp_path):
    save_weights(toy(4), tmp_path / "a.weights.h5")
    with without_digest(tmp_path / "a.weights.h5") as file:
        file.create_dataset("optimizer/vars/0", shape=(2**50,), chunks=(1024,), dtype="float64")
    with pytest.raises(ValueError, match="it declares 9007199254"):
        load_weights(toy(3), tmp_path / "a.weights.h5")


def test_weights_of_a_larger_model_are_refused(tmp_path):
    save_weights(toy(4, extra=True), tmp_path / "a.weights.h5")
    with pytest.raises(ValueError, match=r"2 unexpected \(layers/sequential_1/"):
        load_weights(toy(3), tmp_path / "a.weights.h5")


@pytest.mark.parametrize("digest", [True, False])
@pytest.mark.parametrize("keep", [0, 100, 3000])
def test_a_truncated_file_changes_nothing(tmp_path, keep, digest):
    path = tmp_path / "a.weights.h5"
    save_weights(toy(4), path)
    if not digest:
        without_digest(path).close()
    path.write_bytes(path.read_bytes()[:keep])
    model = toy(3)
    before = values(model)
    with pytest.raises(ValueError, match="not a readable HDF5 weights file|not have the digest"):
        load_weights(model, path)
    for a, b in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_damaged_chunk_changes_nothing(tmp_path):
    path = tmp_path / "a.weights.h5"
    save_weights(toy(4, width=64), path)
    with without_digest(path) as file:
        chunk = file["backbone/layers/conv2d/vars/0"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + 64] = bytes(64)
    path.write_bytes(content)
    model = toy(3, width=64)
    before = values(model)
    with pytest.raises(ValueError, match="not a readable HDF5 weights file"):
        load_weights(model, path)
    for a, b in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_refusals(tmp_path):
    model = toy()
    with pytest.raises(ValueError, match="encoding: got 'fp8'; it must be one of 'fp16', 'int8', "):
        save_weights(model, tmp_path / "a.weights.h5", "fp8")
    with pytest.raises(ValueError, match="path: got 'a.h5'; it must end in .weights.h5"):
        save_weights(model, tmp_path / "a.h5")
    with pytest.raises(FileNotFoundError, match="no such weights file"):
        load_weights(model, tmp_path / "b.weights.h5")
    model.head.layers[-1].bias.assign(np.full(5, np.nan, "float32"))
    with pytest.raises(ValueError, match="head/layers/dense/vars/1: got NaN or infinity"):
        save_weights(model, tmp_path / "a.weights.h5")
    assert not os.listdir(tmp_path)


def test_a_failed_save_keeps_the_old_file(tmp_path):
    model, path = toy(), tmp_path / "a.weights.h5"
    save_weights(model, path)
    before = path.read_bytes()
    model.head.layers[-1].bias.assign(np.full(5, np.inf, "float32"))
    with pytest.raises(ValueError, match="finite"):
        save_weights(model, path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]


OTHER_BACKEND = """
import sys, numpy as np
sys.path[:0] = sys.argv[1:3]
from test_weights import toy, values, load_weights, save_weights
model = toy(4)
load_weights(model, sys.argv[3])
np.savez(sys.argv[4], *values(model))
save_weights(model, sys.argv[5], "float32")
"""


def test_the_other_backend_reads_the_same_weights(tmp_path):
    saved, here = toy(3), os.path.dirname(__file__)
    save_weights(saved, tmp_path / "a.weights.h5", "float32")
    other = {"tensorflow": "jax", "jax": "tensorflow"}[keras.backend.backend()]
    pytest.importorskip(other)
    files = [tmp_path / name for name in ("a.weights.h5", "v.npz", "b.weights.h5")]
    command = [
        sys.executable,
        "-c",
        OTHER_BACKEND,
        here,
        os.path.join(here, "..", ".."),
        *map(str, files),
    ]
    subprocess.run(command, check=True, env={**os.environ, "KERAS_BACKEND": other}, timeout=120)
    with np.load(tmp_path / "v.npz") as there:
        for value, key in zip(values(saved), there.files, strict=True):
            np.testing.assert_array_equal(value, there[key])
    assert (tmp_path / "b.weights.h5").read_bytes() == (tmp_path / "a.weights.h5").read_bytes()


@pytest.mark.parametrize("encoding", ["float32", "fp16", "int8"])
def test_safetensors_hold_the_same(tmp_path, encoding):
    model, others = toy(1), (toy(2), toy(3))
    for other, ending in zip(others, (".safetensors", ".weights.h5"), strict=True):
        save_weights(model, tmp_path / f"a{ending}", encoding)
        load_weights(other, tmp_path / f"a{ending}")
    for variable, other in zip(others[0].weights, others[1].weights, strict=True):
        np.testing.assert_array_equal(variable, other)
    assert int(others[0].counter) == 1


@pytest.mark.parametrize("place", [0, 9, 200, -1, -400])
def test_a_damaged_safetensors_file_changes_nothing(tmp_path, place):
    model, path = toy(1), tmp_path / "a.safetensors"
    save_weights(model, path, "float32")
    content = bytearray(path.read_bytes())
    content[place] ^= 16
    path.write_bytes(content)
    other = toy(2)
    before = [np.array(variable) for variable in other.weights]
    with pytest.raises(ValueError, match="a.safetensors"):
        load_weights(other, path)
    for variable, old in zip(other.weights, before, strict=True):
        np.testing.assert_array_equal(variable, old)
