from typing import Any

import keras
from keras import initializers, ops

from sslzoo import nn
from sslzoo.checks import above
from sslzoo.methods.generalization._domains import OverDomains


@keras.saving.register_keras_serializable("sslzoo")
class GroupDRO(OverDomains):
    """Sagawa et al. 2020, "Distributionally Robust Neural Networks for Group Shifts",
    arXiv:1911.08731, algorithm 1.

        q_k <- q_k exp(step R_k), then q <- q / sum q
        loss = sum_k q_k R_k

    The shares q move to the domains that are worst now. They are constants for the gradient. A
    domain without a row in the batch keeps its part.

    Needs: items with labels and domains. See `sslzoo.data.ByDomain`.

    Known weakness: Noise in the labels of one domain takes all the attention. Without strong
    regularization a large network brings every risk to 0, and nothing is left to weigh.

    Args:
        backbone, classes, augment: As for `ERM`.
        domains: K, the number of domains in training.
        step: How fast the shares move. Default: 0.01, as in the paper and in DomainBed.

    Example:
        >>> import numpy as np, sslzoo
        >>> digits = sslzoo.data.load("digits")[:32] | {"domains": np.arange(32) % 2}
        >>> model = sslzoo.build("group_dro", "micro", 8, classes=10, domains=2)
        >>> history = model.fit(digits, batch_size=32, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        domains: int,
        step: float = 0.01,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, domains, augment, seed, name)
        self.step = float(above("step", step, 0))
        self.run_state = nn.State(name="run_state")
        self.shares = self.run_state.add_weight(
            shape=(domains,),
            initializer=initializers.Constant(1 / domains),
            dtype="float32",
            trainable=False,
            aggregation="only_first_replica",  # each has the risks of the global batch
            name="shares",
        )
        self.run_state.built = True

    def terms(self, risks: Any, present: Any, rows: dict) -> dict:
        grown = self.shares * ops.exp(self.step * ops.stop_gradient(risks))
        shares = grown / ops.sum(grown)
        self.keep("shares", shares)
        self.track("largest_share", ops.max(shares))
        return {"risk": ops.sum(ops.stop_gradient(shares) * risks)}

    def after_step(self, batch: dict) -> None:
        self.shares.assign(batch["shares"])
