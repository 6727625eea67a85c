"""How good is a classifier on a target without labels? Scores that choose among settings.

None reads a label of the target. A setting that is chosen by the target's labels, the oracle,
measures what nobody can know, and is to be printed as such. The accuracy on held-out labels of the
source is the fourth such score: `sslzoo.evaluate.accuracy`. It knows nothing of the shift.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import above, refused, whole


def mutual_information(probabilities: ArrayLike) -> float:
    """H(mean of p) - mean of H(p), in nats, from 0 to ln C: sure of each row, and even over the
    classes (Bridle et al. 1991, "Unsupervised Classifiers, Mutual Information and Phantom
    Targets").

    It takes classes to be about equally frequent. A classifier that is sure and wrong has a high
    score too.

    Args:
        probabilities: (N, C) of the target, rows sum to 1.

    Raises:
        ValueError: another shape, or rows that are no probabilities.

    >>> round(mutual_information(np.eye(2)), 4)  # ln 2
    0.6931
    """
    p = _probabilities(probabilities)
    return float(_entropy(p.mean(axis=0)) - _entropy(p).mean())


def neighborhood_density(probabilities: ArrayLike, temperature: float = 0.05) -> float:
    """Soft neighborhood density (Saito et al. 2021, "Tune it the Right Way: Unsupervised Validation
    of Domain Adaptation via Soft Neighborhood Density", arXiv:2108.10860, equations 2 and 3).

    The mean over rows of the entropy of softmax(S_i / temperature), S_ij the cosine of the
    probabilities of rows i and j, without j = i. It is high where each row has many close
    neighbors. It does not see whether all rows are of one class.

    Args:
        probabilities: (N, C) of the target, N at least 2. Memory: (N, N).
        temperature: Default: 0.05, the paper's.

    Raises:
        ValueError: another shape, rows that are no probabilities, or a temperature of 0 or less.

    >>> round(neighborhood_density(np.eye(2)[[0, 0, 0]]), 4)  # two equal neighbors: ln 2
    0.6931
    """
    above("temperature", temperature, 0)
    p = _probabilities(probabilities)
    if len(p) < 2:
        raise refused("probabilities", f"{len(p)} row", "have at least 2")
    unit = p / np.linalg.norm(p, axis=1, keepdims=True)
    scores = unit @ unit.T / temperature
    np.fill_diagonal(scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return float(_entropy(weights / weights.sum(axis=1, keepdims=True)).mean())


def a_distance(source: ArrayLike, target: ArrayLike, seed: int = 0) -> float:
    """The proxy A-distance, 2 (1 - 2 error), from 0 (cannot be told apart) to 2 (Ben-David et al.
    2007, "Analysis of Representations for Domain Adaptation").

    error is that of a logistic regression which tells the domains apart, on the half of the rows
    that it did not learn from. Both domains count alike. A worse error than chance counts as 0.
    Smaller is better, but features that are all alike have 0 too.

    Args:
        source: features (N, D), N at least 4.
        target: features (M, D), M at least 4.
        seed: Random seed of the halves.

    Raises:
        ValueError: shapes that do not fit, or too few rows.

    >>> rows = np.arange(40.0)[:, None]
    >>> a_distance(rows, rows + 100)
    2.0
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    source, target = (np.asarray(part, "float64") for part in (source, target))
    fits = source.ndim == target.ndim == 2 and source.shape[1] == target.shape[1]
    if not fits or min(len(source), len(target)) < 4:
        got = f"shapes {source.shape} and {target.shape}"
        raise refused("source and target", got, "be (N, D) and (M, D) of at least 4 rows")
    rng = np.random.default_rng(whole("seed", seed, 0))
    halves = []
    for part in (source, target):
        rows = part[rng.permutation(len(part))]
        halves.append(np.array_split(rows, 2))
    train, test = (np.concatenate([half[i] for half in halves]) for i in range(2))
    labels = [np.repeat([0, 1], [len(half[i]) for half in halves]) for i in range(2)]
    scaler = StandardScaler().fit(train)
    judge = LogisticRegression(class_weight="balanced", max_iter=1000)
    judge.fit(scaler.transform(train), labels[0])
    wrong = judge.predict(scaler.transform(test)) != labels[1]
    error = (wrong[labels[1] == 0].mean() + wrong[labels[1] == 1].mean()) / 2
    return float(max(0.0, 2 * (1 - 2 * error)))


def _entropy(p: NDArray) -> NDArray:
    return -np.sum(p * np.log(np.maximum(p, np.finfo("float64").tiny)), axis=-1)


def _probabilities(values):
    p = np.asarray(values, "float64")
    if p.ndim != 2 or not len(p):
        raise refused("probabilities", f"shape {p.shape}", "be (N, C) with at least one row")
    if not (np.isfinite(p).all() and (p >= 0).all() and np.allclose(p.sum(axis=1), 1, atol=1e-3)):
        raise refused("probabilities", "other numbers", "be at least 0, and each row sum to 1")
    return p
