"""What graphs must be before a model sees them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks.arguments import refused
from sslzoo.checks.arrays import extent, finite, integers

NO_EDGE = -1  # both ends of a row that fills up a graph with fewer edges


def check_nodes(nodes: ArrayLike, name: str = "nodes") -> NDArray:
    """The nodes of G graphs: finite numbers (G, N, F). Floats are not copied, integers become
    float32.

    Raises:
        TypeError: no array of numbers. ValueError: another rank, empty, NaN or infinite.

    >>> check_nodes(np.zeros((1, 5, 2))).shape
    (1, 5, 2)
    """
    return finite(nodes, name, "(G, N, F)", 3)


def check_edges(
    edges: ArrayLike, nodes: int | None = None, name: str = "edges"
) -> NDArray[np.int32]:
    """The edges of G graphs, integers (G, E, 2): from node, to node; as int32.

    A graph with fewer edges than others is filled up with rows (-1, -1).

    Args:
        nodes: N, the nodes of a graph. None: any number.

    Raises:
        TypeError: no array of numbers. ValueError: another shape, floats, a number that is no node,
        an edge of which one end is missing.

    >>> check_edges([[[0, 1], [1, 2], [-1, -1]]], nodes=3).shape
    (1, 3, 2)
    >>> check_edges([[[0, 3]]], nodes=3)
    Traceback (most recent call last):
    ValueError: edges: got integers from 0 to 3; it must be nodes in 0..2, or -1 where there is no \
edge.
    """
    edges = integers(edges, name, "integers (G, E, 2)", 3)
    if edges.shape[-1] != 2:
        raise refused(name, f"shape {edges.shape}", "be integers (G, E, 2)")
    low, high = extent(edges)
    most = np.iinfo("int32").max if nodes is None else nodes - 1
    if low < NO_EDGE or high > most:
        got = f"integers from {low} to {high}"
        raise refused(name, got, f"be nodes in 0..{most}, or -1 where there is no edge")
    missing = edges == NO_EDGE  # (G, E, 2)
    if (missing[..., 0] != missing[..., 1]).any():
        raise refused(name, "-1 at one end of an edge alone", "have it at both ends or at none")
    return edges.astype("int32", copy=False)
