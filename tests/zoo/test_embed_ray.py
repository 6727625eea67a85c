"""Embeddings by workers of Ray: the rows of one process, also where a worker is killed."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sslzoo
from sslzoo.data.shards import Job, read_manifest, read_shard, read_shards
from sslzoo.zoo.embed_folder import embed_folder
from sslzoo.zoo.embed_ray import OnRay, _Encoder

MODEL = "simclr_resnet20.digits"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """300 pictures, and a file that is none."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for number in range(300):
        pixels = rng.integers(0, 256, (9, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    (folder / "broken.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def whole(photos, tmp_path_factory):
    """Of one process."""
    out = tmp_path_factory.mktemp("whole")
    embed_folder(sslzoo.load(MODEL), photos, out, MODEL, batch_size=2, rows=4)
    return out


def test_a_worker_writes_the_shard_of_one_process(photos, whole, tmp_path):
    manifest, out = read_manifest(whole), tmp_path / "out"
    out.mkdir()
    expected = read_shard(manifest.path(whole, 7))
    block = {"shard": np.array([7]), "paths": np.array([json.dumps(expected.paths)])}
    worker = _Encoder(MODEL, "default", os.environ["KERAS_BACKEND"], Job(photos, out, manifest, 2))
    assert worker(block) == {"shard": [7], "error": [""]}
    written = read_shard(manifest.path(out, 7))
    assert written.paths == expected.paths
    np.testing.assert_allclose(written.vectors, expected.vectors, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": "0"}, f"other weights of {MODEL}; it must be the same on every machine"),
        ({"out": Path("nowhere")}, "nowhere: got no such folder; it must be there on every mach"),
    ],
)
def test_a_worker_that_cannot_work_says_so(photos, whole, change, words):
    manifest = read_manifest(whole)
    manifest = manifest._replace(weights=change.get("weights", manifest.weights))
    job = Job(photos, change.get("out", whole), manifest, 2)
    worker = _Encoder(MODEL, "default", os.environ["KERAS_BACKEND"], job)
    (error,) = worker({"shard": [0], "paths": ["[]"]})["error"]
    assert error.startswith("ValueError: ") and words in error


def test_without_ray_it_says_what_to_install(photos, tmp_path, command, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "ray" else find(name)
    )
    with pytest.raises(ValueError, match=r"runner: got ray, which is not installed.*sslzoo\[ray\]"):
        OnRay(MODEL)
    asked = ("embed", MODEL, "--data", photos, "--out", tmp_path / "out")
    assert "runner: got ray" in command(*asked, "--runner", "ray")[2]
    assert "--workers: got 2; it must be left out without" in command(*asked, "--workers", 2)[2]
    assert not (tmp_path / "out").exists()


SCRIPT = """
import sys
from functools import partial
from sslzoo.cli import main
from sslzoo.zoo import embed_folder as module

module.embed_folder = partial(module.embed_folder, rows=4)
sys.argv[0] = "sslzoo"
main()
"""


def workers_of(driver):
    """Processes of actors that a process started, directly or not."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(place.name)] = int(
                (place / "stat").read_text().rpartition(")")[2].split()[1]
            )
        except OSError:  # it has ended
            continue
    found = []
    for process in parents:
        above = process
        while above in parents and above != driver:
            above = parents[above]
        if above == driver and b"MapWorker" in Path(f"/proc/{process}/cmdline").read_bytes():
            found.append(process)
    return found


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_two_workers_of_which_one_is_killed_write_the_rows_of_one_process(photos, whole, tmp_path):
    out = tmp_path / "out"
    options = ["--runner", "ray", "--workers", "2", "--batch", "2"]
    asked = ["embed", MODEL, "--data", str(photos), "--out", str(out), *options]
    paths = os.pathsep.join(sys.path)
    # A cluster of its own, whose workers have the same priority as this process.
    own = {"PYTHONPATH": paths, "RAY_ADDRESS": "local", "RAY_worker_niceness": "0"}
    command, log = [sys.executable, "-c", SCRIPT, *asked], tmp_path / "log"
    with log.open("w") as file:
        running = subprocess.Popen(command, env={**os.environ, **own}, stdout=file, stderr=file)
    while running.poll() is None and len(list(out.glob("part-*"))) < 3:
        time.sleep(0.01)
    workers = workers_of(running.pid)
    assert len(workers) == 2, log.read_text()
    os.kill(workers[0], signal.SIGKILL)
    there = len(list(out.glob("part-*")))
    assert running.wait(300) == 0, log.read_text()
    assert there < 76  # of 76: the worker was killed on the way
    for mine, other in zip(read_shards(out), read_shards(whole), strict=True):
        assert mine.paths == other.paths and mine.unreadable == other.unreadable
        np.testing.assert_allclose(mine.vectors, other.vectors, rtol=1e-5, atol=1e-6)
    assert read_manifest(out) == read_manifest(whole)
