import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import above, check_index, in_range, refused, sizes, whole
from sslzoo.data import Dataset
from sslzoo.training import Method
from sslzoo.training.feed import is_rows


@keras.saving.register_keras_serializable("sslzoo")
class InstanceDiscrimination(Method):
    """Wu et al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination",
    arXiv:1805.01978.

    Every image is a class of its own. A memory bank has an embedding v of each of n images:

        P(i | f) = exp(v_i . f / T) / Z,   h = P / (P + m / n)
        loss = -log h(P(i | f_i)) - sum over m images j drawn at random of log(1 - h(P(j | f_i)))
        v_i <- normalized(momentum * v_i + (1 - momentum) * f_i), after the step

    f_i is the normalized projection of one view of image i. Z is estimated on the first batch and
    stays. The loss is the mean over the batch. This is the official code
    (zhirongw/lemniscate.pytorch, lib/NCEAverage.py), which has no proximal term.

    Needs: images, and `index`, their rows in the data set. `fit` counts arrays and data sets by
    itself. No image may come twice in a batch. The bank needs 4 D bytes for each image.

    Known weakness: Each image is met once an epoch, so the bank is old: few epochs teach little.
    MoCo was made to replace it.

    Args:
        backbone: Network from images to features (N, D).
        data_size: n, the number of training images.
        projection: Units of the projector's dense layers. All but the last have ReLU. The paper has
            one linear layer to 128.
        negatives: m, images drawn for each image of the batch. The paper has 4096.
        momentum: Of the memory bank. The code has 0.5.
        temperature: T. The paper has 0.07; for CIFAR-10 the README of the code has 0.1.
        augment: A preset or fields of `sslzoo.augment`, or a layer.

    Example:
        >>> import sslzoo
        >>> settings = {"data_size": 32, "negatives": 16, "augment": "digits"}
        >>> model = sslzoo.build("instance_discrimination", "micro", 8, **settings)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
    """

    # That of the official code, README.md
    recipe = {
        "optimizer": {"name": "sgd", "learning_rate": 0.03, "momentum": 0.9, "weight_decay": 5e-4}
    }
    label_fields = ("index",)

    def __init__(
        self,
        backbone: keras.Model,
        data_size: int,
        projection: Sequence[int] = (128,),
        negatives: int = 4096,
        momentum: float = 0.5,
        temperature: float = 0.07,
        augment: Any = "moco_v1",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        *hidden, out = sizes("projection", projection)
        rows = [(units, None, "relu") for units in hidden] + [(out, None, None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        self.bank = nn.MemoryBank(whole("data_size", data_size, 2), out, seed=seed)
        self.run_state = nn.State(name="run_state")
        self.run_state.log_z = self.run_state.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(-math.inf),  # not yet estimated
            dtype="float32",
            trainable=False,
            aggregation="only_first_replica",
            name="log_z",
        )
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)
        self.draws = ReplicaSeeds(seed + 1)
        self.negatives = whole("negatives", negatives, 1)
        self.momentum = in_range("momentum", momentum, 0, 1)
        self.temperature = above("temperature", temperature, 0)

    def check(self, data: dict) -> None:
        index = check_index(data["index"], size=self.bank.size)
        values, counts = np.unique(index, return_counts=True)
        if (counts > 1).any():
            got = f"{values[counts.argmax()]} {counts.max()} times"
            raise refused("index", got, "hold each image once")

    def training_data(self, x: Any) -> Any:
        """Arrays and data sets with an `index`; ValueError where the bank is too small."""
        if not is_rows(x):
            return x
        arrays = x.fields if isinstance(x, Dataset) else self.named_batch(x)
        if self.reads.field not in arrays:
            return x
        count = self.reads.count(self.reads.of(arrays))
        if count > self.bank.size:
            needed = f"be at most {self.bank.size} (data_size), as many as the bank has"
            raise refused(self.reads.field, f"{count} items", needed)
        return {"index": np.arange(count), **arrays}

    def views(self, batch: dict) -> dict:
        shape = (ops.shape(batch["index"])[0], self.negatives)
        noise = keras.random.randint(shape, 0, self.bank.size, dtype="int32", seed=self.draws)
        return {**self.one_view(batch), "noise": noise}

    def compute_losses(self, batch: dict) -> dict:
        projected = self.projector(self.represent(batch["view"]), training=True)
        embedded = losses.l2_normalize(backends.gather(projected))
        self.keep("embedded", embedded)
        itself = backends.take_rows(self.bank.rows, backends.gather(batch["index"]))
        positive = ops.sum(embedded * itself, axis=1) / self.temperature  # (N,)
        noise = self.similarities(embedded, backends.gather(batch["noise"])) / self.temperature
        log_z = self.log_z(ops.concatenate([positive[:, None], noise], axis=1))
        self.keep("log_z", log_z)
        return {"nce": losses.nce(positive - log_z, noise - log_z, self.bank.size)}

    def similarities(self, embedded: Any, index: Any) -> Any:
        """The products (N, m) of embeddings (N, D) and those rows (N, m) of the bank."""
        if self.bank.size <= self.negatives * self.bank.dim:  # fewer numbers than the rows have
            products = ops.matmul(embedded, ops.transpose(self.bank.rows))  # (N, n)
            return ops.take_along_axis(products, index, axis=1)
        rows = backends.take_rows(self.bank.rows, index)  # (N, m, D)
        return ops.squeeze(ops.matmul(rows, embedded[:, :, None]), axis=-1)

    def log_z(self, scores: Any) -> Any:
        """log Z: what was kept, or, on the first batch, n times the mean of exp(scores)."""
        known = ops.convert_to_tensor(self.run_state.log_z)
        count = ops.cast(ops.size(scores), "float32")
        estimate = ops.logsumexp(scores) - ops.log(count) + math.log(self.bank.size)
        return ops.where(ops.isfinite(known), known, ops.stop_gradient(estimate))

    def after_step(self, batch: dict) -> None:
        index = backends.gather(ops.cast(batch["index"], "int32"))
        old, new = backends.take_rows(self.bank.rows, index), batch["embedded"]
        moved = losses.l2_normalize(self.momentum * old + (1.0 - self.momentum) * new)
        self.bank.replace(index, moved)
        self.run_state.log_z.assign(batch["log_z"])
