import numpy as np
from harness import MethodChecks
from keras import ops
from patched import PATCH, SIDE, log_softmax, patches_of, pictures

from sslzoo import nn
from sslzoo.methods.pretext.jigsaw import Jigsaw


class TestJigsaw(MethodChecks):
    learns = ("backbone", "projector", "classifier")
    learning_rate = 0.1
    drop = 0.3
    view_range = None

    @classmethod
    def make(cls, **kwargs):
        settings = {"permutations": 6, "patch_units": 8, "units": 16, "grayscale": 0.0}
        return Jigsaw(nn.backbone("micro", SIDE), **settings | kwargs)

    @classmethod
    def example(cls, n):
        return pictures(n)

    @classmethod
    def batch(cls, n=13, seed=0):
        order = np.random.default_rng(seed).integers(0, 6, n).astype("int32")
        images = pictures(n)
        return {"images": images, "patches": patches_of(images), "order": order}

    def oracle(self, model, batch):
        orders = model.permutations.orders[batch["order"]]
        moved = [patches[order] for patches, order in zip(batch["patches"], orders, strict=True)]
        features = nn.at_size(model.backbone, PATCH)(np.concatenate(moved), training=True)
        embedded = ops.convert_to_numpy(model.projector(features, training=True))
        row = embedded.reshape(len(moved), -1)
        found = log_softmax(ops.convert_to_numpy(model.classifier(row, training=True)))
        return {"jigsaw": -found[np.arange(len(moved)), batch["order"]].mean()}

    def test_orders_are_drawn_anew_and_kept_with_the_weights(self):
        model = self.make()
        drawn = [ops.convert_to_numpy(model.views(self.batch(64))["order"]) for _ in range(2)]
        assert set(drawn[0]) == set(range(6)) and not (drawn[0] == drawn[1]).all()
        assert any("kept" in weight.path for weight in model.weights)
