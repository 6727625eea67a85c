"""N-way K-shot episodes: small classification problems with classes that a model has never seen."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sslzoo.checks import check_labels, refused, whole


class Episode(NamedTuple):
    """Rows of a data set: `support` (ways, shots) with its labels known, `query` (ways, queries) to
    be classified. Row w of both is of the class `classes[w]`; way w is the label that it has in the
    episode.

    >>> Episodes([0, 0, 1, 1], ways=2, shots=1, queries=1)[0].support.shape
    (2, 1)
    """

    classes: np.ndarray
    support: np.ndarray
    query: np.ndarray


class Episodes:
    """A fixed sequence of episodes: item i is drawn by np.random.default_rng((seed, i)) and by
    nothing else.

    The classes of an episode differ from each other, in random order, and no row comes twice in it:
    support and query are disjoint. (Drawing with replacement, as keras-io's reptile.py does, puts a
    class in two ways and the answer into the support set.)

    Args:
        labels: (N,) integers.
        ways, shots, queries: Number of classes, of labeled rows of each class, and of query rows of
            each class. They are at least 2, 1 and 1.
        count: Number of episodes.
        seed: Random seed of all episodes.

    Raises:
        ValueError: There are fewer than `ways` classes, or a class has fewer than shots + queries
            rows.

    >>> episodes = Episodes([0, 0, 1, 1, 2, 2], ways=2, shots=1, queries=1, count=10)
    >>> len(episodes), episodes[3].query.shape
    (10, (2, 1))
    """

    def __init__(
        self,
        labels: ArrayLike,
        ways: int = 5,
        shots: int = 1,
        queries: int = 15,
        count: int = 600,
        seed: int = 0,
    ) -> None:
        self.ways = whole("ways", ways, least=2)
        self.shots = whole("shots", shots, least=1)
        self.queries = whole("queries", queries, least=1)
        self.count = whole("episodes", count, least=1)
        self.seed = whole("seed", seed, least=0)
        labels = check_labels(labels, None)
        self.labels, counts = np.unique(labels, return_counts=True)
        if len(self.labels) < ways:
            raise refused("ways", ways, f"be at most {len(self.labels)}, the classes of the data")
        if counts.min() < shots + queries:
            got = f"{queries} beside {shots} shots"
            has = f"class {self.labels[counts.argmin()]} has {counts.min()} rows"
            raise refused("queries", got, f"be at most {max(0, counts.min() - shots)}, as {has}")
        self._rows = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, i: int) -> Episode:
        if not 0 <= i < self.count:
            raise IndexError(f"episode {i} of {self.count}")
        rng = np.random.default_rng((self.seed, i))
        chosen = rng.choice(len(self.labels), self.ways, replace=False)
        each = self.shots + self.queries
        rows = np.stack([rng.choice(self._rows[c], each, replace=False) for c in chosen])
        return Episode(self.labels[chosen], rows[:, : self.shots], rows[:, self.shots :])
