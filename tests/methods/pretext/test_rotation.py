import numpy as np
import pytest
from harness import MethodChecks, digits, two_views
from keras import ops

from sslzoo import nn
from sslzoo.methods.pretext.rotation import Rotation


class TestRotation(MethodChecks):
    learns = ("backbone", "classifier")
    learning_rate = 0.1
    drop = 0.3

    @classmethod
    def make(cls, **kwargs):
        return Rotation(nn.backbone("micro", 8), **{"augment": "none"} | kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        return {"images": digits(n), "view": two_views(digits(n), seed)["view1"]}

    def oracle(self, model, batch):
        images = ops.convert_to_numpy(batch["view"])
        turned = np.concatenate([np.rot90(images, k, axes=(1, 2)) for k in range(4)])
        logits = model.classifier(model.backbone(turned, training=True), training=True)
        logits = ops.convert_to_numpy(logits).astype("float64")
        logits -= np.log(np.exp(logits).sum(1, keepdims=True))
        turns = np.repeat(np.arange(4), len(images))
        return {"rotation": -logits[np.arange(len(turns)), turns].mean()}


def test_refuses_a_backbone_without_images():
    with pytest.raises(ValueError, match="read images"):
        Rotation(nn.backbone("gru"))
