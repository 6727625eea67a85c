import numpy as np
from harness import MethodChecks
from keras import ops

from sslzoo import nn
from sslzoo.methods.redundancy.barlow_twins import BarlowTwins
from sslzoo.nn import ema


class TestBarlowTwins(MethodChecks):
    learning_rate = 0.05
    drop = 0.2

    @classmethod
    def make(cls, **kwargs):
        settings = {"projection": (16, 8), "augment": "digits"}
        return BarlowTwins(nn.backbone("micro", 8), **settings | kwargs)

    def oracle(self, model, batch):
        standard = []
        for view in (batch["view1"], batch["view2"]):
            z = model.projector(model.backbone(view, training=True), training=True)
            z = ops.convert_to_numpy(z).astype("float64")
            standard.append((z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5))
        z1, z2 = standard
        c = z1.T @ z2 / len(z1)
        squares = np.where(np.eye(len(c)), (1 - c) ** 2, model.redundancy_weight * c**2)
        return {"barlow_twins": squares.sum()}

    def test_the_projector_has_neither_bias_nor_a_last_batch_norm(self):
        model = BarlowTwins(nn.backbone("micro", 8), projection=(32, 16, 8))
        shapes = [(v.name, tuple(v.shape)) for v in ema.parameters(model.projector)]
        hidden = [("gamma", (32,)), ("beta", (32,)), ("kernel", (32, 16))]
        hidden += [("gamma", (16,)), ("beta", (16,))]
        assert shapes == [("kernel", (16, 32)), *hidden, ("kernel", (16, 8))]
