"""Files that want to run a program, or to exhaust the machine. Nothing is ever executed."""

import io
import pickle
import re
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from sslzoo.zoo.importers import read

foreign = pytest.importorskip("benchmarks.fuzz._foreign", reason="the wheel has no benchmarks")
Call, Name, Raw, Storage, Tensor = (
    foreign.Call,
    foreign.Name,
    foreign.Raw,
    foreign.Storage,
    foreign.Tensor,
)
FLOATS = np.zeros(4, "float32")
WRITERS = {
    "zip": foreign.torch_zip,
    "legacy": foreign.torch_legacy,
    "pickle": lambda value, storages=None: (
        value if isinstance(value, bytes) else foreign.pickled(value)
    ),
}


@pytest.fixture
def refuse(tmp_path):
    """Reads a file, which must be refused in one sentence, quickly and in little memory."""

    def check(content, words):
        path = tmp_path / "net.pth"
        path.write_bytes(content)
        tracemalloc.start()
        try:
            with pytest.raises(ValueError) as error:
                read(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        text = str(error.value)
        assert text.startswith(f"{path}: got ") and "; it must " in text
        assert words in text and "\n" not in text and len(text) < 600
        assert peak < 64_000_000
        assert [file.name for file in tmp_path.iterdir()] == ["net.pth"]  # no canary

    return check


def touch(tmp_path):
    return f"touch {tmp_path}/canary"


# ---- programs -------------------------------------------------------------------------


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(
    "name",
    ["os.system", "posix.system", "nt.system", "subprocess.Popen", "builtins.eval"]
    + ["builtins.exec", "__builtin__.eval", "builtins.__import__", "runpy.run_path"]
    + ["pickle.loads", "importlib.import_module", "torch.load", "torch.hub.load", "os.path.join"],
)
def test_a_program_is_refused_by_its_name(refuse, tmp_path, write, name):
    module, _, function = name.rpartition(".")
    attack = Call(Name(module, function), (touch(tmp_path),))
    refuse(write({"state_dict": {}, "args": attack}), f"asks for '{name}'")


def test_a_name_alone_is_refused(refuse):
    refuse(foreign.pickled(Name("os", "system")), "asks for 'os.system'")


def test_the_program_of_a_real_pickle_is_refused(refuse, tmp_path):
    class Attack:
        def __reduce__(self):
            import os

            return os.system, (touch(tmp_path),)

    for protocol in (2, 4):
        refuse(pickle.dumps(Attack(), protocol), "system")


def test_unknown_names_are_inert(tmp_path):
    """A module of that name lies beside the file and would leave a canary when it is imported."""
    (tmp_path / "evil.py").write_text("open('canary', 'w')")
    path = tmp_path / "net.pth"
    evil = Call(Name("evil", "run"), ("x",), {"__setstate__": 1})
    path.write_bytes(
        foreign.pickled([evil, Call(evil, ()), Call(Name("a.b", "C.d"), (), None, b"\x81")])
    )
    assert repr(read(path)) == "[<evil.run, not read>, <evil.run, not read>, <a.b.C.d, not read>]"
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        (Raw(b"\x82\x01"), "the instruction EXT1"),
        (Raw(b"\x84\x01\x00\x00\x00"), "the instruction EXT4"),
        (Raw(b"(ios\nsystem\n"), "the instruction INST"),
        (Raw(b"(o"), "the instruction OBJ"),
        (Raw(b"\x97"), "the instruction NEXT_BUFFER"),
        (Raw(b"Pos.system\n"), "the persistent id"),
        (Name("os\x0b", "system"), "a name that is none"),
        (Call("text", ()), "a call of str"),
        (Call(Call(foreign.ORDERED, ()), ()), "a call of dict"),
        (Call(foreign.ORDERED, [1]), "a call with list"),
        (Call(foreign.ORDERED, ([["a"]],)), "wrong arguments"),
        (Call(foreign.ORDERED, ([[((), ()), 1]],)), "a key of type tuple"),
        (Call(Name("builtins", "set"), (3,)), "wrong arguments"),
        (Call(Name("_codecs", "encode"), ("x", "rot13")), "wrong arguments"),
        (Call(Name("torch", "Size"), ("x",)), "wrong arguments"),
        (Call(foreign.REBUILD, (1, 2)), "wrong arguments"),
        (Call(foreign.REBUILD, (1, 0, (1,), (1,), False, None)), "a tensor over int"),
        (Call(Name("numpy", "dtype"), ("f4",), (3, ">")), "be little-endian"),
        (Call(Name("numpy.core.multiarray", "scalar"), (1, b"")), "wrong arguments"),
        (Raw(b"K\x01}b"), "a state for int"),
        (Raw(b"]K\x01K\x02s"), "items for list"),
        (Raw(b"}K\x01a"), "an append to dict"),
        (Raw(b"}}K\x01s"), "a key of type dict"),
        (Raw(b"h\x63"), "a damaged file"),
        (Raw(b"0000"), "an empty stack"),
        (Raw(b"\x8b\xff\xff\xff\x7f"), "a damaged file"),
        (Raw(b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"), "a damaged file"),
        (Raw(b"\x8a\xff" + b"\x7f" * 255), "an integer of"),
    ],
)
def test_a_trick_is_refused(refuse, attack, words):
    refuse(foreign.pickled([attack]), words)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ((1, (2,), Call(Name("numpy", "dtype"), ("f4",)), False, b"123"), "hold 8 bytes"),
        ((1, (2**62,), Call(Name("numpy", "dtype"), ("f4",)), False, b""), "bytes"),
        ((1, (-1,), Call(Name("numpy", "dtype"), ("f4",)), False, b""), "integers"),
        ((1, (1,), Call(Name("numpy", "dtype"), ("O8",)), False, ["x"]), "an array of objects"),
        ({"shape": (10**9,)}, "another state"),
    ],
)
def test_an_array_with_a_wrong_state_is_refused(refuse, state, words):
    make = Name("numpy.core.multiarray", "_reconstruct")
    array = Call(make, (Name("numpy", "ndarray"), (0,), "b"), state)
    refuse(foreign.pickled(array), words)


