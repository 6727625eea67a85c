"""The record of an evaluation: the figure, how sure it is, and everything needed to measure it
again.
"""

import time

import numpy as np

from sslzoo.evaluate.features import RawPixels


def evaluate_with_baselines(protocol, predict, model, train, test, settings, baselines):
    """Runs `predict(model) -> (labels (n_test,), details)` on the model and, if asked, on its two
    baselines.

    Returns {"protocol", "accuracy", "confidence_95", "per_class", "settings", "baselines",
    "seconds"}, all plain JSON; `details` joins the settings, and so does "raw_pixels_size", the
    [height, width] whose pixels were the baseline of a protocol on features. Accuracies are
    fractions in [0, 1]; seconds are of the model alone, not the baselines.
    """
    start = time.perf_counter()
    predictions, details = predict(model)
    seconds = time.perf_counter() - start
    pixels, found = RawPixels(), {}
    if baselines and hasattr(model, "untrained"):
        encoders = {"untrained_encoder": model.untrained(), "raw_pixels": pixels}
        found = {
            name: float((predict(encoder)[0] == test.labels).mean())
            for name, encoder in encoders.items()
        }
    if pixels.size:
        details = {**details, "raw_pixels_size": pixels.size}
    return {
        "protocol": protocol,
        **figures(predictions, test),
        "settings": {**describe(model, train=train, test=test), **settings, **details},
        "baselines": found,
        "seconds": round(seconds, 3),
    }


def figures(predictions, test):
    """{"accuracy", "confidence_95", "per_class"} of predicted labels (n_test,) of a Split."""
    right = predictions == test.labels
    return {
        "accuracy": float(right.mean()),
        "confidence_95": wilson(int(right.sum()), len(right)),
        "per_class": {
            _name(test, c): float(right[test.labels == c].mean()) for c in np.unique(test.labels)
        },
    }


def wilson(successes, trials, z=1.959964):
    """[low, high] of the binomial 95 % interval of Wilson 1927; unlike p +- 2 s it holds near 0 and
    1.
    """
    p, z2 = successes / trials, z * z / trials
    centre, half = p + z2 / 2, z * np.sqrt(p * (1 - p) / trials + z2 / (4 * trials))
    return [float((centre - half) / (1 + z2)), float((centre + half) / (1 + z2))]


def describe(model, layer="backbone", **splits):
    """The settings that every record has: the layer that was judged, the data, the
    preprocessing.
    """
    preprocess = getattr(model, "preprocess", None)
    preprocessing = (
        {}
        if preprocess is None
        else {k: v for k, v in preprocess.get_config().items() if k != "name"}
    )
    found = {"layer": "given features" if model is None else layer}
    for field, split in splits.items():
        found |= {f"{field}_name": split.name, f"{field}_split": split.split}
    found |= {f"n_{field}": len(split.labels) for field, split in splits.items()}
    images = next(iter(splits.values())).images
    return found | {
        "image_shape": [int(side) for side in np.shape(images[0])],
        "preprocessing": preprocessing,
    }


def _name(split, label):
    named = split.classes is not None and 0 <= label < len(split.classes)
    return str(split.classes[label]) if named else str(label)
