import numpy as np
import pytest
from harness import MethodChecks
from keras import ops

from sslzoo import nn
from sslzoo.methods.contrastive.simclr import SimCLR
from sslzoo.nn import ema


class TestSimCLR(MethodChecks):
    learns = ("backbone", "projector")
    drop = 0.3

    @classmethod
    def make(cls, **kwargs):
        return SimCLR(
            nn.backbone("micro", 8), **{"projection": (16, 8), "augment": "digits"} | kwargs
        )

    def oracle(self, model, batch):
        views = np.concatenate([batch["view1"], batch["view2"]])
        z = ops.convert_to_numpy(
            model.projector(model.backbone(views, training=True), training=True)
        ).astype("float64")
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        n, terms = len(views) // 2, []
        for i in range(2 * n):
            others = [np.exp(z[i] @ z[k] / model.temperature) for k in range(2 * n) if k != i]
            terms.append(
                -np.log(np.exp(z[i] @ z[(i + n) % (2 * n)] / model.temperature) / sum(others))
            )
        return {"nt_xent": np.mean(terms)}

    def test_bfloat16_trains_and_stays_finite(self):
        self.check_precision("mixed_bfloat16")

    def test_default_projector_is_the_official_one(self):
        model = SimCLR(nn.backbone("micro", 8))
        shapes = [(v.name, tuple(v.shape)) for v in ema.parameters(model.projector)]
        assert shapes == [
            ("kernel", (16, 16)),
            ("gamma", (16,)),
            ("beta", (16,)),
            ("kernel", (16, 128)),
            ("gamma", (128,)),  # the last BatchNorm scales and does not shift
        ]

    def test_temperature_reaches_the_loss(self):
        losses = [
            float(self.make(temperature=t).losses_logs_kept(self.batch())[0]["nt_xent"])
            for t in (0.1, 0.5)
        ]
        assert losses[0] != pytest.approx(losses[1], rel=1e-2)

    def test_hard_negatives_reach_the_loss(self):
        plain, hard, prior = (
            float(self.make(**options).losses_logs_kept(self.batch())[0]["nt_xent"])
            for options in ({}, {"hardness": 1.0}, {"class_prior": 0.1})
        )
        assert hard > plain + 0.01  # similar negatives count more
        assert prior < plain - 0.01  # some of the negatives are none
