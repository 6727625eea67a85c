from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import at_least, one_of, refused, sizes, whole
from sslzoo.training import Method

ESTIMATORS = {"jsd": losses.jsd_places, "info_nce": losses.info_nce_places}


@keras.saving.register_keras_serializable("sslzoo")
class DeepInfoMax(Method):
    """Hjelm et al. 2019, "Learning Deep Representations by Mutual Information Estimation and
    Maximization", arXiv:1808.06670.

        loss = local_weight * I(places of the map, z) + global_weight * I(whole map, z)
            + prior_weight * mean(-log D(sigmoid z))
        loss of D = mean(-log D(uniform noise)) + mean(-log(1 - D(sigmoid z)))

    z is a dense layer on the features. I is a bound of the mutual information, negated: z is told
    from that of other images by its products with the places of a map. `estimator` "jsd" is the
    Jensen-Shannon one, "info_nce" InfoNCE. Both sides are embedded first, as in the official code
    (rdevon/DIM). The prior makes z look like uniform noise to a discriminator D. D is constant in
    the loss of the network, and z in that of D. Only terms with a weight are there.

    Needs: images, and a network with a map of them. Every other image of the batch is a negative.

    Known weakness: Without views it learns what tells images apart, such as color. Contrastive
    methods on two views are better. If the map is the last one, z is little more than its mean.

    Args:
        backbone: Network from images to features (N, D).
        block: The block whose map is local, a name of `sslzoo.nn.blocks`. Default: the last map,
            before its pooling. Maps of more than 8 px a side are made smaller.
        estimator: "jsd", or "info_nce", which the paper finds better with many negatives.
        local_weight, global_weight, prior_weight: beta, alpha and gamma. The paper has 1, 0 and 0.1
            for DIM(L), and 0, 1 and 1 for DIM(G).
        latent: Units of z. The paper has 64.
        units: Units of the embeddings. The official code has 2048 and 1024.
        prior_units: Layers of D. The paper has 1000 and 200.
        augment: A preset or fields of `sslzoo.augment`, or a layer. The paper has none.

    Example:
        >>> import sslzoo
        >>> sizes = {"latent": 8, "units": 16, "prior_units": (8,)}
        >>> model = sslzoo.build("deep_infomax", "micro", 8, **sizes)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
    """

    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}}
    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        block: str = "features",
        estimator: str = "jsd",
        local_weight: float = 1.0,
        global_weight: float = 0.0,
        prior_weight: float = 0.1,
        latent: int = 64,
        units: int = 1024,
        prior_units: Sequence[int] = (1000, 200),
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        # Outside of Keras' tracking: it has the layers of the backbone.
        self._own.maps = nn.block_maps(backbone, [block])
        self.estimate = ESTIMATORS[one_of("estimator", estimator, ESTIMATORS)]
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)
        self.weights_of_terms = {
            "local": at_least("local_weight", local_weight, 0),
            "global": at_least("global_weight", global_weight, 0),
            "prior": at_least("prior_weight", prior_weight, 0),
        }
        if not local_weight and not global_weight:
            got = "local_weight and global_weight 0"
            raise refused("weights", got, "have one of both above 0")
        whole("units", units, 1)
        rows = [(whole("latent", latent, 1), None, None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        channels = self._own.maps.output_shape[0][-1]
        if local_weight:
            self.places = nn.shortcut_head(channels, units, "places", "layer", seed + 2)
            self.latents = nn.shortcut_head(latent, units, "latents", None, seed + 3)
        if global_weight:
            values = channels * nn.place_count(self._own.maps)
            rows = [(units, "batch", "relu"), (units, None, None)]
            self.whole_map = nn.head(values, rows, "whole_map", seed=seed + 4)
            self.whole_latents = nn.shortcut_head(latent, units, "whole_latents", None, seed + 5)
        if prior_weight:
            rows = [(width, None, "relu") for width in sizes("prior_units", prior_units)]
            rows += [(1, None, None)]
            self.discriminator = nn.head(latent, rows, "discriminator", seed=seed + 6)
            self.draws = ReplicaSeeds(seed + 7)

    def views(self, batch: dict) -> dict:
        batch = self.one_view(batch)
        if not self.weights_of_terms["prior"]:
            return batch
        shape = (ops.shape(batch["view"])[0], self.projector.output_shape[-1])
        noise = keras.random.uniform(shape, dtype="float32", seed=self.draws)
        return {**batch, "noise": noise}

    def compute_losses(self, batch: dict) -> dict:
        maps, features = self._own.maps(batch["view"], training=True)
        self.watch(features)
        places, latent = nn.places(maps), self.projector(features, training=True)
        weights, terms = self.weights_of_terms, {}
        if weights["local"]:
            embedded = nn.on_rows(self.places, places)  # (N, L, units)
            vectors = self.latents(latent, training=True)
            terms["local"] = weights["local"] * self._information(vectors, embedded)
        if weights["global"]:
            flat = ops.reshape(places, (-1, self.whole_map.input_shape[-1]))
            embedded = self.whole_map(flat, training=True)[:, None]  # (N, 1, units)
            vectors = self.whole_latents(latent, training=True)
            terms["global"] = weights["global"] * self._information(vectors, embedded)
        if weights["prior"]:
            terms |= self._prior(ops.sigmoid(latent), batch["noise"])
        return terms

    def _information(self, vectors: Any, places: Any) -> Any:
        """The bound, negated, over the global batch."""
        scores = losses.place_scores(backends.gather(vectors), backends.gather(places))
        return self.estimate(scores)

    def _prior(self, latent: Any, noise: Any) -> dict:
        judged = backends.gather(nn.frozen(self.discriminator)(latent, training=True))
        real = backends.gather(self.discriminator(noise, training=True))
        fake = self.discriminator(ops.stop_gradient(latent), training=True)
        fake = backends.gather(fake)
        weight = self.weights_of_terms["prior"]
        return {
            "prior": weight * losses.generator_loss(judged),
            "discriminator": losses.discriminator_loss(real, fake),
        }
