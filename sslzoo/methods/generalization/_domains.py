"""What the methods share that know of which domain a row is."""

from typing import Any

import keras
from keras import ops

from sslzoo import backends, losses
from sslzoo.checks import at_least, in_range, refused, whole
from sslzoo.losses.semisupervised import cross_entropies
from sslzoo.methods.generalization.erm import ERM


class OverDomains(ERM):
    """ERM with the domain of each row.

    A subclass gives `terms`. Losses read the global batch, so that replicas do as one device.

    Args:
        backbone, classes, augment: As for `ERM`.
        domains: K, the number of domains in training, at least 2.

    Example:
        >>> import sslzoo
        >>> sslzoo.build("vrex", "micro", 8, classes=10, domains=3).fields
        ('images', 'labels', 'domains')
    """

    label_fields = ("labels", "domains")

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        domains: int,
        augment: Any,
        seed: int,
        name: str | None,
    ) -> None:
        super().__init__(backbone, classes, augment, seed, name)
        self.domains = whole("domains", domains, least=2)

    def check(self, data: dict) -> None:
        super().check(data)
        if "domains" in data and data["domains"].max(initial=0) >= self.domains:
            needed = f"be below the {self.domains} domains of this model"
            raise refused("domains", int(data["domains"].max()), needed)

    def compute_losses(self, batch: dict) -> dict:
        features = self.represent(batch["view"])
        logits = self.head(features, training=True)
        rows = {"features": features, "logits": logits}
        rows |= {field: batch[field] for field in self.label_fields}
        rows = {name: backends.gather(values) for name, values in rows.items()}
        entropies = cross_entropies(rows["logits"], rows["labels"])
        risks, present = losses.domain_means(entropies, rows["domains"], self.domains)
        return self.terms(risks, present, rows)

    def terms(self, risks: Any, present: Any, rows: dict) -> dict:
        """{name: scalar}, weighted, of the risks (K,), which domains are present, 1 or 0 (K,), and
        the features (N, D), logits (N, C), labels and domains (N,) of the global batch.
        """
        raise NotImplementedError(f"{type(self).__name__}.terms is missing.")

    def mean(self, risks: Any, present: Any) -> Any:
        """Over the domains that are present."""
        return ops.sum(risks * present) / ops.maximum(ops.sum(present), 1.0)


class Penalized(OverDomains):
    """The mean risk and a penalty whose weight grows at once after the first part of the run.

    Before, the weight is 1. From then on both terms are divided by the weight where it is above 1,
    so that the gradient keeps its size (facebookresearch/InvariantRiskMinimization,
    code/colored_mnist). DomainBed makes a new optimizer in its place.

    Args:
        backbone, classes, domains, augment: As for `OverDomains`.
        penalty_weight: After the share `warm_up`.
        warm_up: Share of the run with the weight 1. DomainBed has 500 of 5,000 steps.

    Example:
        >>> import sslzoo
        >>> sslzoo.build("irm", "micro", 8, classes=10, domains=3).penalty_weight
        100.0
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        domains: int,
        penalty_weight: float,
        warm_up: float,
        augment: Any,
        seed: int,
        name: str | None,
    ) -> None:
        super().__init__(backbone, classes, domains, augment, seed, name)
        self.penalty_weight = float(at_least("penalty_weight", penalty_weight, 0))
        self.warm_up = float(in_range("warm_up", warm_up, 0, 1))

    def terms(self, risks: Any, present: Any, rows: dict) -> dict:
        early = self.clock.progress() < self.warm_up
        weight = ops.where(early, 1.0, self.penalty_weight)
        scale = 1.0 / ops.maximum(weight, 1.0)
        penalty = self.penalty(risks, present, rows)
        return {
            "risk": scale * self.mean(risks, present),
            "penalty": scale * weight * penalty,
        }

    def penalty(self, risks: Any, present: Any, rows: dict) -> Any:
        """A scalar."""
        raise NotImplementedError(f"{type(self).__name__}.penalty is missing.")
