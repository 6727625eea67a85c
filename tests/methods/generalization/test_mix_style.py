import numpy as np
import over_domains
import pytest
from keras import ops
from over_domains import cross_entropies

from sslzoo import nn
from sslzoo.methods.generalization.mix_style import MixStyle


class TestMixStyle(over_domains.Checks):
    method = MixStyle

    @classmethod
    def draws(cls, n, rng):
        share = np.where(rng.random(n) < 0.5, rng.beta(0.1, 0.1, n), 1.0)
        return {"style_block1": np.stack([share, rng.random(n)], axis=1).astype("float32")}

    def oracle(self, model, batch):
        first, last = nn.parts(model.backbone, ["block1"])
        maps = ops.convert_to_numpy(first(batch["view"], training=True)).astype("float64")
        share, place = batch["style_block1"].T
        order = np.argsort(place)
        partner = np.empty(len(order), int)
        partner[order] = np.roll(order, -1)
        mean, deviation = maps.mean(axis=(1, 2)), np.sqrt(maps.var(axis=(1, 2)) + 1e-6)
        for row, other in enumerate(partner):
            part, rest = share[row], 1 - share[row]
            unit = (maps[row] - mean[row]) / deviation[row]
            scale = part * deviation[row] + rest * deviation[other]
            maps[row] = unit * scale + part * mean[row] + rest * mean[other]
        features = last(maps.astype("float32"), training=True)
        logits = ops.convert_to_numpy(model.head(features)).astype("float64")
        return {"risk": cross_entropies(logits, batch["labels"]).mean()}

    def test_half_of_the_rows_keep_their_style(self):
        draws = ops.convert_to_numpy(self.make().style_draws(np.zeros((2000, 1))))
        assert 0.45 < (draws[:, 0] == 1).mean() < 0.56
        assert (draws[:, 0] < 0.5).mean() > 0.2  # beta(.1, .1): all of the partner's, or nothing

    def test_a_network_without_maps_is_refused(self):
        network = nn.backbone("mlp", 4)
        with pytest.raises(ValueError, match="block: got"):
            MixStyle(network, 2)
