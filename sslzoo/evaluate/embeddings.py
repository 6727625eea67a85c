"""What the protocols on embeddings of unseen classes share: how two are compared, and the record of
what came out.
"""

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import one_of, whole
from sslzoo.evaluate.encoders import encoded
from sslzoo.evaluate.record import measured
from sslzoo.evaluate.splits import Split, needs
from sslzoo.rows import unit_rows

Similarity = Literal["cosine", "euclidean"]


def comparable(embeddings: ArrayLike, similarity: Similarity) -> NDArray[np.float32]:
    """Rows between which the Euclidean distance orders as `similarity` does.

    Args:
        embeddings: (N, D).
        similarity: "cosine" gives rows of length 1, a zero row stays zero; "euclidean" gives the
            rows as they are.

    >>> comparable([[3.0, 4.0]], "cosine")
    array([[0.6, 0.8]], dtype=float32)
    """
    one_of("similarity", similarity, get_args(Similarity))
    rows = np.asarray(embeddings, "float32")
    if similarity == "euclidean":
        return rows
    return unit_rows(rows)


def squared_distances(rows: NDArray, others: NDArray) -> NDArray:
    """|rows_i - others_j|^2 of (n, D) and (m, D): (n, m).

    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[25.]])
    """
    squares = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)  # (n, m)
    return np.maximum(squares - 2 * rows @ others.T, 0)


def embedding_record(
    protocol: str,
    measure: Callable[[NDArray], dict],
    model: Any,
    test: Split,
    settings: dict,
    batch_size: int = 256,
    baselines: bool = True,
) -> dict:
    """The record of figures that are made of embeddings, of the model and of its baselines.

    Args:
        protocol: its name.
        measure: embeddings (N, D) -> {figure: value}. The baselines have the first figure; its name
            is the setting "baseline_figure".
        model: has `.encode`; or None, the items of `test` are embeddings.
        settings: Settings of the protocol.

    Returns:
        See `sslzoo.evaluate.record.measured`.

    >>> test = Split(np.eye(2), np.array([0, 1]), "vectors")
    >>> spread = lambda embeddings: {"spread": float(embeddings.std())}
    >>> embedding_record("mine", spread, None, test, {})["spread"]
    0.5
    """

    def figures_of(encoder):
        embeddings = encoded(encoder, test.inputs, batch_size)
        figures = measure(embeddings)
        details = {"feature_dim": embeddings.shape[1], "baseline_figure": next(iter(figures))}
        return figures, details

    return measured(protocol, figures_of, model, {"test": test}, settings, baselines)


def check_embedding_settings(model: Any, protocol: str, similarity: str, batch_size: int) -> None:
    """Refuse what no embedding can be measured with, before any work. Raises ValueError.

    >>> check_embedding_settings(None, "retrieval", "dot", 256)
    Traceback (most recent call last):
    ValueError: similarity: got 'dot'; it must be one of 'cosine', 'euclidean'.
    """
    one_of("similarity", similarity, get_args(Similarity))
    whole("batch_size", batch_size, 1)
    if model is not None:
        needs(model, protocol, "encode")
