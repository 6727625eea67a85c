import keras
import numpy as np
import pytest
from harness import MethodChecks, inject
from keras import ops

from sslzoo import nn
from sslzoo.methods.asymmetric.byol import BYOL
from sslzoo.nn import ema


class TestBYOL(MethodChecks):
    learns = ("backbone", "projector", "predictor")
    stopped = ("target_backbone", "target_projector")
    learning_rate = 0.2
    drop = 0.5

    @classmethod
    def make(cls, **kwargs):
        sizes = {"projection": (16, 8), "prediction": (16, 8), "augment": "digits"}
        return BYOL(nn.backbone("micro", 8), **sizes | kwargs)

    def oracle(self, model, batch):
        def run(view, *networks):
            for network in networks:
                view = network(view, training=True)
            return ops.convert_to_numpy(view).astype("float64")

        loss = 0.0
        for view, other in (("view1", "view2"), ("view2", "view1")):
            prediction = run(batch[view], model.backbone, model.projector, model.predictor)
            target = run(batch[other], model.target_backbone, model.target_projector)
            for p, z in zip(prediction, target, strict=True):
                loss += (2 - 2 * (p @ z) / np.sqrt((p @ p) * (z @ z))) / len(prediction)
        return {"byol": loss}

    def test_target_starts_as_the_online_network(self):
        model = self.make()
        for online, target in (
            (model.backbone, model.target_backbone),
            (model.projector, model.target_projector),
        ):
            for mine, theirs in zip(online.get_weights(), target.get_weights(), strict=True):
                np.testing.assert_array_equal(mine, theirs)

    def test_target_normalizes_by_its_own_batch(self):
        model, batch = self.make(), self.batch()
        moving_mean = model.target_backbone.get_layer("block1_bn").moving_mean
        before = ops.convert_to_numpy(moving_mean)
        first, _, _ = model.losses_logs_kept(batch)
        assert (ops.convert_to_numpy(moving_mean) != before).any()
        for variable in model.target_backbone.weights:
            if variable.name == "moving_mean":
                variable.assign(np.ones(variable.shape))
        second, _, _ = model.losses_logs_kept(batch)
        assert float(first["byol"]) == pytest.approx(float(second["byol"]), rel=1e-6)

    def test_target_follows_the_new_weights_along_the_cosine(self):
        """target_k = tau_k target_{k-1} + (1 - tau_k) online_k, tau_k = 1 - (1 - tau_0)(cos(pi k /
        K) + 1) / 2, k from 0; a second `fit` runs the schedule again from its start.
        """
        model = inject(self.make(momentum=0.9))
        model.compile(keras.optimizers.SGD(0.3))
        expected = [ops.convert_to_numpy(v).copy() for v in ema.parameters(model.target_backbone)]

        class Follow(keras.callbacks.Callback):
            def on_train_begin(self, logs=None):
                self.k = 0

            def on_train_batch_end(self, step, logs=None):
                self.model.sync_state()
                tau = 1 - (1 - 0.9) * (np.cos(np.pi * self.k / 6) + 1) / 2
                self.k += 1
                for value, online in zip(
                    expected, ema.parameters(self.model.backbone), strict=True
                ):
                    value *= tau
                    value += (1 - tau) * ops.convert_to_numpy(online)
                for value, target in zip(
                    expected, ema.parameters(self.model.target_backbone), strict=True
                ):
                    np.testing.assert_allclose(
                        ops.convert_to_numpy(target), value, rtol=1e-5, atol=1e-6
                    )

        for _ in range(2):
            model.fit(self.batch(24), batch_size=8, epochs=2, callbacks=[Follow()], verbose=0)

    def test_prediction_must_end_as_the_projection(self):
        with pytest.raises(
            ValueError, match="prediction: got 4 units at its end; it must end as proj"
        ):
            self.make(prediction=(16, 4))
