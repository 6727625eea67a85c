"""N-way K-shot episodes: small classification problems out of classes that a model has never
seen.
"""

from typing import NamedTuple

import numpy as np

from sslzoo.checks import check_labels


class Episode(NamedTuple):
    """Rows of a data set: `support` (ways, shots) with its labels known, `query` (ways, queries) to
    be classified. Row w of both is of the class `classes[w]`; way w is the label that it has in the
    episode.
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
        ways, shots, queries: classes, and labelled and asked images of each; at least 2, 1, 1.
        count: how many episodes.
        seed: of all of them.

    Raises:
        ValueError: fewer than `ways` classes, a class with fewer than shots + queries images.
    """

    def __init__(self, labels, ways=5, shots=1, queries=15, count=600, seed=0):
        numbers = {
            "ways": (ways, 2),
            "shots": (shots, 1),
            "queries": (queries, 1),
            "episodes": (count, 1),
            "seed": (seed, 0),
        }
        for field, (value, least) in numbers.items():
            if not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(f"{field}: need an integer of at least {least}, got {value!r}.")
        labels = check_labels(labels, len(labels))
        self.labels, counts = np.unique(labels, return_counts=True)
        if len(self.labels) < ways:
            raise ValueError(f"ways: got {ways}; the data has {len(self.labels)} classes.")
        if counts.min() < shots + queries:
            label, has = self.labels[counts.argmin()], counts.min()
            raise ValueError(
                f"queries: got {shots} shots and {queries} queries; class {label} has {has} images."
            )
        self.ways, self.shots, self.queries, self.count, self.seed = map(
            int, (ways, shots, queries, count, seed)
        )
        self._rows = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        if not 0 <= i < self.count:
            raise IndexError(f"episode {i} of {self.count}")
        rng = np.random.default_rng((self.seed, i))
        chosen = rng.choice(len(self.labels), self.ways, replace=False)
        rows = np.stack(
            [rng.choice(self._rows[c], self.shots + self.queries, replace=False) for c in chosen]
        )
        return Episode(self.labels[chosen], rows[:, : self.shots], rows[:, self.shots :])
