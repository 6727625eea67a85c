from typing import Any

import keras

from sslzoo import losses
from sslzoo.methods.generalization._domains import Penalized


@keras.saving.register_keras_serializable("sslzoo")
class VREx(Penalized):
    """Krueger et al. 2021, "Out-of-Distribution Generalization via Risk Extrapolation",
    arXiv:2003.00688.

        loss = 1/K sum_k R_k + w 1/K sum_k (R_k - mean R)^2

    R_k is the mean cross-entropy of domain k. Equal risks everywhere mean that what is used holds
    everywhere. w is 1 in the first part of the run.

    Needs: items with labels and domains. See `sslzoo.data.ByDomain`.

    Known weakness: A domain that is harder for a good reason holds all others back.

    Args:
        backbone, classes, augment: As for `ERM`.
        domains: K, the number of domains in training.
        penalty_weight: w. Default: 10, as in DomainBed. The paper has 1e4 on ColoredMNIST.
        warm_up: Share of the run with w = 1.

    Example:
        >>> import numpy as np, sslzoo
        >>> digits = sslzoo.data.load("digits")[:32] | {"domains": np.arange(32) % 2}
        >>> model = sslzoo.build("vrex", "micro", 8, classes=10, domains=2)
        >>> history = model.fit(digits, batch_size=32, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        domains: int,
        penalty_weight: float = 10.0,
        warm_up: float = 0.1,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, domains, penalty_weight, warm_up, augment, seed, name)

    def penalty(self, risks: Any, present: Any, rows: dict) -> Any:
        return losses.risk_variance(risks, present)
