import keras
from keras import ops

from sslzoo import losses, nn
from sslzoo.augment.seeds import ReplicaSeeds
from sslzoo.checks import whole
from sslzoo.methods.pretext._patches import OnPatches


@keras.saving.register_keras_serializable("sslzoo")
class Jigsaw(OnPatches):
    """Noroozi & Favaro 2016, "Unsupervised Learning of Visual Representations by Solving Jigsaw
    Puzzles", arXiv:1603.09246.

        loss = -mean_i log p(j_i | patches of image i in the order of permutation j_i)

    j is drawn for each image from P permutations that differ much. Every patch goes through the
    same network and the same dense layer. Then a classifier sees the row of all of them, as in the
    paper's context-free network. The permutations are part of the weights.

    Needs: images, and a network that works on small patches. `encode` shows it whole images.

    Known weakness: The last layers specialize in the puzzle, and an intermediate block transfers
    better. Patches of small images hold little. Few images are solved by heart.

    Args:
        backbone: Network from square images to features (N, D). It sees patches at their own size.
        permutations: P. The paper has 1000, and 64 in its first version.
        grid: Cells of a side. The paper has 3.
        patch_size: Pixels of a side of a patch. Default: three quarters of a cell, the paper's 64
            of 85.
        patch_units: Units of the dense layer of a patch. The paper has 1024, and VISSL 1000.
        units: Units of the layer before the classifier. The paper has 4096.
        grayscale: The share of images without color. VISSL has 0.66.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("jigsaw", "micro", 12, permutations=8, units=16)
        >>> images = sslzoo.data.load("digits").images[:32]
        >>> history = model.fit(images, batch_size=16, verbose=0)
    """

    def __init__(
        self,
        backbone: keras.Model,
        permutations: int = 64,
        grid: int = 3,
        patch_size: int | None = None,
        patch_units: int = 128,
        units: int = 512,
        grayscale: float = 0.66,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, grid, patch_size, grayscale, seed, name)
        count = self.patches.grid**2
        self.permutations = nn.Permutations(count, whole("permutations", permutations, 2), seed)
        rows = [(whole("patch_units", patch_units, 1), "batch", "relu")]
        self.projector = nn.head(self.feature_dim, rows, "projector", seed=seed + 1)
        rows = [(whole("units", units, 1), "batch", "relu"), (permutations, None, None)]
        self.classifier = nn.head(count * patch_units, rows, "classifier", seed=seed + 2)
        self.draws = ReplicaSeeds(seed + 3)

    def views(self, batch: dict) -> dict:
        batch = super().views(batch)
        shape = ops.shape(batch["patches"])[:1]
        count = self.permutations.count
        order = keras.random.randint(shape, 0, count, dtype="int32", seed=self.draws)
        return {**batch, "order": order}

    def compute_losses(self, batch: dict) -> dict:
        moved = self.permutations(batch["patches"], batch["order"])
        features = self.patch_features(moved)  # (N, K, D)
        flat = ops.reshape(features, (-1, self.feature_dim))
        embedded = self.projector(flat, training=True)
        row = ops.reshape(embedded, (-1, self.classifier.input_shape[-1]))
        logits = self.classifier(row, training=True)
        return {"jigsaw": losses.masked_cross_entropy(logits, batch["order"])}
