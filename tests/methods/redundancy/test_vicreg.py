import warnings

import keras
import numpy as np
import pytest
from harness import MethodChecks, dtype_policy, inject
from keras import ops

from sslzoo import nn
from sslzoo.methods.redundancy.vicreg import VICReg


class TestVICReg(MethodChecks):
    learning_rate = 0.2
    drop = 0.2
    # A tenth of the paper's: at 25, float16 skips the first steps until its loss scale fits.
    weights = {"invariance": 2.5, "variance": 2.5, "covariance": 0.1}

    @classmethod
    def make(cls, **kwargs):
        settings = {"projection": (16, 8), "augment": "digits", **cls.weights}
        return VICReg(nn.backbone("micro", 8), **settings | kwargs)

    def oracle(self, model, batch):
        z1, z2 = (
            ops.convert_to_numpy(
                model.projector(model.backbone(batch[view], training=True), training=True)
            ).astype("float64")
            for view in ("view1", "view2")
        )
        variance, covariance = 0.0, 0.0
        for z in (z1, z2):
            c = np.cov(z.T)
            variance += np.maximum(0, 1 - np.sqrt(np.diag(c) + 1e-4)).mean() / 2
            covariance += (c**2).sum() / len(c) - (np.diag(c) ** 2).sum() / len(c)
        terms = {"variance": variance, "covariance": covariance}
        terms["invariance"] = np.mean((z1 - z2) ** 2)
        return {name: self.weights[name] * value for name, value in terms.items()}

    def test_the_papers_weights_are_the_default(self):
        model = VICReg(nn.backbone("micro", 8), projection=(8,))
        assert list(model.weights_of_terms.values()) == [25.0, 25.0, 1.0]

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    @pytest.mark.parametrize("values", [0.5, 1e4])
    def test_equal_and_huge_inputs_leave_the_weights_finite(self, policy, values):
        with dtype_policy(policy):
            model = inject(VICReg(nn.backbone("micro", 8), projection=(16, 8)))
            model.compile(keras.optimizers.SGD(0.01))
        batch = self.batch(16)
        for view in ("view1", "view2"):
            scale = values if values > 1 else 0
            batch[view] = (values + scale * batch[view]).astype("float32")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # equal inputs are a collapse
            model.fit(batch, batch_size=16, epochs=2, verbose=0)
        assert all(np.isfinite(ops.convert_to_numpy(v)).all() for v in model.weights)
