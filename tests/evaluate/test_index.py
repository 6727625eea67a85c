"""Search in shards, against all similarities at once."""

import numpy as np
import pytest

import sslzoo
from sslzoo.data.shards import Manifest, Shard, write_shard
from sslzoo.evaluate import index as module


@pytest.fixture
def vectors():
    """50 rows; 3 and 41 are alike, so are 7, 8 and 30 in a chain; 20 is alone."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 6)).astype("float32") + 1
    rows[41] = 2 * rows[3]
    rows[8] = rows[7] + 0.01
    rows[30] = rows[8] + 0.01
    rows[20] = -5
    return rows


@pytest.fixture
def folder(tmp_path, vectors, monkeypatch):
    monkeypatch.setattr(module, "LARGE", 20)
    monkeypatch.setattr(module, "BLOCK", 7)
    manifest = Manifest("m", "", 6, "float32", "photos", 50, "", 13, "npz")
    manifest.write(tmp_path)
    for number in range(manifest.shards):
        rows = range(number * 13, min(50, number * 13 + 13))
        shard = Shard([f"{row}.png" for row in rows], vectors[list(rows)], [])
        write_shard(manifest.path(tmp_path, number), shard)
    return tmp_path


def similarities(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


@pytest.fixture(params=["chunks", "faiss"])
def index(request, folder):
    """Two ways to exact results."""
    if request.param == "faiss":
        pytest.importorskip("faiss")
    return sslzoo.Index(folder, request.param)


@pytest.mark.parametrize("k", [1, 5, 100])
def test_the_nearest_are_those_of_all_similarities(index, vectors, k):
    found = index.search(vectors[[0, 20]], k)
    expected = similarities(vectors)[[0, 20]]
    for near, row in zip(found, expected, strict=True):
        order = np.argsort(-row)[:k]
        np.testing.assert_allclose(near.similarities, row[order], atol=1e-6)
        assert near.paths[:1] == [f"{order[0]}.png"] and len(near.paths) == min(k, 50)


def test_duplicates_are_groups_that_hang_together(index):
    groups = index.duplicates(0.9999)
    assert groups == [["7.png", "8.png", "30.png"], ["3.png", "41.png"]]


def test_many_equal_images_are_one_group(tmp_path):
    manifest = Manifest("m", "", 2, "float32", "photos", 3000, "", 1000, "npz")
    manifest.write(tmp_path)
    for number in range(3):
        paths = [f"{number}-{row}" for row in range(1000)]
        write_shard(manifest.path(tmp_path, number), Shard(paths, np.ones((1000, 2), "f4"), []))
    (group,) = sslzoo.Index(tmp_path).duplicates()
    assert len(group) == 3000


def test_the_loneliest_come_first(index, vectors):
    found = index.outliers(50, k=4)
    ordered = -np.sort(-similarities(vectors), axis=1)[:, 1:5].mean(axis=1)
    assert found.paths[0] == "20.png"
    np.testing.assert_allclose(found.similarities, np.sort(ordered), atol=1e-6)


@pytest.mark.parametrize(
    ("queries", "words"),
    [
        (np.zeros((1, 5), "float32"), r"queries: got shape \(1, 5\); it must be \(Q, 6\), as m"),
        (np.full((1, 6), np.nan, "float32"), "queries: got NaN"),
    ],
)
def test_other_vectors_are_refused(folder, queries, words):
    with pytest.raises(ValueError, match=words):
        sslzoo.Index(folder).search(queries)


@pytest.fixture
def many(tmp_path):
    """3,000 rows around 30 centers, and the rows."""
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(30, 16)), 100, axis=0) + 0.3 * rng.normal(size=(3000, 16))
    rows = rows.astype("float32")
    Manifest("m", "", 16, "float32", "photos", 3000, "", 3000, "npz").write(tmp_path)
    paths = [f"{row}.png" for row in range(3000)]
    write_shard(tmp_path / "part-00000.npz", Shard(paths, rows, []))
    return tmp_path, rows


def test_lists_find_most_of_the_nearest(many):
    pytest.importorskip("faiss")
    folder, rows = many
    exact = sslzoo.Index(folder).search(rows[::30], 10)
    lists = sslzoo.Index(folder, "faiss_lists")
    found = lists.search(rows[::30], 10)
    shares = [len({*a.paths} & {*b.paths}) / 10 for a, b in zip(exact, found, strict=True)]
    assert np.mean(shares) > 0.9
    lists._faiss.index.nprobe = 1  # a list has about 40 rows, fewer than are asked for
    (few,) = lists.search(rows[:1], 2000)
    (all_of_them,) = sslzoo.Index(folder).search(rows[:1], 2000)
    np.testing.assert_allclose(few.similarities, all_of_them.similarities, atol=1e-5)


def test_an_engine_that_is_unknown_or_not_installed(folder, monkeypatch):
    with pytest.raises(ValueError, match="engine: got 'usearch'; it must be one of 'chunks', 'fa"):
        sslzoo.Index(folder, "usearch")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"not installed; it must .* pip install sslzoo\[faiss\]"):
        sslzoo.Index(folder, "faiss")
