from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.checks import above, in_range, sizes, whole
from sslzoo.nn import ema
from sslzoo.training import Method

# What small crops change: facebookresearch/dino, main_dino.py.
SMALL = {"crop_area": (0.05, 0.4), "blur": 0.5, "solarize": 0.0}


@keras.saving.register_keras_serializable("sslzoo")
class DINO(Method):
    """Caron et al. 2021, "Emerging Properties in Self-Supervised Vision Transformers",
    arXiv:2104.14294.

        loss = mean over pairs of a large view and another view of
            -sum_k softmax((t - center) / teacher_temperature)_k log softmax(s / 0.1)_k
        teacher <- tau teacher + (1 - tau) student, after the optimizer, tau along a cosine to 1
        center <- 0.9 center + 0.1 mean of t

    s are the student's outputs for all views, t the teacher's for the two large ones. Centering and
    sharpening keep it from collapse. The last layer computes cosines with K directions, and these
    stay as they are in the first epochs. Views of one size share a pass, as in the official code
    (facebookresearch/dino, main_dino.py). `encode` has the teacher, as its evaluation does.

    Needs: images, and many small views. A ResNet and a vision transformer work.

    Known weakness: It costs more than two views. K, the temperatures and tau depend on each other:
    short runs need a smaller K and tau_0. Watch `feature_std`.

    Args:
        backbone: Network from square images to features (N, D). With small views it must work at
            their size too.
        projection: Units of the head's dense layers. All but the last have GELU. The paper has
            (2048, 2048, 256).
        outputs: K, the paper's 65536. lightly has 2048 for CIFAR-10.
        small_views: Small crops of each image. The code has 8. 0: none.
        small_size: Pixels of a side of a small crop. Default: half of the image's. The code has 96
            of 224.
        momentum: tau_0. The code has 0.996.
        teacher_temperature: After its warm-up. The code has 0.04, and 0.07 in longer runs.
        warmup_temperature: At the start. The code has 0.04.
        warmup_epochs: Of the teacher's temperature, a straight line. The code has 0, and 30 with
            0.07.
        frozen_epochs: In which the last layer stays. The code has 1.
        augment: Of the large views, a preset or fields of `sslzoo.augment`, or a layer.
        small_augment: The fields that small crops change in `augment`. By default those of the
            code: 0.05 to 0.4 of the image, blur of half of them, no solarization.

    Example:
        >>> import sslzoo
        >>> settings = {"projection": (16, 8), "outputs": 32, "small_views": 2}
        >>> model = sslzoo.build("dino", "micro", 8, augment="digits", **settings)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=32, verbose=0)
    """

    # The code's for ResNet-50, per 256 images. On a vision transformer AdamW takes its place.
    recipe = {
        "optimizer": {
            "name": "sgd",
            "learning_rate": 0.03,
            "momentum": 0.9,
            "weight_decay": 1e-4,
            "clipnorm": 3.0,
        }
    }

    def __init__(
        self,
        backbone: keras.Model,
        projection: Sequence[int] = (2048, 2048, 256),
        outputs: int = 65536,
        small_views: int = 8,
        small_size: int | None = None,
        momentum: float = 0.996,
        teacher_temperature: float = 0.04,
        warmup_temperature: float = 0.04,
        warmup_epochs: int = 0,
        frozen_epochs: int = 1,
        augment: Any = "dino",
        small_augment: dict | None = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.multi_crop = augmentation.MultiCrop(
            self.reads, augment, small_views, small_size, SMALL | (small_augment or {}), seed=seed
        )
        *hidden, out = sizes("projection", projection)
        rows = [(units, None, "gelu") for units in hidden] + [(out, None, None)]
        mlp = nn.head(self.feature_dim, rows, "head", seed=seed + 1)
        last = nn.CosineDense(whole("outputs", outputs, 2), seed=seed + 2, name="head_last")
        self.head = keras.Model(mlp.input, last(mlp.output), name="head")
        if small_views:
            size = self.multi_crop.small.image_size
            # Outside of Keras' tracking: it has the layers of the backbone.
            self._own.small_backbone = nn.at_size(backbone, size)
        self.teacher_backbone = ema.target(backbone)
        self.teacher_head = ema.target(self.head)
        self.run_state = nn.State(name="run_state")
        self.run_state.center = self.run_state.add_weight(
            shape=(outputs,),
            initializer="zeros",
            dtype="float32",
            trainable=False,
            aggregation="only_first_replica",
            name="center",
        )
        self.momentum = in_range("momentum", momentum, 0, 1)
        self.temperatures = (
            above("warmup_temperature", warmup_temperature, 0),
            above("teacher_temperature", teacher_temperature, 0),
        )
        self.warmup_epochs = whole("warmup_epochs", warmup_epochs, 0)
        self.frozen_epochs = whole("frozen_epochs", frozen_epochs, 0)

    @property
    def encoder(self) -> keras.Model:
        return self.teacher_backbone

    def views(self, batch: dict) -> dict:
        return self.multi_crop(batch)

    def before_step(self, batch: dict) -> dict:
        def outputs(views):
            return self.teacher_head(self.teacher_backbone(views, training=True), training=True)

        teacher = nn.one_pass(outputs, [batch["view1"], batch["view2"]])
        names = ("teacher1", "teacher2")
        return {**batch, **dict(zip(names, map(ops.stop_gradient, teacher), strict=True))}

    def compute_losses(self, batch: dict) -> dict:
        def outputs(views):
            return self.head(self.represent(views), training=True)

        student = nn.one_pass(outputs, [batch["view1"], batch["view2"]])
        if "small_views" in batch:
            student += self.outputs_of_small(batch["small_views"])
        teacher = [batch["teacher1"], batch["teacher2"]]
        temperature = self.teacher_temperature()
        center = self.run_state.center
        return {"dino": losses.dino(student, teacher, center, 0.1, temperature)}

    def outputs_of_small(self, crops: Any) -> list:
        """The student's outputs (N, K) for each of the small crops (N, count, size, size, C)."""
        count = crops.shape[1]
        views = ops.reshape(crops, (-1, *crops.shape[2:]))  # (N * count, size, size, C)
        outputs = self.head(self._own.small_backbone(views, training=True), training=True)
        outputs = ops.reshape(outputs, (-1, count, outputs.shape[-1]))  # (N, count, K)
        return [outputs[:, number] for number in range(count)]

    def teacher_temperature(self) -> Any:
        """That of the epoch: a straight line over the warm-up, then a constant."""
        first, last = self.temperatures
        if not self.warmup_epochs:
            return last
        epoch = ops.cast(self.clock.epoch(), "float32")
        share = ops.minimum(epoch / max(self.warmup_epochs - 1, 1), 1.0)
        return first + (last - first) * share

    def change_gradients(self, gradients: Any) -> list:
        learns = ops.cast(self.clock.epoch() >= self.frozen_epochs, "float32")
        kernel = self.head.get_layer("head_last").kernel
        changed = list(gradients)
        for place, variable in enumerate(self.trainable_variables):
            if variable is kernel:
                changed[place] = changed[place] * ops.cast(learns, changed[place].dtype)
        return changed

    def after_step(self, batch: dict) -> None:
        tau = self.clock.cosine_momentum(self.momentum)
        ema.update(self.backbone, self.teacher_backbone, tau)
        ema.update(self.head, self.teacher_head, tau)
        both = ops.concatenate([batch["teacher1"], batch["teacher2"]], axis=0)
        mean = ops.mean(ops.cast(backends.gather(both), "float32"), axis=0)  # (K,)
        center = self.run_state.center
        center.assign(0.9 * center + 0.1 * mean)
