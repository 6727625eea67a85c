import keras
import numpy as np
import pytest
from harness import MethodChecks, gradients
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.methods.asymmetric.simsiam import SimSiam
from sslzoo.nn import ema


class TestSimSiam(MethodChecks):
    learns = ("backbone", "projector", "predictor")
    learning_rate = 0.1
    drop = 0.3

    @classmethod
    def make(cls, **kwargs):
        settings = {"projection": (16, 16), "prediction": 8, "augment": "digits"}
        return SimSiam(nn.backbone("micro", 8), **settings | kwargs)

    def oracle(self, model, batch):
        z = [
            model.projector(model.backbone(batch[view], training=True), training=True)
            for view in ("view1", "view2")
        ]
        loss = 0.0
        for mine, other in (z, z[::-1]):
            p = ops.convert_to_numpy(model.predictor(mine, training=True)).astype("float64")
            other = ops.convert_to_numpy(other).astype("float64")
            for a, b in zip(p, other, strict=True):
                loss -= (a @ b) / np.sqrt((a @ a) * (b @ b)) / len(p) / 2
        return {"simsiam": loss}

    def test_no_gradient_comes_from_the_side_of_the_target(self):
        """With a predictor whose output is a constant, only the target could move the rest."""
        model = self.make()
        last = model.predictor.get_layer("predictor_dense2")
        last.kernel.assign(np.zeros(last.kernel.shape))
        last.bias.assign(np.ones(last.bias.shape))
        found = gradients(model, self.batch())
        for variable in ema.parameters(model.projector) + ema.parameters(model.backbone):
            assert np.abs(found[id(variable)]).max() < 1e-7, variable.path

    def test_the_rate_of_the_predictor_is_constant(self):
        units = {"projection": (16, 16), "prediction": 8}
        model = sslzoo.build("simsiam", "micro", 8, augment="digits", **units)
        images = sslzoo.data.load("digits").images[:64]
        model.fit(images, batch_size=32, epochs=2, verbose=0)
        model.sync_state()
        predictor, main = model.optimizer.optimizers
        rates = [float(ops.convert_to_numpy(o.learning_rate)) for o in (main, predictor)]
        assert rates == pytest.approx([0.0, 0.03], abs=1e-9)
        moved = {v.path for v in ema.parameters(model.predictor)}
        assert {v.path for v in predictor._trainable_variables} == moved

    def test_mixed_precision_with_the_recipe_trains(self):
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy("mixed_float16")
        try:
            units = {"projection": (16, 16), "prediction": 8}
            model = sslzoo.build("simsiam", "micro", 8, augment="digits", **units)
        finally:
            keras.config.set_dtype_policy(before)
        images = sslzoo.data.load("digits").images[:64]
        history = model.fit(images, batch_size=32, epochs=2, verbose=0).history
        assert np.isfinite(history["loss"]).all()
