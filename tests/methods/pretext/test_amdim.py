import numpy as np
import pytest
from harness import MethodChecks, digits, two_views
from keras import ops
from scipy.special import logsumexp

from sslzoo import nn
from sslzoo.methods.pretext.amdim import AMDIM

UNITS = 12


class TestAMDIM(MethodChecks):
    learns = ("backbone", "vector", "late", "early")
    learning_rate = 0.1
    drop = 0.3

    @classmethod
    def make(cls, **kwargs):
        settings = {"units": UNITS, "augment": "none"} | kwargs
        return AMDIM(nn.backbone("micro", 8), **settings)

    @classmethod
    def batch(cls, n=13, seed=0):
        places = np.random.default_rng(seed).integers(0, 16, (n, 2)).astype("int32")
        return {**two_views(digits(n), seed), "places": places}

    def oracle(self, model, batch):
        sources, targets = [], []
        for index, view in enumerate((batch["view1"], batch["view2"])):
            early, late, features = nn.block_maps(model.backbone, ["block1", "features"])(
                view, training=True
            )
            five = rows(model.late, ops.reshape(late, (-1, 16, late.shape[-1])))
            seven = rows(model.early, ops.reshape(early, (-1, 64, early.shape[-1])))
            one = ops.convert_to_numpy(model.vector(features, training=True))
            place = five[np.arange(len(five)), batch["places"][:, index]]
            sources.append({"1": one, "5": place})
            targets.append({"5": five, "7": seven})
        found, penalty = {}, 0.0
        for a, b in (("1", "5"), ("1", "7"), ("5", "5")):
            both = [nce(sources[k][a], targets[1 - k][b]) for k in range(2)]
            found[f"nce_{a}_{b}"] = np.mean([loss for loss, _ in both])
            penalty += np.mean([size for _, size in both])
        return {**found, "scores": 0.04 * penalty}

    def test_scores_are_clipped_and_penalized_before(self):
        batch = self.batch(5)
        tight, loose = self.make(clip=0.1), self.make(clip=1e4)
        clipped, free = (m.compute_losses(batch) for m in (tight, loose))
        assert float(clipped["scores"]) == pytest.approx(float(free["scores"]), rel=1e-5)
        # with scores in -0.1..0.1 nothing is told from 4 x 16 negatives
        assert float(clipped["nce_1_5"]) == pytest.approx(np.log(65), abs=0.2)


def rows(head, x):
    flat = head(ops.reshape(x, (-1, x.shape[-1])), training=True)
    return ops.convert_to_numpy(flat).reshape(-1, x.shape[1], UNITS)


def nce(vectors, places):
    """The official formula with loops: (loss, mean square of the scores)."""
    scores = np.einsum("id,jld->ijl", vectors, places).astype("float64") / np.sqrt(UNITS)
    clipped = 20 * np.tanh(scores / 20)
    terms = []
    for i, of_vector in enumerate(clipped):
        others = np.delete(of_vector, i, axis=0).ravel()
        terms += [logsumexp([own, *others]) - own for own in of_vector[i]]
    return np.mean(terms), (scores**2).mean()


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        ("micro", {"late": "block1"}, "backbone: got no map larger than that of block1"),
        ("micro", {"late": "stage9"}, "late: got 'stage9'"),
        ("micro", {"clip": 0}, "clip: got 0"),
        ("mlp", {}, "backbone: got no map larger than that of features"),
    ],
)
def test_what_cannot_be_is_refused(network, options, message):
    with pytest.raises(ValueError, match=message):
        AMDIM(nn.backbone(network, 8), **options)
