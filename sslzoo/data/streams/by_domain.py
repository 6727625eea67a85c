"""Batches with the same number of rows from every domain."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import check_fields, refused, whole
from sslzoo.data.dataset import Dataset, as_dataset, batch_of
from sslzoo.data.endless import Endless
from sslzoo.data.periods import SEGMENTS, cut_periods


class ByDomain(Endless):
    """Batches for `fit(by_domain, epochs=...)`: all fields of the data and "index", `samples` rows
    of each domain.

    Each batch draws the rows of a domain without replacement, by np.random.default_rng((seed,
    epoch, k)). Rows come domain by domain.

    Args:
        dataset: A `Dataset` or a dict of fields, with `domains`, or with series in the order of
            time.
        samples: Rows of each domain in a batch. AdaRNN's code has 36.
        periods: Number of domains for series without `domains`. `cut_periods` cuts the series into
            the periods that differ most.
        segments: Equal parts of the span. Cuts lie between them. With as many segments as periods,
            all periods have equal length.
        steps_per_epoch: Default: enough steps to draw as many rows as the set has.
        seed: Random seed of the order. The global step of item 0 is `start`.

    Attributes:
        count: K, the number of domains.

    Raises:
        ValueError: There are neither domains nor periods, or both, or a domain has fewer than
            `samples` rows.

    >>> data = {"vectors": np.eye(5), "domains": [1, 0, 0, 1, 1]}
    >>> ByDomain(data, samples=2)[0]["domains"]
    array([0, 0, 1, 1])
    """

    def __init__(
        self,
        dataset: Dataset | dict,
        samples: int = 36,
        periods: int | None = None,
        steps_per_epoch: int | None = None,
        seed: int = 0,
        start: int = 0,
        segments: int = SEGMENTS,
    ) -> None:
        self.samples = whole("samples", samples, least=1)
        self.periods, self.segments = periods, whole("segments", segments, least=1)
        dataset = as_dataset(dataset)
        fields = {"domains": self._periods(dataset)} | dataset.fields
        self._arrays = check_fields(fields, dataset.classes)
        domains = self._arrays["domains"]
        present, counts = np.unique(domains, return_counts=True)
        if counts.min() < samples:
            has = f"be at most {counts.min()}, the {dataset.field} of domain"
            raise refused("samples", samples, f"{has} {present[counts.argmin()]}")
        self.count, self.size = len(present), len(domains)
        if steps_per_epoch is None:
            steps_per_epoch = max(1, self.size // (self.count * self.samples))
        super().__init__(self.count * self.samples, steps_per_epoch, seed, start)
        self._of_domain = np.split(np.argsort(domains, kind="stable"), np.cumsum(counts)[:-1])

    def _periods(self, dataset):
        if (self.periods is None) != ("domains" in dataset.fields):
            got = "no domains" if self.periods is None else "domains and periods"
            raise refused("data", got, "have domains, or be series to cut into periods")
        if self.periods is None:
            return None
        if dataset.field != "series":
            raise refused("periods", f"{self.periods} of {dataset.field}", "be of series")
        return cut_periods(dataset.inputs, self.periods, self.segments)

    @property
    def arrays(self) -> dict[str, NDArray]:
        return self._arrays

    @property
    def settings(self) -> dict[str, Any]:
        own = {"samples": self.samples, "periods": self.periods, "segments": self.segments}
        return super().settings | own

    def batch(self, epoch: int, k: int) -> dict[str, NDArray]:
        rng = np.random.default_rng((self.seed, epoch, k))
        drawn = [rng.choice(rows, self.samples, replace=False) for rows in self._of_domain]
        return batch_of(self._arrays, np.concatenate(drawn))
