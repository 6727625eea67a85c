import keras
import numpy as np

from sslzoo import losses
from sslzoo.methods.incremental._rehearsal import Rehearsal


@keras.saving.register_keras_serializable("sslzoo")
class Replay(Rehearsal):
    """Experience replay (Chaudhry et al. 2019, "On Tiny Episodic Memories in Continual Learning",
    arXiv:1902.10486): past images from a small memory are trained on together with the new ones, as
    many of them.

    loss = cross-entropy of the softmax over all classes seen so far.
    The memory is balanced by class, K / t images of each of t classes, drawn at random when their
    task ends. Reservoir sampling, the paper's, keeps classes in proportion to their images: the
    same in expectation where classes are of one size. Exemplars are repeated, each as often as the
    others to within one, until they are as many as the task's images: an epoch then has twice the
    steps. A memory that is larger than the task comes once. The paper draws half of every batch
    from it.

    Needs: images, labels of the open task; a memory of K images.
    Known weakness: it trains on the same few images again and again, and learns them by heart.

    Args:
        backbone: images -> features (N, D).
        classes: C, of all tasks together.
        exemplars: K; 2000 as for iCaRL.
        augment: preset or fields of `sslzoo.augment`.
    """

    def __init__(self, backbone, classes, exemplars=2000, augment="none", seed=0, name=None):
        super().__init__(backbone, classes, exemplars, augment, seed=seed, name=name)

    def choose(self, images, count):
        return np.random.default_rng((self.seed, self.tasks_begun)).permutation(len(images))[:count]

    def rehearsed(self, new, kept):
        rows = max(new, kept)
        return np.arange(rows) * kept // rows

    def compute_losses(self, batch):
        logits = self.head(self.represent(batch["view"]))
        return {"cross_entropy": losses.masked_cross_entropy(logits, batch["labels"], self.seen())}
