import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class SimCLR(Method):
    """Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations",
    arXiv:2002.05709.

    loss_ij = -log( exp(cos(z_i, z_j) / T) / sum_{k != i} exp(cos(z_i, z_k) / T) ), averaged over
    the 2N views of the
    global batch: each view's positive is the other view of its image, all other 2N - 2 views are
    negatives.

    Needs: images; large batches (256 and more), since they are its negatives; strong colour
    augmentation.
    Known weakness: slower than BYOL and MoCo at small batches; learns what the views share, so
    objects smaller than the crops and colours are lost.

    Args:
        backbone: images -> features (N, D).
        projection: units of the projector's layers. Default (D, 128), the paper's two layers.
            Hidden layers: dense without bias, BatchNorm, ReLU; the last: dense without bias,
            BatchNorm with scale but no shift (official code, tf2/model.py). Three layers are SimCLR
            v2's.
        temperature: T. 0.5 is the paper's best on CIFAR-10, 0.1 on ImageNet (appendix B.7, B.9).
        augment: preset or fields of `sslzoo.augment`.
    """

    min_batch = 2

    def __init__(
        self, backbone, projection=None, temperature=0.5, augment="simclr", seed=0, name=None
    ):
        super().__init__(backbone, seed=seed, name=name)
        *hidden, out = projection or (self.feature_dim, 128)
        rows = [(units, "batch", "relu") for units in hidden] + [(out, "batch_no_beta", None)]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        self.two_views = augmentation.TwoViews(self.reads, augment, seed=seed)
        self.temperature = temperature

    def views(self, batch):
        return self.two_views(batch)

    def compute_losses(self, batch):
        # One pass over both views: BatchNorm sees all 2N, as in the official code.
        features = self.represent(ops.concatenate([batch["view1"], batch["view2"]], axis=0))
        z1, z2 = ops.split(self.projector(features, training=True), 2, axis=0)
        return {
            "nt_xent": losses.nt_xent(backends.gather(z1), backends.gather(z2), self.temperature)
        }
