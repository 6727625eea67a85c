from typing import Any

import keras

from sslzoo import losses
from sslzoo.methods.generalization._domains import Penalized


@keras.saving.register_keras_serializable("sslzoo")
class IRM(Penalized):
    """Arjovsky et al. 2019, "Invariant Risk Minimization", arXiv:1907.02893, in its form IRMv1.

        loss = 1/K sum_k R_k + w 1/K sum_k |d/dv R_k(v f) at v = 1|^2

    The features shall be such that one classifier is best in every domain. The penalty is the
    slope of each risk along a scale v of the logits. See `sslzoo.losses.irm_penalty`.

    Needs: items with labels and domains. See `sslzoo.data.ByDomain`.

    Known weakness: With few domains or a large network the penalty vanishes on the training data,
    and the method is ERM again (Rosenfeld et al. 2021, arXiv:2010.05761). w and the time at which
    it grows decide.

    Args:
        backbone, classes, augment: As for `ERM`.
        domains: K, the number of domains in training.
        penalty_weight: w. Default: 100, as in DomainBed. The paper has 91,257 on ColoredMNIST.
        warm_up: Share of the run with w = 1.

    Example:
        >>> import numpy as np, sslzoo
        >>> digits = sslzoo.data.load("digits")[:32] | {"domains": np.arange(32) % 2}
        >>> model = sslzoo.build("irm", "micro", 8, classes=10, domains=2)
        >>> history = model.fit(digits, batch_size=32, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        domains: int,
        penalty_weight: float = 100.0,
        warm_up: float = 0.1,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, domains, penalty_weight, warm_up, augment, seed, name)

    def penalty(self, risks: Any, present: Any, rows: dict) -> Any:
        return losses.irm_penalty(rows["logits"], rows["labels"], rows["domains"], self.domains)