# ---- tensors --------------------------------------------------------------------------


@pytest.mark.parametrize("write", [foreign.torch_zip, foreign.torch_legacy], ids=["zip", "legacy"])
@pytest.mark.parametrize(
    ("offset", "shape", "strides", "words"),
    [
        (0, (5,), (1,), "lie inside its storage"),
        (1, (4,), (1,), "lie inside its storage"),
        (4, (), (), "lie inside its storage"),
        (-1, (1,), (1,), "at least 0"),
        (3, (2,), (-1,), "at least 0"),
        (0, (-1,), (1,), "at least 0"),
        (0, (10**9, 10**9), (0, 0), "do not overlap"),
        (0, (3, 2), (1, 1), "do not overlap"),
        (0, (10**12,), (1,), "lie inside its storage"),
        (0, (2,), (10**30,), "lie inside its storage"),
        (0, (2,), (1, 1), "as many strides as axes"),
        (0, (1.0,), (1,), "integers"),
        (0, (1,) * 100, (1,) * 100, "as many strides"),
        (0, "ab", (1,), "integers"),
    ],
)
def test_a_tensor_that_is_not_in_its_storage_is_refused(
    refuse, write, offset, shape, strides, words
):
    tensor = Tensor(Storage("FloatStorage", "a", 4), offset, shape, strides)
    refuse(write({"w": tensor}, {"a": FLOATS}), words)


@pytest.mark.parametrize("write", [foreign.torch_zip, foreign.torch_legacy], ids=["zip", "legacy"])
@pytest.mark.parametrize("count", [5, 10**15, -1, 2**70, 3])
def test_a_storage_with_another_length_is_refused(refuse, write, count):
    tensor = Tensor(Storage("FloatStorage", "a", count), 0, (1,), (1,))
    refuse(write({"w": tensor}, {"a": FLOATS}), "storage")


@pytest.mark.parametrize("key", ["b", "../../etc/passwd", "/etc/passwd", "a/../a", "data.pkl"])
@pytest.mark.parametrize("write", [foreign.torch_zip, foreign.torch_legacy], ids=["zip", "legacy"])
def test_a_storage_that_is_not_there_is_refused(refuse, write, key):
    tensor = Tensor(Storage("FloatStorage", key, 4), 0, (1,), (1,))
    refuse(write({"w": tensor}, {"a": FLOATS}), "storage")


@pytest.mark.parametrize(
    "persistent", ["x", ("storage",), ("storage", "Float", "a", "cpu", 4), ("module", 1, 2, 3)]
)
def test_a_persistent_id_that_is_no_storage_is_refused(refuse, persistent):
    content = foreign.pickled(persistent)[:-1] + b"Q."
    refuse(foreign.torch_zip(content), "it must")


@pytest.mark.parametrize("view", [("b", 2, 3), ("b", -1, 1), (1,), "abc", ("b", 0, 10**12)])
def test_a_part_beyond_its_storage_is_refused(refuse, view):
    tensor = Tensor(Storage("FloatStorage", "a", 4, view), 0, (1,), (1,))
    refuse(foreign.torch_legacy({"w": tensor}, {"a": FLOATS}), "storage")


