from typing import Any

import keras
from keras import ops

from sslzoo import backends
from sslzoo.checks import in_range
from sslzoo.losses.semisupervised import cross_entropies
from sslzoo.methods.generalization.erm import ERM


@keras.saving.register_keras_serializable("sslzoo")
class RSC(ERM):
    """Huang et al. 2020, "Self-Challenging Improves Cross-Domain Generalization",
    arXiv:2007.02454.

        g_i = d z_iy / d h_i;  m_i = 0 where g_i is among the largest, the share f, else 1
        loss = mean of H(y, softmax(head(m_i * h_i)))

    z_iy is the logit of the right class, and h_i are the features. The features that speak most
    for it are muted, so that others must learn to. Muted are only the rows whose probability of
    the right class falls most, the share b of the batch. This is the form of DomainBed, on the
    pooled features. The head is linear, so g_i is a row of its kernel. No second backward pass is
    needed.

    Needs: items with labels. No domains.

    Known weakness: It also mutes what is right, and learns more slowly.

    Args:
        backbone, classes, augment: As for `ERM`.
        feature_share: f, the share of features that is muted. DomainBed has 1/3.
        batch_share: b, the share of rows in which they are. DomainBed has 1/3.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(32))
        >>> model = sslzoo.build("rsc", "micro", 8, classes=10)
        >>> history = model.fit(digits.images, digits.labels, batch_size=32, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        feature_share: float = 1 / 3,
        batch_share: float = 1 / 3,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, augment, seed, name)
        open_range = {"low_open": True, "high_open": True}
        self.feature_share = float(in_range("feature_share", feature_share, 0, 1, **open_range))
        self.batch_share = float(in_range("batch_share", batch_share, 0, 1, **open_range))

    def compute_losses(self, batch: dict) -> dict:
        features, labels = self.represent(batch["view"]), batch["labels"]
        keeps = ops.cast(ops.stop_gradient(self.kept(features, labels)), features.dtype)
        logits = self.head(features * keeps, training=True)
        return {"risk": ops.mean(cross_entropies(logits, labels))}

    def kept(self, features: Any, labels: Any) -> Any:
        """1 of the features that stay and 0 of those that are muted, (N, D)."""
        kernel = ops.cast(self.head.layers[-1].kernel, "float32")  # (D, C)
        slopes = ops.take(ops.transpose(kernel), labels, axis=0)  # (N, D)
        count = max(1, round(self.feature_share * kernel.shape[0]))
        steepest = ops.top_k(slopes, count)[0]  # (N, count), falling
        stays = ops.cast(slopes < steepest[:, -1:], features.dtype)
        fall = self.right(features, labels) - self.right(features * stays, labels)  # (N,)
        return ops.maximum(stays, ops.cast(self.falls_less(fall), features.dtype)[:, None])

    def falls_less(self, fall: Any) -> Any:
        """Whether a row is none of the share b of the global batch that falls most, bool (N,)."""
        everyone = backends.gather(fall)  # (G,)
        more = ops.sum(ops.cast(everyone[None, :] > fall[:, None], "float32"), axis=1)
        rows = self.batch_share * ops.cast(ops.shape(everyone)[0], "float32")
        return more > rows - 0.5  # so that `rows` is rounded

    def right(self, features: Any, labels: Any) -> Any:
        """The probability of the right class, float32 (N,)."""
        logits = ops.cast(self.head(features, training=True), "float32")
        truth = ops.one_hot(labels, self.classes, dtype="float32")
        return ops.sum(ops.softmax(logits) * truth, axis=-1)
