"""Search in many embeddings by FAISS. All vectors are in memory."""

import importlib
import importlib.util

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import refused

ROWS_OF_A_LIST = 39  # at least: k-means of FAISS warns of fewer
PROBED = 16  # one list in so many is searched, but at least LEAST_PROBED
LEAST_PROBED = 8


class FaissIndex:
    """Rows of length 1, and which of them are nearest to others.

    Args:
        vectors: float32 (N, D).
        exact: Whether to compare with all rows. Otherwise the rows are put into about 4 sqrt(N)
            lists of alike ones, and a sixteenth of the lists is searched.

    Raises:
        ValueError: FAISS is not installed.

    Example:
        >>> from sslzoo.evaluate.faiss_index import FaissIndex
        >>> FaissIndex(np.eye(3, dtype="float32"), True).nearest(rows, 1)  # doctest: +SKIP
        (array([[1.]], dtype=float32), array([[2]]))
    """

    def __init__(self, vectors: NDArray, exact: bool) -> None:
        if importlib.util.find_spec("faiss") is None:
            needed = "have its package: pip install sslzoo[faiss]"
            raise refused("engine", "faiss, which is not installed", needed)
        self.faiss = faiss = importlib.import_module("faiss")
        count, dimension = vectors.shape
        self.index = faiss.IndexFlatIP(dimension)
        if not exact:
            lists = max(1, min(int(4 * count**0.5), count // ROWS_OF_A_LIST))
            by_product = faiss.METRIC_INNER_PRODUCT
            # FAISS takes a sample of the rows by itself.
            self.index = faiss.IndexIVFFlat(self.index, dimension, lists, by_product)
            self.index.train(vectors)
            self.index.nprobe = max(LEAST_PROBED, lists // PROBED)
        self.index.add(vectors)

    def nearest(self, queries: NDArray, k: int) -> tuple[NDArray, NDArray]:
        """(similarities, rows), both (Q, k), the nearest first. k: at most N."""
        similarities, rows = self.index.search(queries, k)
        few = rows[:, -1] < 0  # where the lists that were searched hold less than k
        if few.any():
            everywhere = self.faiss.SearchParametersIVF(nprobe=self.index.nlist)
            similarities[few], rows[few] = self.index.search(queries[few], k, params=everywhere)
        return similarities, rows

    def alike(self, queries: NDArray, least: float) -> tuple[NDArray, NDArray]:
        """(numbers of queries, rows) of the pairs that are at least `least` similar."""
        below = float(np.nextafter(np.float32(least), np.float32(-2)))  # FAISS wants more than it
        limits, _, rows = self.index.range_search(queries, below)
        return np.repeat(np.arange(len(queries)), np.diff(limits.astype("int64"))), rows
