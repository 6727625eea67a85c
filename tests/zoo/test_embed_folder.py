"""Embeddings of folders: the same vectors, each file once, whatever happens on the way."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import sslzoo
from sslzoo.data.listing import image_names_below, images_below
from sslzoo.data.shards import MANIFEST, read_manifest, read_shard, read_shards, write_shard
from sslzoo.zoo.embed_folder import embed_folder


@pytest.fixture(scope="module")
def model():
    return sslzoo.build("simclr", "micro", 8)


@pytest.fixture
def photos(tmp_path):
    """20 pictures of several sizes in two folders, and two files that are none."""
    folder = tmp_path / "photos"
    rng = np.random.default_rng(0)
    for number in range(20):
        path = folder / f"{number % 2}" / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (9 + number % 3, 8 + number % 4, 3)
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(path)
    (folder / "0" / "broken.png").write_bytes(b"no image")
    (folder / "1" / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    return folder


def rows_of(out):
    """{path: vector} of all shards; no path twice."""
    rows = [
        pair for shard in read_shards(out) for pair in zip(shard.paths, shard.vectors, strict=True)
    ]
    assert len(dict(rows)) == len(rows)
    return dict(rows)


@pytest.mark.parametrize("form", ["parquet", "npz"])
def test_every_file_has_its_row_and_the_others_are_named(model, photos, form, monkeypatch):
    monkeypatch.setattr("sslzoo.zoo.embed_folder.best_format", lambda: form)
    out = photos / "out"  # inside: its own files are not read
    done = embed_folder(model, photos, out, "mine", batch_size=3, rows=8)
    assert (done.rows, done.dimension) == (20, 16)
    assert [path for path, _ in done.unreadable] == ["0/broken.png", "1/cut.jpg"]
    found = rows_of(out)
    images, files = [], sorted(photos.glob("[01]/[0-9]*.png"))
    for path in files:
        images.append(sslzoo.data.decode.decode(path, 8))
    expected = model.encode(np.stack(images))
    assert list(found) == [path.relative_to(photos).as_posix() for path in files]
    np.testing.assert_allclose(np.stack(list(found.values())), expected, rtol=1e-5, atol=1e-6)
    assert sorted(path.name for path in out.glob("part-*")) == [
        f"part-0000{n}.{form}" for n in range(3)
    ]
    assert (out / "unreadable.csv").read_text().startswith("path,reason\n0/broken.png,")


def test_names_have_the_order_of_paths(tmp_path):
    for name in ("a/1.png", "a b/1.png", "a-b/1.png", "a.png", "out/2.png", "b/c/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    paths = [path.relative_to(tmp_path).as_posix() for path in images_below(tmp_path)]
    assert paths[:2] == ["a/1.png", "a b/1.png"]
    names = image_names_below(tmp_path, tmp_path / "b" / ".." / "out")
    assert names == [path for path in paths if path != "out/2.png"]


def test_half_precision_is_half_the_size(model, photos, tmp_path):
    embed_folder(model, photos, tmp_path / "a")
    embed_folder(model, photos, tmp_path / "b", dtype="float16")
    whole, half = rows_of(tmp_path / "a"), rows_of(tmp_path / "b")
    assert {vector.dtype.name for vector in half.values()} == {"float16"}
    for path, vector in whole.items():
        np.testing.assert_allclose(half[path], vector, rtol=1e-3, atol=1e-4)


def test_shards_that_are_there_are_kept(model, photos, tmp_path):
    out = tmp_path / "out"
    embed_folder(model, photos, out, rows=8)
    before = rows_of(out)
    kept, lost = sorted(out.glob("part-*"))[:2]
    lost.unlink()
    times = kept.stat().st_mtime_ns
    embed_folder(model, photos, out, rows=8)
    assert kept.stat().st_mtime_ns == times
    after = rows_of(out)
    assert before.keys() == after.keys()
    assert all((before[path] == after[path]).all() for path in before)


# TensorFlow is imported once: a run is a fork, which builds its own model.
KILLER = """
import json, os, random, signal, sys, time, traceback
import sslzoo
from sslzoo.zoo.embed_folder import embed_folder

photos, out, whole = sys.argv[1:]

def start(target):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            embed_folder(sslzoo.build("simclr", "micro", 8), photos, target, batch_size=2, rows=4)
            code = 0
        finally:
            if code:
                traceback.print_exc()
            os._exit(code)
    return child

