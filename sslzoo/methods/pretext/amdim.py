from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import above, at_least, one_of, refused, whole
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class AMDIM(Method):
    """Bachman et al. 2019, "Learning Representations by Maximizing Mutual Information Across
    Views", arXiv:1906.00910: augmented multiscale Deep InfoMax.

        loss = mean over both directions of NCE(1 -> 5) + NCE(1 -> 7) + NCE(5 -> 5)
            + regularization * sum over these three of mean s^2
        s = a . b / sqrt(units), and the scores of NCE are clip * tanh(s / clip)

    1 is the feature vector of one view, 5 the map of a late block and 7 that of an earlier one of
    the other view, by their sides in the paper. 5 -> 5 predicts from one place, drawn at random.
    Each vector is told from those of other images by its products with the places of a map.
    Negatives are all places of all other images. Vectors and places are embedded first. Scores are
    penalized before they are clipped, as in the official code (Philip-Bachman/amdim-public).

    Needs: images, and a network with maps of them. Every other image of the batch is a negative.

    Known weakness: The paper's network has no padding, so that a place sees a part of the image.
    In a ResNet late places see all of it. The networks of the paper are far larger.

    Args:
        backbone: Network from images to features (N, D).
        late, early: Blocks of the maps 5 and 7, names of `sslzoo.nn.blocks`. By default the last
            map, before its pooling, and that of the last block with a larger one. Maps of more than
            8 px a side are made smaller.
        units: Units of the embeddings. The official code has 1024 and more.
        clip: 20 in the paper.
        regularization: 4e-2 in the paper.
        augment: A preset or fields of `sslzoo.augment`, or a layer. The default has the numbers of
            the official code for CIFAR-10.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("amdim", "micro", 8, units=16, augment="digits")
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
    """

    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3, "beta_1": 0.8}}
    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        late: str = "features",
        early: str | None = None,
        units: int = 1024,
        clip: float = 20.0,
        regularization: float = 4e-2,
        augment: Any = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        early = _earlier(backbone, late) if early is None else early
        # Outside of Keras' tracking: it has the layers of the backbone.
        self._own.maps = nn.block_maps(backbone, [late, early])
        late_shape, early_shape, _ = self._own.maps.output_shape
        whole("units", units, 1)
        self.vector = nn.head(self.feature_dim, [(units, "batch", None)], "vector", seed=seed + 1)
        self.late = nn.shortcut_head(late_shape[-1], units, "late", "batch", seed + 2)
        self.early = nn.shortcut_head(early_shape[-1], units, "early", "batch", seed + 3)
        self.scale = units**-0.5
        self.clip = above("clip", clip, 0)
        self.regularization = at_least("regularization", regularization, 0)
        if augment is None:
            crop = {"crop_area": (0.3, 1.0), "crop_ratio": (0.7, 1.4), "grayscale": 0.25}
            augment = {"preset": "simclr_cifar", "hue": 0.2, **crop}
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.draws = ReplicaSeeds(seed + 4)

    def views(self, batch: dict) -> dict:
        batch = self.two_views(batch)
        count = ops.shape(batch["view1"])[0]
        places = nn.place_count(self._own.maps)
        drawn = keras.random.randint((count, 2), 0, places, dtype="int32", seed=self.draws)
        return {**batch, "places": drawn}  # of the source of 5 -> 5 in each view

    def embed(self, view: Any, place: Any) -> tuple[dict, dict]:
        """What predicts, {"1", "5"}: (N, units), and what is predicted, {"5", "7"}: (N, L, units),
        of a view, in training. `place` (N,): which one of 5 predicts.
        """
        *maps, features = self._own.maps(view, training=True)
        self.watch(features)
        late = nn.on_rows(self.late, nn.places(maps[0]))
        early = nn.on_rows(self.early, nn.places(maps[1]))
        one = ops.take_along_axis(late, place[:, None, None], axis=1)[:, 0]  # (N, units)
        sources = {"1": self.vector(features, training=True), "5": one}
        targets = {"5": late, "7": early}
        return _gathered(sources), _gathered(targets)

    def compute_losses(self, batch: dict) -> dict:
        places = batch["places"]
        sources1, targets1 = self.embed(batch["view1"], places[:, 0])
        sources2, targets2 = self.embed(batch["view2"], places[:, 1])
        terms, penalty = {}, 0.0
        for source, target in (("1", "5"), ("1", "7"), ("5", "5")):
            first, size1 = self._predict(sources1[source], targets2[target])
            second, size2 = self._predict(sources2[source], targets1[target])
            terms[f"nce_{source}_{target}"] = (first + second) / 2
            penalty = penalty + (size1 + size2) / 2
        return {**terms, "scores": self.regularization * penalty}

    def _predict(self, vectors: Any, places: Any) -> tuple[Any, Any]:
        """NCE of vectors with the places of their images, and the mean square of the scores."""
        scores = self.scale * losses.place_scores(vectors, places)
        size = ops.mean(ops.square(scores))
        return losses.info_nce_places(losses.clip_scores(scores, self.clip)), size


def _gathered(parts: dict) -> dict:
    return {name: backends.gather(part) for name, part in parts.items()}


def _earlier(backbone: keras.Model, late: str) -> str:
    """The last block with a larger map than that of block `late`."""
    names, network = nn.blocks(backbone, pooled=False)
    one_of("late", late, names)
    shapes = dict(zip(names, network.output_shape, strict=True))
    larger = [
        name
        for name in names
        if len(shapes[name]) == 4 == len(shapes[late]) and shapes[name][1] > shapes[late][1]
    ]
    if not larger:
        raise refused(
            "backbone", f"no map larger than that of {late}", "have one: name it by early"
        )
    return larger[-1]
