import operator
from typing import Any

import keras
import numpy as np

from sslzoo import backends, nn
from sslzoo.checks import in_range, refused
from sslzoo.methods.transfer._reset import Reset
from sslzoo.training.feed import is_rows, named_arrays

CHUNK = 256  # items that are profiled at once


@keras.saving.register_keras_serializable("sslzoo")
class ReMoS(Reset):
    """Zhang et al. 2022, "ReMoS: Reducing Defect Inheritance in Transfer Learning via Relevant
    Model Slicing", ICSE 2022, doi:10.1145/3510003.3510191: weights that matter to the teacher alone
    are set to zero, then all are fine-tuned.

        score = rank of the coverage of a weight - rank of |w|
        the `share` of weights with the lowest scores: w = 0
        loss = mean over the batch of H(y, softmax(head(f(x))))

    The coverage of a weight counts on how many training items its input and its output are active,
    in the trained network: see `sslzoo.nn.covered` and `sslzoo.nn.relevance`. A large weight that
    the new items seldom use is of no use to them. But an attacker who knows the teacher can use it.
    Weights at zero learn like all others. With `share` 0 it is plain fine-tuning.

    It follows the authors' code (ziqi-zhang/ReMoS_artifact). That ranks convolutions alone, here
    also dense layers, but for the new classifier. The paper speaks of the change of weights, the
    code of their size. The code smooths the labels by 0.1. Augmentation is not profiled.

    Needs: arrays or a `Dataset` of items with labels, and a trained network.

    Known weakness: A small network has few weights to spare: accuracy falls before the inheritance
    does. `sslzoo.evaluate.safety` measures both. It does not protect from attacks on the student
    itself.

    Args:
        backbone: The teacher, from items to features (N, D). A copy of it learns.
        classes: C, the number of classes.
        share: Of the weights that are set to zero. The code has 0.1 on ResNet-18, and 0.03 on
            ResNet-50 against backdoors.
        threshold: Of the mean of a channel, in 0..1, above which it is covered.
        backbone_rate: Rate of the network over that of the head, as in the code.
        augment: For images, a preset or fields of `sslzoo.augment`. For any kind of data, "none" or
            a Keras layer that changes items at random.

    Attributes:
        coverage_kept: The share of the coverage that the weights kept which were not set to zero.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits").take(slice(64))
        >>> teacher = sslzoo.load("simclr_resnet20.digits")
        >>> student = sslzoo.build("remos", teacher.backbone, classes=10)
        >>> history = student.fit(digits.images, digits.labels, batch_size=32, verbose=0)
        >>> float(student.coverage_kept) > 0.9
        True
    """

    recipe = {  # of the code, whose rate of the head is 10 times that of the rest, 5e-3
        "optimizer": {"name": "sgd", "learning_rate": 0.05, "weight_decay": 1e-4}
    }
    ablations = {"fine_tuned": {"hyperparameters": {"share": 0.0}}}

    def __init__(
        self,
        backbone: keras.Model,
        classes: int,
        share: float = 0.1,
        threshold: float = 0.5,
        backbone_rate: float = 0.1,
        augment: Any = "none",
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        super().__init__(backbone, classes, share, backbone_rate, augment, seed, name)
        self.threshold = float(in_range("threshold", threshold, 0, 1))
        self.coverage_kept = self.run_state.add_weight(
            shape=(), initializer="ones", trainable=False, name="coverage_kept"
        )

    def training_data(self, x: Any) -> Any:
        """ValueError for a stream."""
        if not is_rows(x) and not named_arrays(x):
            needed = "be arrays or a Dataset: ReMoS profiles the whole set"
            raise refused("x", f"a {type(x).__name__}", needed)
        return x

    def scores(self, data: dict) -> list[np.ndarray]:
        """`nn.relevance` of the kernels to the items."""
        kernels, coverages = self.kernels(), self.coverage(data)
        scores = nn.relevance(kernels, coverages)
        zeros = nn.lowest(scores, self.share)
        edges = [nn.edge_coverage(*pair) for pair in zip(kernels, coverages, strict=True)]
        kept = [np.sum(~zero * edge) for zero, edge in zip(zeros, edges, strict=True)]
        totals = [np.sum(np.broadcast_to(e, z.shape)) for e, z in zip(edges, zeros, strict=True)]
        self.coverage_kept.assign(sum(kept) / max(sum(totals), 1))
        return scores

    def coverage(self, data: dict) -> list:
        """A `Coverage` of each kernel by all items."""
        count = nn.coverage_graph(self.backbone, self.threshold)
        compute = backends.compiled(self, lambda items: count(self.reads.layer(items)))
        items, totals = self.reads.of(data), None
        for start in range(0, self.reads.count(items), CHUNK):
            rows = slice(start, start + CHUNK)
            found = compute(keras.tree.map_structure(operator.itemgetter(rows), items))
            totals = found if totals is None else keras.tree.map_structure(np.add, totals, found)
        return totals