def wait(child, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0
            return True
        time.sleep(0.002)

began = time.monotonic()
assert wait(start(whole), 100)
span, times, shards, runs = time.monotonic() - began, random.Random(0), [], 0
while len(shards) < 20:
    child = start(out)
    if wait(child, times.uniform(0, span)):
        os.rename(out, f"{out}-{runs}")
        runs += 1
        continue
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    there = os.listdir(out) if os.path.isdir(out) else []
    shards.append(sum(name.startswith("part-") for name in there))
assert wait(start(out), 100)
print(json.dumps(shards))
"""


@pytest.mark.slow
@pytest.mark.tensorflow
def test_killed_at_20_random_times_no_row_is_lost_or_twice(photos, tmp_path):
    for number in range(400):
        os.link(photos / "0" / "02.png", photos / "0" / f"link{number:03}.png")
    command = [sys.executable, "-c", KILLER, photos, tmp_path / "out", tmp_path / "whole"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    shards, expected = json.loads(done.stdout), rows_of(tmp_path / "whole")
    assert len(shards) == 20 and any(0 < count < 106 for count in shards), shards
    assert len(expected) == 420
    for out in tmp_path.glob("out*"):
        rows = rows_of(out)
        assert list(rows) == list(expected)
        assert all((rows[path] == vector).all() for path, vector in expected.items())


def test_another_run_in_the_same_folder_is_refused(model, photos, tmp_path):
    out = tmp_path / "out"
    embed_folder(model, photos, out, "mine")
    for settings, words in [
        ({"rows": 3}, "rows 4096, now 3"),
        ({"dtype": "float16"}, "dtype float32, now float16"),
        ({"name": "other"}, "model mine, now other"),
    ]:
        with pytest.raises(ValueError, match=f"holds embeddings of another run .{words}"):
            embed_folder(model, photos, out, **{"name": "mine"} | settings)
    with pytest.raises(ValueError, match="have the same weights, or be another folder"):
        embed_folder(sslzoo.build("simclr", "micro", 8, seed=1), photos, out, "mine")
    (photos / "0" / "00.png").unlink()
    with pytest.raises(ValueError, match="another run .items 22, now 21"):
        embed_folder(model, photos, out, "mine")


def test_what_cannot_be_embedded_is_said_first(model, photos, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    for folder, out, error, words in [
        (photos, tmp_path / "file", ValueError, "out: got the file"),
        (tmp_path / "nowhere", tmp_path / "a", FileNotFoundError, "there is no folder"),
        (tmp_path / "empty", tmp_path / "a", ValueError, "without images"),
    ]:
        with pytest.raises(error, match=words):
            embed_folder(model, folder, out)
    from filelock import FileLock

    (tmp_path / "busy").mkdir()
    with FileLock(tmp_path / "busy" / ".lock"), pytest.raises(ValueError, match="another process"):
        embed_folder(model, photos, tmp_path / "busy")


def test_a_damaged_or_missing_shard_is_named(model, photos, tmp_path):
    out = tmp_path / "out"
    embed_folder(model, photos, out, rows=8)
    manifest = read_manifest(out)
    manifest.path(out, 1).write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"part-00001.* not a readable shard of embeddings"):
        rows_of(out)
    manifest.path(out, 1).unlink()
    with pytest.raises(ValueError, match="without part-00001.* run the same `sslzoo embed` again"):
        rows_of(out)
    (out / MANIFEST).write_text("{")
    with pytest.raises(ValueError, match="not a readable manifest"):
        read_manifest(out)


def test_a_shard_is_read_as_it_was_written(tmp_path):
    from sslzoo.data.shards import Shard

    rng = np.random.default_rng(0)
    for form in ("parquet", "npz"):
        for count in (0, 5):
            shard = Shard(
                [f"é {n}.png" for n in range(count)],
                rng.normal(size=(count, 3)).astype("float16"),
                [("x.png", "not\nan image")],
            )
            path = tmp_path / f"part-{count}.{form}"
            write_shard(path, shard)
            found = read_shard(path)
            assert found.paths == shard.paths and found.unreadable == shard.unreadable
            assert found.vectors.dtype == "float16" and (found.vectors == shard.vectors).all()


# ---- the commands --------------------------------------------------------------------


def test_search_and_curate_by_the_command_line(command, photos, tmp_path):
    import shutil

    shutil.copy(photos / "0" / "02.png", photos / "1" / "99.png")
    out = tmp_path / "out"
    name = "simclr_resnet20.digits"
    code, said, error = command("embed", name, "--data", photos, "--out", out, "--batch", 8)
    assert code == 0, error
    assert "21 embeddings of 64 numbers" in said and "2 files cannot be read" in said
    code, said, error = command("search", out, "--image", photos / "0" / "02.png", "-k", 3)
    assert code == 0, error
    lines = [line.split() for line in said.splitlines()[1:]]
    assert len(lines) == 3 and {line[1] for line in lines[:2]} == {"0/02.png", "1/99.png"}
    assert float(lines[0][0]) == 1.0
    code, said, error = command("curate", out, "--least", 0.99999, "--outliers", 2)
    assert code == 0, error
    assert "1 groups" in said and "0/02.png  1/99.png" in said
    assert len(said.splitlines()) == 5
