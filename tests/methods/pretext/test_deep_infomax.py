import numpy as np
import pytest
from harness import MethodChecks, digits, two_views
from keras import ops
from scipy.special import logsumexp

from sslzoo import nn
from sslzoo.methods.pretext.deep_infomax import DeepInfoMax


def softplus(x):
    return np.logaddexp(0, x)


def jsd(scores):
    own = np.eye(len(scores), dtype=bool)
    return softplus(-scores[own]).mean() + softplus(scores[~own]).mean() - 2 * np.log(2)


def info_nce(scores):
    terms = []
    for i, of_vector in enumerate(scores):
        others = np.delete(of_vector, i, axis=0).ravel()
        terms += [logsumexp([own, *others]) - own for own in of_vector[i]]
    return np.mean(terms)


class TestDeepInfoMax(MethodChecks):
    learns = ("backbone", "projector", "places", "latents", "discriminator")
    learning_rate = 0.05
    drop = 0.1

    @classmethod
    def make(cls, **kwargs):
        settings = {"latent": 6, "units": 12, "prior_units": (8,)}
        return DeepInfoMax(nn.backbone("micro", 8), **settings | kwargs)

    @classmethod
    def batch(cls, n=13, seed=0):
        noise = np.random.default_rng(seed).random((n, 6), "float32")
        return {"images": digits(n), "view": two_views(digits(n), seed)["view1"], "noise": noise}

    def oracle(self, model, batch, estimator=jsd):
        network = nn.block_maps(model.backbone)
        maps, features = network(batch["view"], training=True)
        latent = model.projector(features, training=True)
        flat = ops.reshape(maps, (-1, maps.shape[-1]))  # 4 x 4 places
        places = ops.convert_to_numpy(model.places(flat, training=True)).reshape(-1, 16, 12)
        vectors = ops.convert_to_numpy(model.latents(latent, training=True))
        scores = np.einsum("id,jld->ijl", vectors, places).astype("float64")
        fake = model.discriminator(ops.sigmoid(latent), training=True)
        fake = ops.convert_to_numpy(fake).astype("float64")
        real = ops.convert_to_numpy(model.discriminator(batch["noise"], training=True))
        return {
            "local": estimator(scores),
            "prior": 0.1 * softplus(-fake).mean(),
            "discriminator": softplus(-real).mean() + softplus(fake).mean(),
        }


def test_info_nce_and_the_whole_map():
    options = {"estimator": "info_nce", "local_weight": 0, "global_weight": 2, "prior_weight": 0}
    model = TestDeepInfoMax.make(**options)
    batch = model.views({"images": digits(5)})
    assert "noise" not in batch
    losses = model.compute_losses(batch)
    maps, features = nn.block_maps(model.backbone)(batch["view"], training=True)
    wholes = model.whole_map(ops.reshape(maps, (5, -1)), training=True)
    vectors = model.whole_latents(model.projector(features, training=True), training=True)
    scores = ops.convert_to_numpy(ops.matmul(vectors, ops.transpose(wholes)))[:, :, None]
    assert losses.keys() == {"global"}
    assert float(losses["global"]) == pytest.approx(2 * info_nce(scores), rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": "dv"}, "estimator: got 'dv'"),
        ({"local_weight": 0}, "weights: got local_weight and global_weight 0"),
        ({"block": "stage9"}, "block: got 'stage9'"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TestDeepInfoMax.make(**options)


def test_a_network_without_maps_is_refused():
    with pytest.raises(ValueError, match="block: got features of shape .*; it must give maps"):
        DeepInfoMax(nn.backbone("mlp", 8, widths=[5]))
