from typing import Any

import keras

from sslzoo import losses
from sslzoo.checks import at_least
from sslzoo.methods.generalization._domains import OverDomains


@keras.saving.register_keras_serializable("sslzoo")
class DomainCORAL(OverDomains):
    """Sun & Saenko 2016, "Deep CORAL", arXiv:1607.01719, between all training domains, as in
    Gulrajani & Lopez-Paz 2021, "In Search of Lost Domain Generalization", arXiv:2007.01434.

        loss = 1/K sum_k R_k + w mean over pairs of |mean_k - mean_l|^2/D + |cov_k - cov_l|_F^2/D^2

    Features whose first two moments are alike in every domain. No item of the new domain is seen.
    With items of it, see `DeepCORAL` and `CORAL`.

    Needs: items with labels and domains. See `sslzoo.data.ByDomain`.

    Known weakness: Where the classes are not equally frequent in all domains, alike moments are
    wrong.

    Args:
        backbone, classes, augment: As for `ERM`.
        domains: K, the number of domains in training.
        coral_weight: w. Default: 1, as in DomainBed.

    Example:
        >>> import numpy as np, sslzoo
        >>> digits = sslzoo.data.load("digits")[:32] | {"domains": np.arange(32) % 2}
        >>> model = sslzoo.build("domain_coral", "micro", 8, classes=10, domains=2)
        >>> history = model.fit(digits, batch_size=32, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        domains: int,
        coral_weight: float = 1.0,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, domains, augment, seed, name)
        self.coral_weight = float(at_least("coral_weight", coral_weight, 0))

    def terms(self, risks: Any, present: Any, rows: dict) -> dict:
        distance = losses.moment_distance(rows["features"], rows["domains"], self.domains)
        return {"risk": self.mean(risks, present), "coral": self.coral_weight * distance}
