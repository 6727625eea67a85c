"""Closed forms that bring two domains together, in NumPy, float64. Rows are items."""

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import above, refused, whole

TINY = 1e-12


def principal_axes(rows: NDArray, components: int) -> NDArray[np.float64]:
    """The directions (D, components) in which rows (N, D) vary most, orthonormal, the first ones
    leading. The largest value of each is positive.

    Raises:
        ValueError: more components than directions in which the rows vary.

    Example:
        >>> principal_axes(np.array([[0.0, 0.0], [3.0, 0.0]]), 1)
        array([[1.],
               [0.]])
    """
    whole("components", components, 1)
    centered = rows - rows.mean(axis=0)
    parts = np.linalg.svd(centered, full_matrices=False)
    limit = TINY * max(centered.shape) * max(parts.S[0], TINY)
    most = int((limit < parts.S).sum())
    if components > most:
        raise refused("components", components, f"be at most {most} for data that varies so")
    axes = parts.Vh[:components].T
    largest = np.abs(axes).argmax(axis=0)
    return axes * np.sign(axes[largest, np.arange(components)])


def recoloring(source: NDArray, target: NDArray, ridge: float = 1.0) -> NDArray[np.float64]:
    """A (D, D) with which centered rows of the source get the covariance of the target.

        A = (C_s + ridge I)^(-1/2) (C_t + ridge I)^(1/2), both roots symmetric

    Args:
        source, target: (N, D) and (M, D), at least two rows each.
        ridge: Above 0: without it a covariance of few rows has no inverse.

    Example:
        >>> source, target = np.array([[-1.0], [1.0]]), np.array([[-3.0], [3.0]])
        >>> recoloring(source, target, ridge=1e-9).round(3)
        array([[3.]])
    """
    above("ridge", ridge, 0)
    whitening = _power(source, ridge, -0.5)
    return whitening @ _power(target, ridge, 0.5)


def _power(rows, ridge, exponent):
    covariance = np.atleast_2d(np.cov(rows, rowvar=False)) + ridge * np.eye(rows.shape[1])
    values, axes = np.linalg.eigh(covariance)
    return (axes * values**exponent) @ axes.T


def geodesic_flow(source: NDArray, target: NDArray) -> NDArray[np.float64]:
    """F (D, 2d) of the geodesic flow kernel: x F F^T y is the kernel of rows x and y.

    The kernel is twice the integral of the inner products of x and y in all subspaces on the
    shortest path from the one subspace to the other. With the principal angles t_i between them,

        G = [P U1, R U2] [[L1, L2], [L2, L3]] [P U1, R U2]^T
        L1 = 1 + sin(2 t) / (2 t), L2 = (cos(2 t) - 1) / (2 t), L3 = 1 - sin(2 t) / (2 t)

    F is a root of G: a root of each 2 x 2 matrix mixes the two columns of its angle.

    Args:
        source, target: Orthonormal bases (D, d) of the subspaces, as of `principal_axes`.

    Raises:
        ValueError: bases of different shapes.

    Example:
        >>> flow = geodesic_flow(np.eye(3)[:, :1], np.eye(3)[:, 1:2])  # an angle of 90 degrees
        >>> (flow @ flow.T).round(2)
        array([[1.  , 0.64, 0.  ],
               [0.64, 1.  , 0.  ],
               [0.  , 0.  , 0.  ]])
    """
    if source.shape != target.shape:
        raise refused("target", f"a basis of shape {target.shape}", f"be as {source.shape}")
    turns = np.linalg.svd(source.T @ target)
    cosines = np.clip(turns.S, 0, 1)
    along = source @ turns.U  # (D, d)
    beside = target @ turns.Vh.T - along * cosines  # (D, d), orthogonal to the source's subspace
    sines = np.linalg.norm(beside, axis=0)
    beside = beside / np.maximum(sines, TINY)  # zero columns where the subspaces meet
    angles = np.arctan2(sines, cosines)
    twice = np.maximum(2 * angles, TINY)
    mixed = np.empty((len(angles), 2, 2))
    mixed[:, 0, 0] = 1 + np.sin(twice) / twice
    mixed[:, 1, 1] = 1 - np.sin(twice) / twice
    mixed[:, 0, 1] = (1 - np.cos(twice)) / twice
    mixed[:, 1, 0] = mixed[:, 0, 1]
    values, axes = np.linalg.eigh(mixed)
    roots = axes * np.sqrt(np.maximum(values, 0))[:, None]  # (d, 2, 2)
    pairs = np.stack([along, beside], axis=-1)  # (D, d, 2)
    return np.einsum("kdi,dij->kdj", pairs, roots).reshape(len(source), -1)  # (D, 2d)
