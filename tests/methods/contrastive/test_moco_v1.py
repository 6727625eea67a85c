import numpy as np
from harness import MethodChecks

from sslzoo import nn
from sslzoo.methods.contrastive.moco_v1 import MoCoV1
from sslzoo.nn import ema


def unit(rows):
    rows = np.asarray(rows, "float64")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class TestMoCoV1(MethodChecks):
    stopped = ("key_backbone", "key_projector")
    learning_rate = 0.02
    drop = 0.3
    first = 1  # at first the queue is random and easy

    @classmethod
    def make(cls, **kwargs):
        settings = {"projection": (8,), "queue_size": 32, "groups": 1, "augment": "digits"}
        return MoCoV1(nn.backbone("micro", 8), **settings | kwargs)

    def oracle(self, model, batch):
        q = model.projector(model.backbone(batch["view1"], training=True), training=True)
        q, k = unit(q), unit(batch["keys"])
        queue, terms = np.asarray(model.queue.rows, "float64"), []
        for query, key in zip(q, k, strict=True):
            logits = np.array([query @ key, *(queue @ query)]) / model.temperature
            terms.append(np.log(np.exp(logits).sum()) - logits[0])
        return {"info_nce": np.mean(terms)}

    def test_the_settings_are_those_of_the_first_paper(self):
        model = MoCoV1(nn.backbone("micro", 8))
        assert (model.queue.capacity, model.momentum, model.temperature) == (65536, 0.999, 0.07)
        shapes = [tuple(v.shape) for v in ema.parameters(model.projector)]
        assert shapes == [(16, 128), (128,)]  # one linear layer
