import numpy as np
import over_domains
from over_domains import cross_entropies

from sslzoo.methods.generalization.irm import IRM


def slope(logits, labels):
    """d/dv of the risk of v times the logits, by a central difference in float64."""
    if not len(labels):
        return 0.0
    up, down = (cross_entropies(logits * (1 + h), labels).mean() for h in (1e-6, -1e-6))
    return (up - down) / 2e-6


class TestIRM(over_domains.OverDomains):
    method = IRM
    drop = 0.1  # the terms are divided by the weight
    arguments = {"domains": over_domains.DOMAINS, "warm_up": 0.0, "penalty_weight": 2.0}

    def oracle(self, model, batch):
        domains = self.of_domains(model, batch)
        products = [
            slope(z[::2], labels[::2]) * slope(z[1::2], labels[1::2]) for _, z, labels in domains
        ]
        return {"risk": self.risks(model, batch).mean() / 2, "penalty": np.mean(products)}
