from typing import Any

import keras
from keras import ops

from sslzoo import augment as augmentation
from sslzoo import backends, losses, nn
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import whole
from sslzoo.training import Method


@keras.saving.register_keras_serializable("sslzoo")
class CPC(Method):
    """Oord et al. 2018, "Representation Learning with Contrastive Predictive Coding",
    arXiv:1807.03748.

        loss = -mean over positions and distances k of
            log( exp(z_k . W_k c) / sum over z of exp(z . W_k c) )

    An item is cut into overlapping windows, which the network encodes one by one: z. The context c
    of a window is made of its row and the rows above it. It predicts the windows k rows below. The
    nearest rows share pixels with the window, and are left out. Negatives are windows of all images
    of the batch, of the same image too. Of images the windows are a grid of patches.

    Needs: square images, or series or audio of one length, and a network that works on small
    windows. Series and audio have one window a row, and the context is that of the past. `encode`
    shows the network whole items, where the paper has the mean over patches.

    Known weakness: A pass is several times as large as the batch. BatchNorm in the network lets
    patches know of each other, which the paper avoids. Patches of small images hold little.

    Args:
        backbone: Network from items to features (N, D). It sees windows at their own size.
        windows: Windows of a side. The paper has 7 of 64 px, each 32 px from the next.
        window_size: Pixels, steps or samples of a side of a window. By default windows overlap by
            half.
        steps: How many distances are predicted. The paper has up to five rows.
        units: Channels inside the context network. Henaff et al. 2020, arXiv:1905.09272, have 256.
        negatives: Windows that each item lends as negatives, drawn anew at each step. Default: all,
            as in the paper. Memory grows with it.
        augment: A preset or fields of `sslzoo.augment`, or a layer. The paper flips images, crops
            them, and makes all gray. By default half are flipped and 0.66 are gray, as for jigsaw.
            Of series and audio: nothing.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("cpc", "micro", 12, windows=4, steps=1, units=8)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
    """

    recipe = {"optimizer": {"name": "adam", "learning_rate": 1e-3}}

    def __init__(
        self,
        backbone: keras.Model,
        windows: int = 7,
        window_size: int | None = None,
        steps: int = 5,
        units: int = 256,
        negatives: int | None = None,
        augment: Any = None,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, seed=seed, name=name)
        images = self.reads.field == "images"
        if augment is None:
            gray = {"preset": "none", "flip": 0.5, "grayscale": 0.66}
            augment = gray if images else "none"
        self.windows = augmentation.Windows(self.reads, windows, window_size, augment, seed=seed)
        self.steps = whole("steps", steps, 1, windows - self.windows.apart)
        self.negatives = None if negatives is None else whole("negatives", negatives, 1)
        columns = windows if images else 1
        self.context = nn.row_context(
            windows, columns, self.feature_dim, whole("units", units, 1), seed=seed + 1
        )
        rows = [(steps * self.feature_dim, "no_bias", None)]
        self.predictor = nn.head(self.feature_dim, rows, "predictor", seed=seed + 2)
        self.draws = ReplicaSeeds(seed + 3)
        # Outside of Keras' tracking: it has the layers of the backbone.
        at = nn.at_size if images else nn.at_length
        self._own.on_window = at(backbone, self.windows.size)

    def views(self, batch: dict) -> dict:
        batch = self.windows(batch)
        if self.negatives is None:
            return batch
        shape = (ops.shape(batch["windows"])[0], self.negatives)
        places = self.context.input_shape[1] * self.context.input_shape[2]
        drawn = keras.random.randint(shape, 0, places, dtype="int32", seed=self.draws)
        return {**batch, "negatives": drawn}

    def window_features(self, windows: Any) -> Any:
        """Training features (N, rows, columns, D) of windows (N, rows, columns, ...)."""
        flat = ops.reshape(windows, (-1, *windows.shape[3:]))
        features = self._own.on_window(flat, training=True)
        self.watch(features)
        return ops.reshape(features, (-1, *self.context.input_shape[1:]))

    def predict_rows(self, features: Any) -> Any:
        """What each place predicts for the rows below it, (N, rows, columns, steps, D)."""
        context = self.context(features, training=True)
        flat = ops.reshape(context, (-1, self.feature_dim))
        predicted = self.predictor(flat, training=True)
        shape = (*self.context.input_shape[1:3], self.steps, self.feature_dim)
        return ops.reshape(predicted, (-1, *shape))

    def compute_losses(self, batch: dict) -> dict:
        features = self.window_features(batch["windows"])
        predicted = backends.gather(self.predict_rows(features))
        targets = backends.gather(features)  # (N, rows, columns, D)
        n, rows, columns, width = ops.shape(targets)
        numbers = ops.arange(n * rows * columns, dtype="int32")
        chosen = self._chosen(batch, numbers)  # (M,) of the windows
        candidates = ops.take(ops.reshape(targets, (-1, width)), chosen, axis=0)
        numbers = ops.reshape(numbers, (-1, rows, columns))
        terms = []
        for step in range(self.steps):
            ahead = self.windows.apart + step
            below = ops.reshape(numbers[:, ahead:], (-1, 1))
            loss = losses.predictive_info_nce(
                ops.reshape(predicted[:, : rows - ahead, :, step], (-1, width)),
                ops.reshape(targets[:, ahead:], (-1, width)),
                candidates,
                below == chosen[None],
            )
            terms.append(loss)
        return {"cpc": sum(terms) / self.steps}

    def _chosen(self, batch: dict, numbers: Any) -> Any:
        """Numbers (M,) of the windows that are negatives."""
        if self.negatives is None:
            return numbers
        drawn = backends.gather(batch["negatives"])  # (N, negatives), counted in each image
        places = self.context.input_shape[1] * self.context.input_shape[2]
        return ops.reshape(drawn + numbers[::places, None], (-1,))
