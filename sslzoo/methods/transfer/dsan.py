from typing import Any

import keras
from keras import ops

from sslzoo import backends, losses, nn
from sslzoo.methods.transfer._shared_features import SharedFeatures


@keras.saving.register_keras_serializable("sslzoo")
class DSAN(SharedFeatures):
    """Zhu et al. 2021, "Deep Subdomain Adaptation Network for Image Classification",
    arXiv:2106.09388.

        loss = mean of H(y, p(x)) over the source + weight * ramp * LMMD

    LMMD is the MMD of each class, see `sslzoo.losses.lmmd`. Labels say which class a row of the
    source belongs to. The network's own probabilities, as constants, say it of the target. They are
    wrong at first, so the weight rises: ramp = 2 / (1 + exp(-10 p)) - 1 at the share p of the run.

    Weight 0.5 is that of DeepDA (jindongwang/transferlearning), whose ramp has the slope 1 and ends
    at 0.46. The slope 10 is the paper's.

    Needs: items with labels of a source, and items of a target. See `sslzoo.data.Paired`. Source
    and target are normalized together, see the base class.

    Known weakness: A class that is taken for another in the target is pulled to that other.

    Args:
        backbone: Network from items to features (N, D).
        classes: C, the number of classes.
        weight: Of the distance. With 0 it is the plain classifier of the source.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits")
        >>> source, target = digits.take(slice(40)), 255 - digits.images[40:80]
        >>> batches = sslzoo.data.Paired(source, batch_size=20, ratio=1, unlabeled=target)
        >>> model = sslzoo.build("dsan", "micro", 8, classes=10)
        >>> history = model.fit(batches, verbose=0)
        >>> model.classify(target).shape
        (40, 10)
    """

    def alignment(self, source: Any, target: Any, batch: dict) -> tuple[str, Any]:
        labels = backends.gather(batch["labels"])
        p = ops.softmax(ops.cast(self.head(target, training=True), "float32"))
        ramp = nn.adversarial_ramp(self.clock.progress())
        return "lmmd", ramp * losses.lmmd(source, target, labels, p)
