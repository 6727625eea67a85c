"""Each format, written here without torch."""

import json
import pickle
import sys

import numpy as np
import pytest

from sslzoo.zoo.importers import read, tensors

foreign = pytest.importorskip("benchmarks.fuzz._foreign", reason="the wheel has no benchmarks")
WEIGHT = np.arange(12, dtype="float32").reshape(3, 4)
ARRAYS = {"fc.weight": WEIGHT, "fc.steps": np.array(7), "fc.bias": np.float16([1, 2])}


@pytest.fixture
def put(tmp_path):
    def write(content):
        path = tmp_path / "net.pth"
        path.write_bytes(content)
        return path

    return write


def same(read_arrays, arrays):
    assert list(read_arrays) == list(arrays)
    for name, array in arrays.items():
        assert read_arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(read_arrays[name], array)


@pytest.mark.parametrize(
    "write",
    [foreign.torch_zip, foreign.torch_legacy, foreign.safetensors, foreign.pickled],
    ids=["zip", "legacy", "safetensors", "pickle"],
)
def test_what_was_written_is_read(put, write):
    same(tensors(put(write(ARRAYS))), ARRAYS)


@pytest.mark.parametrize("write", [foreign.torch_zip, foreign.torch_legacy, foreign.pickled])
@pytest.mark.parametrize(
    "place",
    [
        ("state_dict",),
        ("model",),
        ("teacher",),
        ("model_state_dict",),
        ("params_ema",),
        ("classy_state_dict", "base_model", "model", "trunk"),
    ],
    ids="/".join,
)
def test_the_state_dict_is_found_where_programs_put_it(put, write, place):
    value = ARRAYS
    for key in reversed(place):
        value = {"epoch": 3, key: value, "student": {"x": WEIGHT}}
    same(tensors(put(write(value))), ARRAYS)


def test_the_online_network_of_byol_is_read(put):
    params = {"net/~/conv": {"w": WEIGHT}, "classifier": {"b": np.ones(2, "float32")}}
    path = put(foreign.byol(params, {"net/~/mean_ema": {"average": np.zeros(3)}}))
    assert {name: a.shape for name, a in tensors(path).items()} == {
        "net/~/conv/w": (3, 4),
        "classifier/b": (2,),
        "net/~/mean_ema/average": (3,),
    }
    assert read(path)["step"] == 300_000


@pytest.mark.parametrize("write", [foreign.torch_zip, foreign.torch_legacy])
def test_strides_and_offsets_are_honored(put, write):
    storage = foreign.Storage("FloatStorage", "a", 12)
    value = {
        "w": foreign.Tensor(storage, 2, (2, 3), (1, 4)),
        "0": foreign.Tensor(storage, 11, (), ()),
    }
    arrays = tensors(put(write(value, {"a": WEIGHT.ravel()})))
    np.testing.assert_array_equal(arrays["w"], [[2, 6, 10], [3, 7, 11]])
    assert arrays["0"] == 11


@pytest.mark.parametrize("write", [foreign.torch_zip, foreign.torch_legacy, foreign.safetensors])
def test_bfloat16_becomes_float32(put, write):
    bits = np.array([0x3F80, 0xC020], "uint16")
    same(tensors(put(write({"w": bits}))), {"w": np.float32([1, -2.5])})


def test_a_part_of_a_legacy_storage_is_read(put):
    storage = foreign.Storage("FloatStorage", "a", 12, view=("b", 4, 8))
    path = put(
        foreign.torch_legacy({"w": foreign.Tensor(storage, 1, (2,), (1,))}, {"a": WEIGHT.ravel()})
    )
    np.testing.assert_array_equal(tensors(path)["w"], [5, 6])


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_pickles_of_every_protocol_are_read(put, protocol):
    value = {"model": ARRAYS, "more": [1, -2.5, (), {"a"}, None, b"", "\u00fc", (1, 2, 3, 4)]}
    path = put(pickle.dumps(value, protocol))
    same(tensors(path), ARRAYS)
    assert read(path)["more"] == value["more"]


