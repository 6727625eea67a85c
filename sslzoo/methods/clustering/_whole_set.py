"""What the methods share that cluster the whole training set before an epoch."""

from typing import Any

import numpy as np

from sslzoo.checks import check_index, refused
from sslzoo.data import Dataset
from sslzoo.training.feed import is_rows


class WholeSet:
    """The part of a `Method` that knows the rows of its training set by their numbers.

    A subclass sets `samples`, the most rows that its memory has, and `most_clusters`.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("deepcluster_v2", "micro", 8, samples=100, prototypes=[10])
        >>> model.training_data({"images": [[0.0]] * 20})["index"].shape
        (20,)
    """

    label_fields = ("index",)
    samples: int
    most_clusters: int

    def check(self, data: dict) -> None:
        check_index(data["index"], size=self.samples)

    def training_data(self, x: Any) -> Any:
        """What `fit` was given, with the numbers of the rows as "index".

        Raises:
            ValueError: A stream, more rows than `samples`, or fewer than clusters.
        """
        name = type(self).__name__
        if not is_rows(x):
            needed = f"be arrays or a Dataset: {name} clusters the whole set"
            raise refused("x", f"a {type(x).__name__}", needed)
        rows = x.fields if isinstance(x, Dataset) else self.named_batch(x)
        count = len(next(iter(rows.values())))
        if count > self.samples:
            needed = f"be at least {count}, the rows of the training set"
            raise refused("samples", self.samples, needed)
        if count < self.most_clusters:
            got = f"{count} rows for {self.most_clusters} clusters"
            raise refused("x", got, "have as many rows as clusters at least")
        index = np.arange(count)
        return x.replace(index=index) if isinstance(x, Dataset) else {**rows, "index": index}
