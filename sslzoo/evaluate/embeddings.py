"""What the protocols on embeddings of unseen classes share: how two are compared, and the record of
what came out.
"""

import time

import numpy as np

from sslzoo.errors import unknown
from sslzoo.evaluate.features import RawPixels, features
from sslzoo.evaluate.record import describe

SIMILARITIES = ("cosine", "euclidean")


def comparable(embeddings, similarity):
    """Rows (N, D) float32 between which the Euclidean distance orders as `similarity` does: at
    length 1 for "cosine", as they are for "euclidean". A zero row stays zero.
    """
    if similarity not in SIMILARITIES:
        raise ValueError(unknown("similarity", similarity, SIMILARITIES))
    rows = np.asarray(embeddings, "float32")
    if similarity == "euclidean":
        return rows
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def squared_distances(rows, others):
    """|rows_i - others_j|^2 of (n, D) and (m, D): (n, m)."""
    squares = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)
    return np.maximum(squares - 2 * rows @ others.T, 0)


def embedding_record(protocol, measure, model, test, settings, batch_size, baselines):
    """Runs `measure(embeddings (N, D)) -> {figure: value}` on the model and, if asked, on its two
    baselines.

    Returns {"protocol", **figures, "settings", "baselines", "seconds"}, all plain JSON; "baselines"
    holds the first figure of each, its name is the setting "baseline_figure". Seconds are of the
    model alone.
    """
    start = time.perf_counter()
    embeddings = features(model, test.images, batch_size)
    figures = measure(embeddings)
    seconds = time.perf_counter() - start
    headline, pixels, found = next(iter(figures)), RawPixels(), {}
    if baselines and hasattr(model, "untrained"):
        encoders = {"untrained_encoder": model.untrained(), "raw_pixels": pixels}
        found = {
            name: measure(features(encoder, test.images, batch_size))[headline]
            for name, encoder in encoders.items()
        }
    details = {"feature_dim": embeddings.shape[1], "baseline_figure": headline}
    details |= {"raw_pixels_size": pixels.size} if pixels.size else {}
    return {
        "protocol": protocol,
        **figures,
        "settings": {**describe(model, test=test), **settings, **details},
        "baselines": found,
        "seconds": round(seconds, 3),
    }


def normal_interval(values, z=1.959964):
    """[low, high] of the 95 % interval of a mean, mean +- z s / sqrt(n), s with n - 1; of one
    value, that value twice.
    """
    values = np.asarray(values, "float64")
    half = z * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return [float(values.mean() - half), float(values.mean() + half)]
