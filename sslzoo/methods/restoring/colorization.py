from typing import Any

import keras
import numpy as np
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, inputs, nn
from sslzoo.checks import above, in_range, one_of, refused
from sslzoo.methods.restoring._restoring import FromMap

LARGEST = 110.0  # of a and b: what "l2" counts as 1


@keras.saving.register_keras_serializable("sslzoo")
class Colorization(FromMap):
    """Zhang et al. 2016, "Colorful Image Colorization", arXiv:1603.08511.

        loss = mean over places of -v sum_q z_q log p_q
        v = weight of the bin with the largest z, weight_q ~ 1 / ((1 - lambda) prior_q + lambda / Q)

    Colors are the a and b of CIE Lab, in bins of 10 by 10 units. z is the color of a place, softly
    in the 5 nearest bins, with a Gaussian of deviation 5. p is the softmax of what the network
    makes of the gray image. Weights have the mean 1 over the prior, which is the mean of all z so
    far. The paper smooths the colors of ImageNet instead. `reconstruct` takes the annealed mean:
    the mean of the bins under softmax(logits / temperature).

    With objective "l2" the network predicts a and b themselves, the baseline of the paper:

        loss = mean over places of 1/2 |(a, b) - prediction|^2, in units of 110

    The network sees luma, as sslzoo makes it of colors, where the paper has L. A result has the
    lightness of the luma. Bins are those that sRGB reaches, 260. The authors' file has 313.

    Needs: images in color, and a network of one channel that ends in global average pooling: the
    option `channels: 1` of a backbone.

    Known weakness: Rare colors are favored, which looks vivid and costs PSNR. What may have any
    color comes out brown or blotched.

    Args:
        backbone: Network from gray images to features (N, D), the mean of a map. Colors are
            predicted at a quarter of the image's size, or at the size of the map.
        objective: "classes" or "l2".
        rebalancing: lambda, the paper's 0.5. 1 weighs all colors alike.
        temperature: The paper has 0.38.
        augment: A preset or fields of `sslzoo.augment`, or a layer. Default: a flip.

    Example:
        >>> import numpy as np
        >>> import sslzoo
        >>> gray = {"name": "micro", "channels": 1}
        >>> model = sslzoo.build("colorization", gray, 8)
        >>> images = np.random.default_rng(0).random((16, 8, 8, 3), "float32")
        >>> history = model.fit(images, batch_size=16, verbose=0)
        >>> model.reconstruct(images).shape
        (16, 8, 8, 3)
    """

    # the code's Adam; the rate is Keras' own
    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}}

    def __init__(
        self,
        backbone: keras.Model,
        objective: str = "classes",
        rebalancing: float = 0.5,
        temperature: float = 0.38,
        augment: Any = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        bins = nn.gamut_bins()
        values = 2 if one_of("objective", objective, ("classes", "l2")) == "l2" else len(bins)
        super().__init__(backbone, values, finest=4, seed=seed, name=name)
        if self.reads.channels != 1:
            needed = "read gray images: give it the option channels: 1"
            raise refused("backbone", "one that reads colors", needed)
        self.objective = objective
        self.bins = bins
        self.rebalancing = in_range("rebalancing", rebalancing, 0, 1, low_open=True)
        self.temperature = above("temperature", temperature, 0)
        self.colors = inputs.Images(*self.reads.shape[:2], 3)
        augment = {"preset": "none", "flip": 0.5} if augment is None else augment
        self.one_view = augmentation.OneView(self.colors, augment, seed=seed)
        self.run_state = nn.State(name="run_state")
        # The sum of the z of all steps; the first counts as uniform.
        self.run_state.counts = self.run_state.add_weight(
            shape=(len(self.bins),),
            initializer=keras.initializers.Constant(1 / len(self.bins)),
            dtype="float32",
            trainable=False,
            aggregation="only_first_replica",
            name="counts",
        )

    @property
    def ablations(self) -> dict:
        """The plain regression of a and b."""
        return {} if self.objective == "l2" else {"l2": {"hyperparameters": {"objective": "l2"}}}

    def check(self, data: dict) -> None:
        shape = data["images"].shape
        if len(shape) != 4 or shape[-1] != 3:
            got = f"shape {tuple(shape)}, which is gray"
            raise refused("images", got, "be in color, (N, H, W, 3), for colorization")

    def views(self, batch: dict) -> dict:
        return self.one_view(batch)

    def compute_losses(self, batch: dict) -> dict:
        colors = batch["view"]
        predicted = self.decode(self.reads.layer(colors))  # (N, h, w, values)
        ab = self.colors_of(colors, predicted.shape[1:3])  # (N, h, w, 2)
        if self.objective == "l2":
            errors = ops.sum(ops.square(predicted - ab / LARGEST), axis=-1)
            return {"l2": 0.5 * ops.mean(errors)}
        z = nn.soft_bins(ab, self.bins)  # (N, h, w, Q)
        self.keep("z", ops.mean(z, axis=(1, 2)))
        weights = ops.take(self.weights_of_bins(), ops.argmax(z, axis=-1))  # (N, h, w)
        entropy = -ops.sum(z * ops.log_softmax(predicted, axis=-1), axis=-1)
        return {"colors": ops.mean(weights * entropy)}

    def after_step(self, batch: dict) -> None:
        if self.objective == "classes":
            counts = self.run_state.counts
            counts.assign(counts + ops.mean(backends.gather(batch["z"]), axis=0))

    def colors_of(self, images: Any, sides: tuple[int, int]) -> Any:
        """The mean a and b (N, h, w, 2) of the cells of images (N, H, W, 3)."""
        ab = nn.rgb_to_lab(images)[..., 1:]
        n, height, width, _ = ops.shape(ab)
        rows, columns = sides
        cells = ops.reshape(ab, (n, rows, height // rows, columns, width // columns, 2))
        return ops.mean(cells, axis=(2, 4))

    def weights_of_bins(self) -> Any:
        """The weight (Q,) of each bin."""
        counts = self.run_state.counts.value
        prior = counts / ops.sum(counts)
        mixed = (1 - self.rebalancing) * prior + self.rebalancing / len(self.bins)
        return (1 / mixed) / ops.sum(prior / mixed)

    def reconstruct_graph(self, images: Any) -> Any:
        gray = self.reads.layer(images)  # (N, H, W, 1)
        predicted = self.decode_graph(gray)
        if self.objective == "l2":
            ab = LARGEST * predicted
        else:
            p = ops.softmax(predicted / self.temperature, axis=-1)
            ab = ops.matmul(p, ops.convert_to_tensor(self.bins))
        ab = ops.image.resize(ab, self.reads.shape[:2], data_format="channels_last")
        lightness = nn.rgb_to_lab(ops.repeat(gray, 3, axis=-1))[..., :1]
        return nn.lab_to_rgb(ops.concatenate([lightness, ab], axis=-1))

    def damage(self, images: Any, rng: np.random.Generator) -> augmentation.Damaged:
        original = ops.convert_to_numpy(self.colors.layer(ops.convert_to_tensor(images)))
        gray = self.original(original).repeat(3, axis=-1)
        hidden = np.ones((*original.shape[:3], 1), bool)
        return augmentation.Damaged(original, gray, hidden, {"gray": gray})
