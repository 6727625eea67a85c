import numpy as np
import pytest
from harness import MethodChecks
from keras import ops

from sslzoo import data, nn
from sslzoo.methods.contrastive.sup_con import SupCon


class TestSupCon(MethodChecks):
    learning_rate = 0.1
    drop = 0.3

    @classmethod
    def make(cls, **kwargs):
        settings = {"projection": (16, 8), "augment": "digits"}
        return SupCon(nn.backbone("micro", 8), **settings | kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        labels = data.load("digits", split="train").labels[:n].astype("int32")
        return {**super().batch(n, seed), "labels": labels}

    def oracle(self, model, batch):
        views = np.concatenate([batch["view1"], batch["view2"]])
        labels = np.tile(batch["labels"], 2)
        z = model.projector(model.backbone(views, training=True), training=True)
        z = ops.convert_to_numpy(z).astype("float64")
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        terms = []
        for i in range(len(z)):
            others = np.arange(len(z)) != i
            log_p = z @ z[i] / model.temperature
            log_p -= np.log(np.exp(log_p[others]).sum())
            terms.append(-log_p[others & (labels == labels[i])].mean())
        return {"sup_con": np.mean(terms)}

    def test_images_without_labels_are_refused(self):
        model = self.make()
        model.compile("sgd")
        with pytest.raises(ValueError, match="labels: missing from the batch"):
            model.fit(self.batch(16)["images"], batch_size=16, verbose=0)
