from typing import Any

import keras

from sslzoo import losses
from sslzoo.methods.transfer._shared_features import SharedFeatures


@keras.saving.register_keras_serializable("sslzoo")
class DAN(SharedFeatures):
    """Long, Cao, Wang & Jordan 2015, "Learning Transferable Features with Deep Adaptation
    Networks", arXiv:1502.02791.

        loss = mean of H(y, p(x)) over the source + weight * MMD^2(features of source and target)

    MMD has five Gaussian kernels, see `sslzoo.losses.mmd`, in its biased estimate. The weight is
    the same in all steps.

    The paper aligns the last three dense layers, learns the share of each kernel, and takes an
    estimate of linear cost. DeepDA (jindongwang/transferlearning) aligns the features that the
    classifier reads with equal shares over all pairs, and has weight 0.5, as here.

    Needs: items with labels of a source, and items of a target. See `sslzoo.data.Paired`. Source
    and target are normalized together, see the base class.

    Known weakness: It matches domains as a whole. Classes can be matched with the wrong ones, which
    `DSAN` addresses.

    Args:
        backbone: Network from items to features (N, D).
        classes: C, the number of classes.
        weight: Of the distance. With 0 it is the plain classifier of the source.

    Example:
        >>> import sslzoo
        >>> digits = sslzoo.data.load("digits")
        >>> source, target = digits.take(slice(40)), 255 - digits.images[40:80]
        >>> batches = sslzoo.data.Paired(source, batch_size=20, ratio=1, unlabeled=target)
        >>> model = sslzoo.build("dan", "micro", 8, classes=10)
        >>> history = model.fit(batches, verbose=0)
        >>> model.classify(target).shape
        (40, 10)
    """

    def alignment(self, source: Any, target: Any, batch: dict) -> tuple[str, Any]:
        return "mmd", losses.mmd(source, target)
