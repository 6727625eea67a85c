import numpy as np
from harness import MethodChecks
from keras import ops

from sslzoo import nn
from sslzoo.methods.contrastive.dcl import DCL


class TestDCL(MethodChecks):
    learning_rate = 0.5
    drop = 0.3

    @classmethod
    def make(cls, **kwargs):
        settings = {"projection": (16, 8), "temperature": 0.5, "augment": "digits"}
        return DCL(nn.backbone("micro", 8), **settings | kwargs)

    def oracle(self, model, batch):
        views = np.concatenate([batch["view1"], batch["view2"]])
        z = model.projector(model.backbone(views, training=True), training=True)
        z = ops.convert_to_numpy(z).astype("float64")
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        n, terms = len(views) // 2, []
        for i in range(2 * n):
            others = [np.exp(z[i] @ z[k] / model.temperature) for k in range(2 * n) if (k - i) % n]
            terms.append(np.log(sum(others)) - z[i] @ z[(i + n) % (2 * n)] / model.temperature)
        return {"dcl": np.mean(terms)}
