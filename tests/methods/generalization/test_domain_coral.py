from itertools import combinations

import numpy as np
import over_domains

from sslzoo.methods.generalization.domain_coral import DomainCORAL


def distance(a, b):
    means = np.mean((a.mean(axis=0) - b.mean(axis=0)) ** 2)
    return means + np.mean((np.cov(a.T) - np.cov(b.T)) ** 2)


class TestDomainCORAL(over_domains.OverDomains):
    method = DomainCORAL
    arguments = {"domains": over_domains.DOMAINS, "coral_weight": 3.0}

    def oracle(self, model, batch):
        features = [f for f, _, _ in self.of_domains(model, batch) if len(f) > 1]
        distances = [distance(*pair) for pair in combinations(features, 2)]
        coral = 3 * np.mean(distances) if distances else 0.0
        return {"risk": self.risks(model, batch).mean(), "coral": coral}
