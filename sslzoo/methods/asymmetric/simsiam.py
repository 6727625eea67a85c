from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import losses, nn
from sslzoo.checks import sizes, whole
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class SimSiam(Method):
    """Chen & He 2021, "Exploring Simple Siamese Representation Learning", arXiv:2011.10566.

        loss = -(cos(p1, constant z2) + cos(p2, constant z1)) / 2,   z = g(f(view)), p = h(z)

    f is the backbone, g the projector and h the predictor. One network makes both sides: the
    constant keeps it from collapse. The loss is the mean over the batch. Each view has its own
    pass, and so its own BatchNorm statistics (official code, simsiam/builder.py).

    The recipe keeps the learning rate of the predictor constant, as the official code does with
    --fix-pred-lr. In a config that is `optimizers: {predictor: {..., schedule: constant}}`.

    Needs: images. It has no negatives and no second network. Batches of 256 are enough.

    Known weakness: It collapses more easily than BYOL, and its loss does not show that: watch
    `feature_std`. It is sensitive to the learning rate, and learns little in short runs.

    Args:
        backbone: Network from images to features (N, D).
        projection: Units of the projector's dense layers without bias. All have BatchNorm, the last
            without scale and shift, and all but the last have ReLU. The paper has (2048, 2048,
            2048) for ImageNet and (2048, 2048) for CIFAR-10, which is the default.
        prediction: Hidden units of the predictor, with BatchNorm and ReLU. Its output is as wide as
            the projection and has a bias.
        augment: A preset or fields of `sslzoo.augment`, or a layer. The paper has MoCo v2's.

    Example:
        >>> import sslzoo
        >>> units = {"projection": (16, 16), "prediction": 4}
        >>> model = sslzoo.build("simsiam", "micro", 8, augment="digits", **units)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    # The paper's for CIFAR-10: 0.03 per 256 images, a cosine without warm-up (appendix D).
    recipe = {
        "optimizer": {"name": "sgd", "learning_rate": 0.03, "momentum": 0.9, "weight_decay": 5e-4},
        "warmup_share": 0.0,
        "groups": {"predictor.*": {"schedule": "constant"}},
    }
    optimizer_groups = {"predictor": "predictor.*"}
    min_batch = 2

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] = (2048, 2048),
        prediction: int = 512,
        augment: Any = "moco_v2",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        *hidden, out = sizes("projection", projection)
        rows = [(units, "batch", "relu") for units in hidden] + [(out, "batch_no_affine", None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        rows = [(whole("prediction", prediction, 1), "batch", "relu"), (out, None, None)]
        self.predictor = nn.head(out, rows, "predictor", seed=seed + 2)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)

    def views(self, batch: dict) -> dict:
        return self.two_views(batch)

    def compute_losses(self, batch: dict) -> dict:
        z1, z2 = (
            self.projector(self.represent(batch[view]), training=True)
            for view in ("view1", "view2")
        )
        loss = 0.0
        for z, other in ((z1, z2), (z2, z1)):
            prediction = self.predictor(z, training=True)
            loss += losses.negative_cosine(prediction, ops.stop_gradient(other)) / 2
        return {"simsiam": loss}
