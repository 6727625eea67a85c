import numpy as np
import over_domains
from few_labels import mixed
from over_domains import softmax

from sslzoo.methods.generalization.mixup import Mixup


class TestMixup(over_domains.Checks):
    method = Mixup

    @classmethod
    def draws(cls, n, rng):
        share = rng.beta(0.2, 0.2, n)
        return {"mix": np.stack([share, rng.random(n)], axis=1).astype("float32")}

    def oracle(self, model, batch):
        view, targets = mixed([batch["view"], np.eye(10)[batch["labels"]]], batch["mix"])
        _, logits = self.forward(model, view.astype("float32"))
        return {"risk": -np.mean(np.sum(targets * np.log(softmax(logits)), axis=1))}
