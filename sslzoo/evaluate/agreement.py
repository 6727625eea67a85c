"""How close two computations of one model are."""

import numpy as np
from numpy.typing import ArrayLike


def agreement(features: ArrayLike, reference: ArrayLike) -> dict:
    """How close features (N, D) are to those of the original model, as the zoo record holds it.

    Returns:
        {"max_relative_difference": max over items of |f - r| / |r| (Euclidean), "mean_cosine",
        "images": N}.

    Raises:
        ValueError: the shapes differ or are not (N, D), or a value is not finite.

    Example:
        >>> from sslzoo.evaluate.agreement import agreement
        >>> agreement([[3.0, 4.0]], [[3.0, 4.0]])["max_relative_difference"]
        0.0
    """
    features = np.asarray(features, "float64")
    reference = np.asarray(reference, "float64")
    if features.shape != reference.shape or features.ndim != 2 or not len(features):
        raise ValueError(
            f"features: got {features.shape} and {reference.shape}; needed two equal (N, D) arrays."
        )
    if not (np.isfinite(features).all() and np.isfinite(reference).all()):
        raise ValueError("features: got NaN or infinity; needed finite values.")
    tiny = np.finfo("float64").tiny
    norms = np.linalg.norm(reference, axis=1)  # (N,)
    difference = np.linalg.norm(features - reference, axis=1) / np.maximum(norms, tiny)
    products = (features * reference).sum(1)
    cosine = products / np.maximum(norms * np.linalg.norm(features, axis=1), tiny)
    return {
        "max_relative_difference": float(difference.max()),
        "mean_cosine": float(cosine.mean()),
        "images": len(features),
    }
