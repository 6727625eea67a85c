import keras
import numpy as np
import pytest
from harness import MethodChecks, digits, two_views
from keras import ops

from sslzoo import nn
from sslzoo.methods.semisupervised.distillation import Distillation


def teacher(side=8, seed=7):
    network = nn.backbone("micro", side, seed=seed)
    head = nn.head(network.output_shape[-1], [(10, None, None)], "answers", seed=seed + 1)
    return keras.Model(network.input, head(network.output))


class TestDistillation(MethodChecks):
    learns = ("backbone", "head")
    stopped = ("teacher",)
    learning_rate = 0.5
    drop = 0.01

    @classmethod
    def make(cls, **kwargs):
        arguments = {"teacher": teacher(), "augment": "none"} | kwargs
        return Distillation(nn.backbone("micro", 8), **arguments)

    @classmethod
    def batch(cls, n=13, seed=0):
        return {"images": digits(n), "view": two_views(digits(n), seed)["view1"]}

    def oracle(self, model, batch):
        student = model.head(model.backbone(batch["view"], training=True), training=True)
        logs = []
        for logits in (model.teacher(batch["view"], training=False), student):
            logits = ops.convert_to_numpy(logits).astype("float64") / model.temperature
            logs.append(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))
        return {"distillation": -(np.exp(logs[0]) * logs[1]).sum(axis=1).mean()}

    def test_the_teacher_stays_as_it_is(self):
        model = self.make()
        before = model.teacher.get_weights()
        model.compile(keras.optimizers.SGD(0.5))
        model.fit(digits(32), batch_size=16, verbose=0)
        after = model.teacher.get_weights()
        assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))

    def test_a_teacher_of_another_size_is_refused(self):
        with pytest.raises(ValueError, match="teacher: got one that reads .* what the student"):
            self.make(teacher=teacher(side=16))