def test_a_legacy_file_with_other_lengths_is_refused(refuse):
    value = {"w": FLOATS}
    refuse(foreign.torch_legacy(value, counts={"0": 2**62}), "another length of storage '0'")
    refuse(foreign.torch_legacy(value, little=False), "another byte order")
    refuse(foreign.torch_legacy(value, end=b"more"), "4 bytes behind its storages")
    refuse(foreign.torch_legacy(value)[:-1], "beyond its end")
    refuse(foreign.torch_legacy(value, {"b": FLOATS}), "another list of storages")


# ---- zip ------------------------------------------------------------------------------


def test_a_bomb_is_refused(refuse):
    bomb = {"a": np.zeros(1_000_000, "float32")}
    refuse(foreign.torch_zip({}, bomb, compression=zipfile.ZIP_DEFLATED), "a compressed member")


@pytest.mark.parametrize("name", ["../evil", "net/../../evil", "/etc/passwd", "net\\..\\evil"])
def test_a_member_outside_the_file_is_refused(refuse, name):
    refuse(foreign.torch_zip({}, more=[(name, b"x")]), "names inside the file")


def test_members_that_are_not_as_torch_writes_them_are_refused(refuse):
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = foreign.torch_zip({}, more=[("net/data.pkl", b"N.")])
    refuse(twice, "each once")
    refuse(foreign.torch_zip({}, more=[("other/data.pkl", b"N.")]), "one data.pkl")
    refuse(foreign.torch_zip({}, more=[("net/constants.pkl", b"N.")]), "a TorchScript program")
    refuse(foreign.torch_zip({}).replace(b"little", b"big   "), "its CRC-32")
    refuse(foreign.torch_zip({}, root="a/b"), "one data.pkl")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", b"x")
    refuse(file.getvalue(), "a zip file without one data.pkl")


def test_a_flipped_bit_of_a_storage_is_seen(refuse):
    content = bytearray(foreign.torch_zip({"w": np.full(8, 3, "float32")}))
    place = content.index(np.full(8, 3, "float32").tobytes())
    content[place + 5] ^= 1
    refuse(bytes(content), "a damaged member 'net/data/0'")


def point(content, member, place):
    """`content` with a directory whose entry number `member` starts at `place`."""
    content = bytearray(content)
    entries = [found.start() for found in re.finditer(b"PK\x01\x02", content)]
    struct.pack_into("<I", content, entries[member] + 42, place)
    return bytes(content)


def test_an_entry_that_points_to_another_member_is_refused(refuse):
    content = foreign.torch_zip({}, {"a": FLOATS, "b": FLOATS})
    refuse(point(content, 3, content.index(b"PK", 1)), "another name at member 'net/data/b'")


def test_members_that_overlap_are_refused(refuse):
    """The bytes of one member hold a whole other one, as in bombs without layers."""
    alone = foreign.torch_zip({}, {"b": FLOATS})
    inner = alone[alone.index(b"net/data/b") - 30 :][: 30 + len("net/data/b") + FLOATS.nbytes]
    content = foreign.torch_zip({}, {"a": inner, "b": FLOATS})
    refuse(point(content, 3, content.index(inner)), "members that overlap")


# ---- exhaustion -----------------------------------------------------------------------


@pytest.mark.parametrize("code", [b"]" * 30_000 + b"a" * 29_999, b")" + b"\x85" * 30_000])
def test_deep_nesting_is_refused(refuse, code):
    refuse(b"\x80\x02" + code + b".", "containers inside each other")


def test_a_hundred_laughs_are_quick(refuse):
    """Each tuple holds the one before twice; only a walk that follows every path is slow."""
    code = b")" + b"2\x86" * 5000
    refuse(b"\x80\x02" + code + b"Q.", "persistent ids")
    refuse(foreign.torch_zip(b"\x80\x02" + code + b"Q."), "the persistent id")


def test_values_that_multiply_are_refused(refuse):
    name = b"c_codecs\nencode\n"
    code = b"X\x00\x00\x01\x00" + b"x" * 65536 + b"q\x01" + (name + b"h\x01\x85R") * 3000
    refuse(b"\x80\x02" + code + b".", "makes more than it holds")


def test_too_many_instructions_are_refused(refuse, monkeypatch):
    monkeypatch.setattr("sslzoo.zoo.importers.machine.MOST_INSTRUCTIONS", 1000)
    refuse(b"\x80\x02" + b"N0" * 1000 + b"N.", "more than 1000 instructions")
