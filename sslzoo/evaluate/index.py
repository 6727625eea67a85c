"""Search in the shards of `sslzoo embed`: nearest images, duplicates, outliers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import check_vectors, in_range, one_of, refused, whole
from sslzoo.data.shards import read_manifest, read_shards
from sslzoo.evaluate.faiss_index import FaissIndex
from sslzoo.progress import progress

Engine = Literal["chunks", "faiss", "faiss_lists"]
LARGE, BLOCK = 16_384, 2_048  # rows that are compared with each other at once
TINY = 1e-12  # length of a vector that is not divided by its own


class Found(NamedTuple):
    """What is near to a query, the nearest first: paths, and similarities (k,) in [-1, 1].

    Example:
        >>> import numpy as np
        >>> from sslzoo.evaluate.index import Found
        >>> Found(["a.png"], np.ones(1)).paths
        ['a.png']
    """

    paths: list[str]
    similarities: NDArray


class Index:
    """The embeddings in a folder that `sslzoo embed` wrote. Search is by cosine similarity.

    Args:
        folder: Of the shards.
        engine: "chunks" is exact and reads the shards for each search: memory does not grow with
            their number. "faiss" is exact, "faiss_lists" finds most of the nearest in a fraction
            of the time. Both read the shards once and keep the vectors in memory; they need the
            extra `faiss`.

    Attributes:
        manifest: What the folder holds.

    Raises:
        FileNotFoundError: No such folder. ValueError: A damaged or unfinished one, or FAISS is not
            installed.

    Example:
        >>> import sslzoo
        >>> index = sslzoo.Index("embedded")  # doctest: +SKIP
        >>> index.search(model.encode(photos), k=5)[0].paths  # doctest: +SKIP
        ['cat/7.jpg', ...]
    """

    def __init__(self, folder: str | Path, engine: Engine = "chunks") -> None:
        one_of("engine", engine, get_args(Engine))
        self.folder = Path(folder)
        self.manifest = read_manifest(folder)
        self._faiss: FaissIndex | None = None
        self._names: list[str] = []
        if engine != "chunks":
            vectors = np.zeros((0, self.manifest.dimension), "float32")
            for _, names, rows in self._blocks(self.manifest.items, "Reading"):
                self._names, vectors = names, rows
            self._faiss = FaissIndex(vectors, exact=engine == "faiss")

    def __repr__(self) -> str:
        return f"Index({str(self.folder)!r}, {self.manifest.items} images of {self.manifest.model})"

    def search(self, queries: ArrayLike, k: int = 10) -> list[Found]:
        """The nearest images of each query.

        Args:
            queries: (Q, D), what the same model encodes.
            k: How many. Fewer come of fewer images.

        Raises:
            ValueError: Vectors of another size, or what is not finite.
        """
        queries = _unit(self._checked(queries))
        whole("k", k, 1)
        if self._faiss is not None:
            return self._by_faiss(queries, k)
        best = np.full((len(queries), 0), 0.0)
        paths = np.empty((len(queries), 0), object)
        for _, names, vectors in self._blocks(BLOCK):
            here = queries @ vectors.T
            best = np.concatenate([best, here], axis=1)
            paths = np.concatenate([paths, np.broadcast_to(names, here.shape)], axis=1)
            order = np.argsort(-best, axis=1, kind="stable")[:, :k]
            best = np.take_along_axis(best, order, axis=1)
            paths = np.take_along_axis(paths, order, axis=1)
        return [Found(row.tolist(), values) for row, values in zip(paths, best, strict=True)]

    def duplicates(self, least: float = 0.99) -> list[list[str]]:
        """Groups of images that are alike, the largest first: each is at least `least` similar to
        another one of its group. Every pair is compared, so the time grows with the square of their
        number.
        """
        in_range("least", least, -1, 1)
        first = np.arange(self._count())  # a row of its group that comes before, or itself
        names: list[str] = []
        for left, paths, rows in self._blocks(LARGE, "Comparing"):
            names += paths
            for one, other in self._alike(left, rows, least):
                _join(first, one + left, other)
        groups: dict[int, list[str]] = {}
        for row, name in enumerate(names):
            groups.setdefault(_root(first, row), []).append(name)
        found = [members for members in groups.values() if len(members) > 1]
        return sorted(found, key=lambda members: (-len(members), members))

    def outliers(self, count: int = 20, k: int = 10) -> Found:
        """The images that are least like their `k` nearest ones, the loneliest first, with that
        mean similarity.
        """
        whole("count", count, 1)
        whole("k", k, 1)
        names, lonely = [], []
        for _, paths, rows in self._blocks(LARGE, "Comparing"):
            names += paths
            nearest = self._similarities(rows, k + 1)
            lonely.append(nearest[:, 1:].mean(axis=1) if nearest.shape[1] > 1 else nearest[:, 0])
        values = np.concatenate(lonely)
        order = np.argsort(values, kind="stable")[:count]
        return Found([names[row] for row in order], values[order])

    def _by_faiss(self, queries: NDArray, k: int) -> list[Found]:
        found = zip(*self._faiss.nearest(queries, min(k, len(self._names))), strict=True)
        return [Found([self._names[row] for row in rows], values) for values, rows in found]

    def _alike(self, left: int, rows: NDArray, least: float) -> Iterator[tuple[NDArray, NDArray]]:
        """(numbers of `rows`, rows of all) of alike pairs, each pair at least once. `rows` begin at
        row `left` of all.
        """
        if self._faiss is not None:
            for start in range(0, len(rows), BLOCK):
                one, other = self._faiss.alike(rows[start : start + BLOCK], least)
                yield one + start, other
            return
        for right, _, columns in self._blocks(BLOCK):
            if right + len(columns) > left:
                one, other = np.nonzero(rows @ columns.T >= least)
                yield one, other + right

    def _similarities(self, rows: NDArray, k: int) -> NDArray:
        """To the k nearest of all, the nearest first. (n, k), of fewer images fewer columns."""
        if self._faiss is not None:
            return self._faiss.nearest(rows, min(k, len(self._names)))[0]
        nearest = np.full((len(rows), 0), 0.0, "float32")
        for _, _, columns in self._blocks(BLOCK):
            nearest = np.concatenate([nearest, rows @ columns.T], axis=1)
            nearest = -np.sort(-nearest, axis=1)[:, :k]
        return nearest

    def _count(self) -> int:
        return sum(len(shard.paths) for shard in read_shards(self.folder))

    def _blocks(self, rows: int, title: str = "") -> Iterator[tuple[int, list[str], NDArray]]:
        """(first row, paths, vectors of length 1) of about so many rows at a time."""
        start = 0
        paths, parts = [], []
        shards = read_shards(self.folder)
        shards = progress(shards, title, self.manifest.shards, least=20) if title else shards
        for shard in shards:
            paths, parts = paths + shard.paths, [*parts, shard.vectors]
            if len(paths) >= rows:
                yield start, paths, _unit(np.concatenate(parts))
                start += len(paths)
                paths, parts = [], []
        if paths:
            yield start, paths, _unit(np.concatenate(parts))

    def _checked(self, queries: ArrayLike) -> NDArray:
        queries = check_vectors(np.asarray(queries), "queries")
        if queries.shape[1] != self.manifest.dimension:
            needed = f"be (Q, {self.manifest.dimension}), as {self.manifest.model} encodes"
            raise refused("queries", f"shape {queries.shape}", needed)
        return queries


def _unit(vectors: NDArray) -> NDArray:
    vectors = vectors.astype("float32", copy=False)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), TINY)


def _join(first: NDArray, rows: NDArray, columns: NDArray) -> None:
    """Put the rows of pairs that are alike into one group: rows[i] with columns[i]."""
    from scipy.sparse import coo_array, csgraph

    known, places = np.unique(np.concatenate([rows, columns]), return_inverse=True)
    edges = places[: len(rows)], places[len(rows) :]
    graph = coo_array((np.ones(len(rows), bool), edges), (len(known), len(known)))
    _, labels = csgraph.connected_components(graph, directed=False)
    heads: dict[int, int] = {}
    for row, label in zip(known.tolist(), labels.tolist(), strict=True):
        mine, other = _root(first, row), _root(first, heads.setdefault(label, row))
        first[max(mine, other)] = min(mine, other)


def _root(first: NDArray, row: int) -> int:
    """The first row of a group; the way there becomes shorter."""
    while first[row] != row:
        first[row] = first[first[row]]
        row = int(first[row])
    return row