@pytest.mark.parametrize("utf8", [True, False])
def test_a_root_with_an_umlaut_is_read(put, utf8):
    content = foreign.torch_zip(ARRAYS, root="für")
    if not utf8:  # as zip programs of the nineties: code page 437
        content = foreign.torch_zip(ARRAYS, root="f__r").replace(b"f__r", b"f\x81_r")
    same(tensors(put(content)), ARRAYS)


def test_shared_and_cyclic_containers_stay_so(put):
    inner = []
    inner.append(inner)
    value = read(put(foreign.pickled({"a": inner, "b": inner})))
    assert value["a"] is value["b"] and value["a"][0] is value["a"]


def test_neither_torch_nor_jax_is_imported(put):
    before = set(sys.modules)
    tensors(put(foreign.torch_zip(ARRAYS)))
    assert not {"torch", "jax", "haiku", "dill"} & (set(sys.modules) - before)


# ---- no checkpoint --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html>404</html>", "an HTML or XML page"),
        (b"\n  <html>", "an HTML or XML page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (b"storages".ljust(257, b"\0") + b"ustar  \0", "torch's old tar format"),
        (b"hello world", "a file that starts with b'hello wo'"),
        (b"\x80\x02", "a damaged file"),
    ],
)
def test_another_file_is_named(put, content, words):
    path = put(content)
    with pytest.raises(ValueError, match=f"^{path}: got .*; it must be ") as error:
        read(path)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="net.pth: there is no such checkpoint file."):
        read(tmp_path / "net.pth")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"epoch": 3}, "a dict with"),
        ({"state_dict": {}}, "an empty state dict"),
        ({"state_dict": {"w": 3}}, "a int as 'w'"),
        ({"state_dict": {3: WEIGHT}}, "a ndarray as 3"),
        ([WEIGHT], "a list"),
        ({"model": foreign.Call(foreign.Name("resnet", "ResNet"), ())}, "a dict with ['model']"),
        (
            {"model": {"w": foreign.Call(foreign.Name("mine", "Tensor"), (1,))}},
            "a mine.Tensor as 'w'",
        ),
    ],
)
def test_a_file_without_a_network_says_what_it_holds(put, value, words):
    with pytest.raises(ValueError, match="net.pth: got .*; it must hold ") as error:
        tensors(put(foreign.torch_zip(value)))
    assert words in str(error.value)


# ---- safetensors ----------------------------------------------------------------------

ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"w": ENTRY | {"shape": [2**62]}}, "8 bytes for 'w'"),
        ({"w": ENTRY | {"shape": [-2]}}, "the entry 'w'"),
        ({"w": ENTRY | {"dtype": "F8_E4M3"}}, "the entry 'w'"),
        ({"w": ENTRY | {"data_offsets": [0, 16]}}, "16 bytes for 'w'"),
        ({"w": ENTRY | {"data_offsets": [4, 12]}}, "a hole at 0"),
        ({"v": ENTRY, "w": ENTRY}, "tensors that overlap"),
        ({}, "8 bytes of numbers"),
        ({"w": 3}, "a damaged file"),
    ],
)
def test_a_safetensors_header_that_lies_is_refused(put, header, words):
    with pytest.raises(ValueError, match="net.pth: got ") as error:
        read(put(foreign.safetensors_of(json.dumps(header).encode(), bytes(8))))
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b'{"w":1,"w":2}', "a name twice"),
        (b'{"w":' + b"[" * 100_000, "a damaged file"),
        (b"{", "a damaged file"),
    ],
    ids=["twice", "deep", "cut"],
)
def test_a_safetensors_header_that_is_none_is_refused(put, header, words):
    with pytest.raises(ValueError, match=words):
        read(put(foreign.safetensors_of(header, b"")))


def test_a_safetensors_header_beyond_the_file_is_refused(put):
    with pytest.raises(ValueError, match="a header of 9223372036854775807 bytes"):
        read(put((2**63 - 1).to_bytes(8, "little") + b"{}"))
