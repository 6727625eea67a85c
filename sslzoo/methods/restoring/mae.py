from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, nn
from sslzoo.methods.restoring._restoring import Restoring


@keras.saving.register_keras_serializable("sslzoo")
class MAE(Restoring):
    """He et al. 2022, "Masked Autoencoders Are Scalable Vision Learners", arXiv:2111.06377.

        loss = mean over hidden patches of |decoder(visible patches) - t|^2 / values of a patch

    t are the pixels of a patch. With `norm_pix` its own mean is subtracted, and it is divided by
    its own deviation, sqrt(variance + 1e-6) of n - 1 values, as in the official code
    (facebookresearch/mae, models_mae.py). The encoder sees the visible patches alone. The decoder
    sees all places, and one learned vector where a patch is hidden. `encode` sees whole images.
    Dense layers of the encoder start as the backbone has them, where the code has Glorot's rule.

    `reconstruct` hides patches itself, the same ones of every image, which the seed chooses. With
    `norm_pix` nothing predicts the mean and the deviation of a patch. It takes those of the visible
    patches, and pictures lose their contrast.

    Needs: images, and a vision transformer with pool "class" or "mean".

    Known weakness: Short runs and small images teach it little. Linear probes stay below those of
    contrastive methods. It is made for fine-tuning.

    Args:
        backbone: A vision transformer, from images to features (N, D).
        mask_ratio: The share of hidden patches. The paper has 0.75.
        norm_pix: Whether targets are normalized. It is better for features.
        decoder_width, decoder_blocks, decoder_heads: The paper has 512, 8 and 16.
        augment: A preset or fields of `sslzoo.augment`, or a layer. Default: the code's, a crop of
            0.2 to 1 of the image and a flip.

    Example:
        >>> import sslzoo
        >>> small = {"decoder_width": 16, "decoder_blocks": 1, "decoder_heads": 2}
        >>> vit = {"name": "vit_micro", "patch": 2}
        >>> model = sslzoo.build("mae", vit, 8, augment="none", **small)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
        >>> model.reconstruct(images).shape
        (32, 8, 8, 3)
    """

    # PRETRAIN.md: 1.5e-4 per 256 images, 40 of 800 epochs of warm-up
    recipe = {
        "optimizer": {
            "name": "adamw",
            "learning_rate": 1.5e-4,
            "beta_2": 0.95,
            "weight_decay": 0.05,
        },
        "warmup_share": 0.05,
    }

    def __init__(
        self,
        backbone: keras.Model,
        mask_ratio: float = 0.75,
        norm_pix: bool = True,
        decoder_width: int = 512,
        decoder_blocks: int = 8,
        decoder_heads: int = 16,
        augment: Any = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        self.patch_order = augmentation.PatchOrder(nn.vit_patches(backbone), mask_ratio, seed + 2)
        self.kept = self.patch_order.kept
        # Outside of Keras' tracking: they have the layers of the backbone.
        self._own.parts = parts = nn.vit_parts(backbone, self.kept)
        self.decoder = nn.masked_decoder(
            parts.tokens.output_shape[-1],
            parts.grid,
            self.kept,
            parts.patch**2 * self.reads.channels,
            decoder_width,
            decoder_blocks,
            decoder_heads,
            seed=seed + 1,
        )
        self.norm_pix = norm_pix
        self.shown_order = self.patch_order.drawn(np.random.default_rng(seed))
        augment = (
            {"preset": "none", "crop_area": (0.2, 1.0), "flip": 0.5} if augment is None else augment
        )
        self.one_view = augmentation.OneView(self.reads, augment, seed=seed)

    def views(self, batch: dict) -> dict:
        batch = self.one_view(batch)
        return {**batch, "order": self.patch_order(batch["view"])}

    def compute_losses(self, batch: dict) -> dict:
        pixels = self.pixels(batch["view"])
        targets = nn.patchify(pixels, self._own.parts.patch)  # (N, L, values)
        if self.norm_pix:
            mean, deviation = _moments(targets)
            targets = (targets - mean) / deviation
        predicted, features = self.predict_patches(pixels, batch["order"])
        self.track("feature_std", nn.feature_std(backends.gather(ops.stop_gradient(features))))
        errors = ops.mean(ops.square(predicted - targets), axis=-1)  # (N, L)
        hidden = ops.cast(self.patch_order.hidden(batch["order"]), errors.dtype)
        return {"mae": ops.sum(errors * hidden) / ops.sum(hidden)}

    def pixels(self, images: Any) -> Any:
        """Images in [0, 1] as the transformer gets them: a checkpoint may have a mean and a
        deviation.
        """
        normalize = self._own.parts.normalize
        return images if normalize is None else normalize(images)

    def predict_patches(self, pixels: Any, order: Any) -> tuple[Any, Any]:
        """Values of all patches (N, L, values) from the first `kept` of the order (N, L), and the
        features (N, D) of these.
        """
        parts = self._own.parts
        order = ops.convert_to_tensor(order)
        tokens = parts.tokens(pixels)  # (N, leading + L, D)
        places = order[:, : self.kept, None] + parts.leading  # (N, kept, 1)
        visible = ops.take_along_axis(tokens, places, axis=1)
        visible = ops.concatenate([tokens[:, : parts.leading], visible], axis=1)
        visible = parts.blocks(visible)
        features = parts.pool(visible)
        without_registers = ops.concatenate([visible[:, :1], visible[:, parts.leading :]], axis=1)
        return self.decoder([without_registers, order]), ops.cast(features, "float32")

    def reconstruct_graph(self, images: Any) -> Any:
        parts = self._own.parts
        images = self.reads.layer(images)
        pixels = self.pixels(images)
        shape = (ops.shape(images)[0], self.patch_order.patches)
        order = ops.broadcast_to(ops.convert_to_tensor(self.shown_order), shape)
        predicted, _ = self.predict_patches(pixels, order)
        patches = nn.patchify(pixels, parts.patch)
        if self.norm_pix:
            seen = ops.take_along_axis(patches, order[:, : self.kept, None], axis=1)
            mean, deviation = (ops.mean(x, axis=1, keepdims=True) for x in _moments(seen))
            predicted = predicted * deviation + mean
        hidden = self.patch_order.hidden(order)[:, :, None]
        restored = nn.unpatchify(ops.where(hidden, predicted, patches), parts.grid, parts.patch)
        if parts.normalize is not None:
            deviation = ops.convert_to_tensor(parts.normalize.std, restored.dtype)
            restored = restored * deviation + ops.convert_to_tensor(parts.normalize.mean, "float32")
        return ops.clip(restored, 0.0, 1.0)

    def damage(self, images: Any, rng: np.random.Generator) -> augmentation.Damaged:
        """As `reconstruct` hides them: the draws of `rng` are not used."""
        parts = self._own.parts
        original = self.original(images)
        hidden = ops.convert_to_numpy(self.patch_order.hidden(self.shown_order))
        hidden = hidden.reshape(1, *parts.grid, 1)
        hidden = hidden.repeat(parts.patch, axis=1).repeat(parts.patch, axis=2)
        hidden = np.broadcast_to(hidden, (*original.shape[:3], 1))
        given = np.where(hidden, np.float32(0.5), original)
        mean = original.mean(axis=(1, 2), keepdims=True, where=~hidden)
        fillers = {
            "mean_color": np.where(hidden, mean, original),
            "border": augmentation.fill_border(original, hidden),
        }
        return augmentation.Damaged(original, given, hidden, fillers)


def _moments(patches: Any) -> tuple[Any, Any]:
    """Mean and deviation (N, L, 1) of the values of each patch."""
    count = patches.shape[-1]
    mean = ops.mean(patches, axis=-1, keepdims=True)
    squares = ops.sum(ops.square(patches - mean), axis=-1, keepdims=True)
    return mean, ops.sqrt(squares / (count - 1) + 1e-6)
