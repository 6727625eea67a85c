import keras
import numpy as np
import pytest
from harness import MethodChecks, inject
from keras import ops

from sslzoo import nn
from sslzoo.methods.contrastive.moco_v3 import MoCoV3
from sslzoo.nn import ema


def unit(rows):
    rows = np.asarray(rows, "float64")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class TestMoCoV3(MethodChecks):
    learns = ("backbone", "projector", "predictor")
    stopped = ("key_backbone", "key_projector")
    learning_rate = 0.2
    drop = 0.3

    @classmethod
    def make(cls, **kwargs):
        units = {"projection": (16, 8), "prediction": (16, 8), "augment": "digits"}
        return MoCoV3(nn.backbone("micro", 8), **units | kwargs)

    def oracle(self, model, batch):
        loss = 0.0
        for view, keys in (("view1", "keys2"), ("view2", "keys1")):
            q = batch[view]
            for network in (model.backbone, model.projector, model.predictor):
                q = network(q, training=True)
            q, k = unit(q), unit(batch[keys])
            for i in range(len(q)):
                logits = k @ q[i] / model.temperature
                term = np.log(np.exp(logits).sum()) - logits[i]
                loss += 2 * model.temperature * term / len(q)
        return {"info_nce": loss}

    def test_the_key_network_moves_before_its_keys_along_half_a_cosine(self):
        model = inject(self.make(momentum=0.9))
        model.compile(keras.optimizers.SGD(0.3))
        expected = [ops.convert_to_numpy(v).copy() for v in ema.parameters(model.key_backbone)]

        class Follow(keras.callbacks.Callback):
            def on_train_begin(self, logs=None):
                self.k = 0

            def on_train_batch_begin(self, step, logs=None):
                self.model.sync_state()
                self.online = [
                    ops.convert_to_numpy(v).copy() for v in ema.parameters(self.model.backbone)
                ]

            def on_train_batch_end(self, step, logs=None):
                self.model.sync_state()
                m = 1 - (1 - 0.9) * (np.cos(np.pi * self.k / 6) + 1) / 2
                self.k += 1
                for value, online in zip(expected, self.online, strict=True):
                    value *= m
                    value += (1 - m) * online
                for value, key in zip(
                    expected, ema.parameters(self.model.key_backbone), strict=True
                ):
                    np.testing.assert_allclose(
                        ops.convert_to_numpy(key), value, rtol=1e-5, atol=1e-6
                    )

        model.fit(self.batch(24), batch_size=8, epochs=2, callbacks=[Follow()], verbose=0)

    def test_prediction_must_end_as_the_projection(self):
        with pytest.raises(ValueError, match="prediction: got 4 units at its end; it must end as"):
            self.make(prediction=(16, 4))
