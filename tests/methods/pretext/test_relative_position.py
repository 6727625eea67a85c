import numpy as np
import pytest
from harness import MethodChecks
from keras import ops
from patched import PATCH, SIDE, log_softmax, patches_of, pictures

from sslzoo import nn
from sslzoo.methods.pretext.relative_position import RelativePosition


class TestRelativePosition(MethodChecks):
    learns = ("backbone", "classifier")
    learning_rate = 0.1
    drop = 0.1
    view_range = None

    @classmethod
    def make(cls, **kwargs):
        settings = {"units": 16, "grayscale": 0.0} | kwargs
        return RelativePosition(nn.backbone("micro", SIDE), **settings)

    @classmethod
    def example(cls, n):
        return pictures(n)

    @classmethod
    def batch(cls, n=13, seed=0):
        images = pictures(n)
        return {"images": images, "patches": patches_of(images)}

    def oracle(self, model, batch):
        flat = batch["patches"].reshape(-1, PATCH, PATCH, 3)
        features = nn.at_size(model.backbone, PATCH)(flat, training=True)
        features = ops.convert_to_numpy(features).reshape(-1, 9, model.feature_dim)
        sides = [0, 1, 2, 3, 5, 6, 7, 8]  # of the middle one
        pairs = [np.concatenate([row[4], row[side]]) for row in features for side in sides]
        logits = model.classifier(np.stack(pairs), training=True)
        found = log_softmax(ops.convert_to_numpy(logits))
        return {"relative_position": -np.mean([row[k % 8] for k, row in enumerate(found)])}


def test_images_too_small_for_patches_are_refused():
    with pytest.raises(ValueError, match="patch_size: got 1 px; it must be 2 to 2"):
        RelativePosition(nn.backbone("micro", 6))
