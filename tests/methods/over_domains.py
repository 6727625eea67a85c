"""What the tests of the methods of domain generalization share beside the harness."""

import numpy as np
import pytest
from harness import MethodChecks, _digits, digits
from keras import ops

from sslzoo import nn

DOMAINS = 3


def cross_entropies(logits, labels):
    logits = logits - logits.max(axis=1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -logs[np.arange(len(labels)), labels]


def softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Checks(MethodChecks):
    """Of ERM and what needs no domains."""

    learns = ("backbone", "head")
    learning_rate = 0.1
    drop = 0.3
    method = None
    arguments = {}

    @classmethod
    def make(cls, **kwargs):
        arguments = {"augment": "digits"} | cls.arguments | kwargs
        return cls.method(nn.backbone("micro", 8), 10, **arguments)

    @classmethod
    def batch(cls, n=13, seed=0):
        rng = np.random.default_rng(seed)
        images = digits(n)
        clean = np.repeat(images / 255.0, 3, axis=-1)
        view = np.clip(clean + rng.normal(0, 0.1, clean.shape), 0, 1).astype("float32")
        fields = {"labels": _digits().labels[:n], "domains": np.arange(n) * 7 % DOMAINS}
        own = {field: fields[field] for field in cls.method.label_fields}
        return {"images": images, **own, "view": view, **cls.draws(n, rng)}

    @classmethod
    def draws(cls, n, rng):
        """What `views` draws beside the view."""
        return {}

    def forward(self, model, view):
        """Features and logits, float64."""
        features = model.backbone(view, training=True)
        logits = model.head(features, training=True)
        return [ops.convert_to_numpy(x).astype("float64") for x in (features, logits)]


class OverDomains(Checks):
    arguments = {"domains": DOMAINS}

    def of_domains(self, model, batch):
        """[(features, logits, labels)] of each domain, in the order of the batch."""
        features, logits = self.forward(model, batch["view"])
        parts = (batch["domains"] == k for k in range(DOMAINS))
        return [
            (features[part], logits[part], batch["labels"][part]) for part in parts if part.any()
        ]

    def risks(self, model, batch):
        return np.array(
            [cross_entropies(z, labels).mean() for _, z, labels in self.of_domains(model, batch)]
        )

    def test_a_domain_beyond_those_of_the_model_is_refused(self):
        model = self.make(domains=2)
        model.compile("sgd")
        with pytest.raises(ValueError, match="domains: got 2; it must be below the 2 domains"):
            model.fit(self.batch(16), batch_size=16, verbose=0)

    def test_one_domain_is_none_to_compare(self):
        with pytest.raises(ValueError, match="domains: got 1"):
            self.make(domains=1)
