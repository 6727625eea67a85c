"""What fixed features are worth on one other data set: two linear probes and nearest neighbors."""

from typing import Any

import numpy as np

from sslzoo.data import Dataset
from sslzoo.evaluate.classic import HogAndColors
from sslzoo.evaluate.encoders import RawPixels, features
from sslzoo.evaluate.protocols.knn import knn
from sslzoo.evaluate.protocols.linear_probe import linear_probe
from sslzoo.evaluate.record import normal_interval

LABELS, DRAWS = 10, 3  # of each class; draws of them


def transfer_encoders(model: Any) -> dict[str, Any]:
    """{name: encoder}: the model, and the three that it is compared with.

    >>> from types import SimpleNamespace
    >>> list(transfer_encoders(SimpleNamespace(untrained=RawPixels)))
    ['this_model', 'untrained_encoder', 'raw_pixels', 'hog_and_colors']
    """
    return {
        "this_model": model,
        "untrained_encoder": model.untrained(),
        "raw_pixels": RawPixels(),
        "hog_and_colors": HogAndColors(),
    }


def transfer_figures(encoder: Any, train: Dataset, test: Dataset, draws: int = DRAWS) -> dict:
    """The figures of one encoder on one data set of images with labels.

    Args:
        encoder: has `.encode(images, batch_size)`.
        train, test: with labels. Every class of train has at least 10 images.
        draws: how many times 10 labels of each class are drawn.

    Returns:
        {"probe_10": mean accuracy of a linear probe on 10 labels of each class, "probe_10_95": its
        95 % interval over the draws by Student's t, "probe": accuracy of the probe on all labels,
        "knn": accuracy of nearest neighbors}.

    >>> from sslzoo.data import load
    >>> train, test = load("digits", "train[:200]"), load("digits", "test[:100]")
    >>> list(transfer_figures(RawPixels(), train, test, draws=2))
    ['probe_10', 'probe_10_95', 'probe', 'knn']
    """
    from scipy.stats import t

    sets = [(features(encoder, part), part.labels) for part in (train, test)]
    few = [
        linear_probe(None, *sets, labels_per_class=LABELS, seed=seed, baselines=False)["accuracy"]
        for seed in range(draws)
    ]
    return {
        "probe_10": float(np.mean(few)),
        "probe_10_95": normal_interval(few, t.ppf(0.975, max(1, draws - 1))),
        "probe": linear_probe(None, *sets, baselines=False)["accuracy"],
        "knn": knn(None, *sets, baselines=False)["accuracy"],
    }
