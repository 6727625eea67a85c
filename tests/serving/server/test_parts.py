"""The parts of the server without a server: batches, versions, limits, configs."""

import asyncio
import json
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sslzoo.serving.server.batches import Batches
from sslzoo.serving.server.limits import Limits
from sslzoo.serving.server.models_config import read_config
from sslzoo.serving.server.status import Refused
from sslzoo.serving.server.versions import Settings, Versions


class Function:
    """Doubles x. It waits until it is let go, and fails for rows with a negative number."""

    def __init__(self):
        self.sizes, self.go = [], threading.Event()

    def __call__(self, inputs):
        self.go.wait(10)
        self.sizes.append(len(inputs["x"]))
        if (inputs["x"] < 0).any():
            raise Refused("INVALID_ARGUMENT", f"negative among {len(inputs['x'])}")
        return {"y": 2 * inputs["x"]}


def together(requests, rows=8, queue=100, cancel=()):
    """What each of the requests gets that arrive while the first one is computed, and the sizes of
    the batches.
    """
    function = Function()

    async def run():
        with ThreadPoolExecutor(1) as executor:
            batches = Batches(function, executor, rows, queue)
            tasks = []
            for request in requests:
                tasks.append(asyncio.create_task(batches({"x": np.array(request)})))
                await asyncio.sleep(0.01)
            for number in cancel:
                tasks[number].cancel()
            function.go.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(run())
    return [x["y"].tolist() if isinstance(x, dict) else x for x in found], function.sizes


def test_who_waits_is_computed_together_and_gets_its_own_rows():
    found, sizes = together([[1.0], [2.0, 3.0], [4.0], [5.0]])
    assert found == [[2], [4, 6], [8], [10]]
    assert sizes == [1, 4]


def test_a_batch_has_at_most_so_many_rows_and_one_form():
    found, sizes = together([[1.0], [2.0] * 3, [3.0] * 3, [[4.0]], [5.0], [6.0] * 9], rows=4)
    assert sizes == [1, 4, 3, 1, 9]  # a request of more is a batch of its own
    assert found == [[2], [4] * 3, [6] * 3, [[8]], [10], [12] * 9]


def test_a_bad_request_fails_alone():
    found, sizes = together([[1.0], [2.0], [-1.0], [3.0]])
    assert found[:2] == [[2], [4]] and found[3] == [6]
    assert str(found[2]) == "negative among 1"
    assert sizes == [1, 3, 1, 1, 1]


def test_a_full_queue_refuses_and_who_left_is_not_computed():
    found, sizes = together([[1.0], [2.0], [3.0], [4.0]], queue=2)
    assert found[:3] == [[2], [4], [6]]
    assert isinstance(found[3], Refused) and found[3].http == 503
    found, sizes = together([[1.0], [2.0], [3.0]], cancel=[1])
    assert isinstance(found[1], asyncio.CancelledError)
    assert sizes == [1, 1] and found[2] == [6]


# ---- limits --------------------------------------------------------------------------


def bomb(width, height):
    """A PNG of some hundred bytes that says that it has many pixels."""
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)]
    chunks.append(b"IDAT" + zlib.compress(bytes(100)))
    sizes = [struct.pack(">I", len(chunk) - 4) for chunk in chunks]
    sums = [struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        b"".join(x) for x in zip(sizes, chunks, sums, strict=True)
    )


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"x": np.zeros((3, 1))}, "x: got 3 items; it must be at most 2"),
        ({"images": np.zeros((1, 20, 30, 3))}, "images: got 600 pixels in item 0; an image may"),
        ({"files": np.array([b"x", bomb(9, 20)], object)}, "files: got 180 pixels in item 1"),
        ({"files": np.array([bomb(90_000, 90_000)], object)}, "files: got .* pixels in item 0"),
        ({"a": np.zeros((1, 1)), "b": np.zeros((2, 1))}, "inputs: got .* must have as many items"),
    ],
)
def test_what_is_too_much_is_refused(inputs, words):
    with pytest.raises(Refused, match=words):
        Limits(rows=2, pixels=100).check_inputs(inputs)


def test_what_fits_is_taken():
    limits = Limits(rows=2, pixels=100, body=10)
    limits.check_inputs({"images": np.zeros((2, 10, 10, 3)), "n": np.int32(7)})
    limits.check_inputs({"files": np.array([bomb(10, 10), b"no image"], object)})
    limits.check_body(10)
    with pytest.raises(Refused, match="body: got 11 bytes; it must be at most 10") as refused:
        limits.check_body(11)
    assert refused.value.http == 413


# ---- versions ------------------------------------------------------------------------


