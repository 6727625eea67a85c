import numpy as np
import pytest
from harness import MethodChecks, digits, two_views
from keras import ops

from sslzoo import data, nn
from sslzoo.methods.metric.siamese import Siamese


class TestSiamese(MethodChecks):
    learns = ("backbone",)
    drop = 0.05

    @classmethod
    def make(cls, **kwargs):
        return Siamese(nn.backbone("micro", 8), **kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        views = two_views(digits(n), seed)
        return {
            "images": views["images"],
            "labels": data.load("digits").labels[:n],
            "view": views["view1"],
        }

    def oracle(self, model, batch):
        z = ops.convert_to_numpy(model.backbone(batch["view"], training=True)).astype("float64")
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        same, different = [], []
        for i in range(len(z)):
            for j in range(i):
                d = np.linalg.norm(z[i] - z[j])
                if batch["labels"][i] == batch["labels"][j]:
                    same.append(d**2)
                else:
                    different.append(max(model.margin - d, 0) ** 2)
        return {
            "contrastive": sum(np.mean(terms) if terms else 0.0 for terms in (same, different)) / 2
        }

    def test_unbalanced_is_the_mean_over_all_pairs(self):
        batch = self.batch(20)
        half, all_alike = (
            float(self.make(balanced=b).losses_logs_kept(batch)[0]["contrastive"])
            for b in (True, False)
        )
        assert half != pytest.approx(all_alike, rel=0.05)

    @pytest.mark.parametrize("normalize", [True, False])
    def test_distance_of_pairs(self, normalize):
        model = self.make(normalize=normalize)
        first, second = digits(7), digits(7, start=7)
        second[3] = first[3]
        found = model.distance(first, second)
        a, b = (model.encode(images) for images in (first, second))
        if normalize:
            a, b = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (a, b))
        assert found.shape == (7,) and found[3] == 0
        np.testing.assert_allclose(
            found, [np.linalg.norm(u - v) for u, v in zip(a, b, strict=True)], rtol=1e-5
        )
        with pytest.raises(
            ValueError, match="images2: got 6 for 7 images1; it must be one for each"
        ):
            model.distance(first, second[:6])

    def test_refuses_a_margin_that_is_none(self):
        with pytest.raises(ValueError, match="margin: got 0; it must be a finite number above 0"):
            self.make(margin=0)