def numbers(path):
    """A version that is its own number; b does not load."""
    if (path / "b").exists():
        raise OSError("no SavedModel")
    return type("Version", (), {"number": int(path.name)})()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [10]),
        ({"count": 2}, [9, 10]),
        ({"count": None}, [1, 2, 9, 10]),
        ({"only": (2, 7)}, [2]),
    ],
)
def test_the_policy_chooses_among_the_versions(tmp_path, settings, expected):
    for name in ("1", "2", "9", "10", "notes", ".11.tmp"):
        (tmp_path / name).mkdir()
    versions = Versions(Settings("m", tmp_path, **settings), numbers)
    versions.refresh()
    assert sorted(versions.loaded) == expected
    assert versions.find().number == expected[-1]


def test_a_version_that_does_not_load_is_tried_again_when_it_changed(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "b").touch()
    tried = []
    versions = Versions(
        Settings("m", tmp_path), lambda path: tried.append(path.name) or numbers(path)
    )
    versions.refresh()
    assert not versions.ready and versions.status(2)["model_version_status"][0]["state"] == "END"
    versions.refresh()
    assert tried == ["2"]
    (tmp_path / "2" / "b").unlink()
    (tmp_path / "2" / "saved_model.pb").touch()
    versions.refresh()
    assert tried == ["2", "2"] and versions.find().number == 2


# ---- models.config -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", {"count": 1}),
        ("model_version_policy { latest { num_versions: 3 } }", {"count": 3}),
        ("model_version_policy: { all: {} }", {"count": None}),
        ("model_version_policy { specific { versions: 4 versions: 2 } }", {"only": (4, 2)}),
        ("model_version_policy { specific { versions: [4, 2] } };", {"only": (4, 2)}),
        (
            'version_labels { key: "a" value: 4 } version_labels { key: "b" value: 2 }',
            {"labels": {"a": 4, "b": 2}},
        ),
    ],
)
def test_a_config_is_read(tmp_path, policy, expected):
    file = tmp_path / "models.config"
    file.write_text(
        "model_config_list: { # a comment\n"
        f"config: {{ name: 'digits', base_path: \"/models/digits\" {policy} }} }}"
    )
    (settings,) = read_config(file)
    assert (settings.name, str(settings.folder)) == ("digits", "/models/digits")
    for field, value in expected.items():
        assert getattr(settings, field) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it must have a model_config_list"),
        ("model_config_list { config {", "an end too early in line 1"),
        ("model_config_list {\n config { name: = } }", "the character '=' in line 2"),
        ("model_config_list { config { name: digits } }", "'digits' in line 1"),
        ("model_config_list { config { name: 'a' } }", "a config without base_path"),
        ("model_config_list { config { name: 'a' base_path: 'b' color: 3 } }", "the field color"),
        ("model_config_list: 3", "it must have a model_config_list"),
        (
            "model_config_list { config { name: 'a' base_path: 'b' version_labels: 3 } }",
            "a value of another kind",
        ),
        (
            "model_config_list { config { name: 'a' base_path: 'b' model_platform: 'torch' } }",
            "model_platform: got 'torch'",
        ),
        (
            "model_config_list { config { name: 'a' base_path: 'b' } "
            "config { name: 'a' base_path: 'c' } }",
            "a name twice",
        ),
    ],
)
def test_a_config_that_says_something_else_is_refused(tmp_path, text, words):
    file = tmp_path / "models.config"
    file.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_config(file)


# ---- faults --------------------------------------------------------------------------


@pytest.mark.tensorflow
def test_a_fault_of_the_server_is_logged_and_answered(caplog):
    from benchmarks.fuzz.requests import PATH, asked
    from sslzoo.serving.server.app import Service, application

    service = Service([Settings("m", Path("nowhere"))])
    service.model = lambda name: 1 / 0
    code, body = asyncio.run(asked(application(service), PATH, b"{}"))
    assert (code, json.loads(body)) == (500, {"error": "ZeroDivisionError: division by zero"})
    assert "ZeroDivisionError" in caplog.text and PATH in caplog.text


@pytest.mark.tensorflow
def test_a_folder_that_cannot_be_read_does_not_end_the_watch(monkeypatch, caplog):
    from sslzoo.serving.server import app

    looks = []

    def fail():
        looks.append(len(looks))
        raise PermissionError("models")

    async def watch_a_while():
        task = asyncio.create_task(service.watch())
        while len(looks) < 3:
            await asyncio.sleep(0.01)
        task.cancel()

    monkeypatch.setattr(app, "POLL", 0.001)
    service = app.Service([])
    service.refresh = fail
    asyncio.run(asyncio.wait_for(watch_a_while(), 10))
    assert "PermissionError" in caplog.text
