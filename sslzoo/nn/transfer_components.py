"""The eigenproblem of Transfer Component Analysis in NumPy and SciPy, float64.

Pan, Tsang, Kwok & Yang 2011, "Domain Adaptation via Transfer Component Analysis", IEEE TNN 22(2),
and the form that they gave at IJCAI 2009. Rows are items, those of the source first, then those of
the target.
"""

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sslzoo.checks import above, one_of, refused, whole

FORMS = ("2011", "2009")


def mean_difference(sources: int, targets: int) -> NDArray[np.float64]:
    """e (N,) whose product with values (N,) is their mean over the source minus that over the
    target. The paper's L is e e^T; the length of e squared is the Frobenius norm of L.

    Args:
        sources, targets: how many rows of each there are, at least 1.

    Example:
        >>> mean_difference(2, 1)
        array([ 0.5,  0.5, -1. ])
    """
    whole("sources", sources, 1)
    whole("targets", targets, 1)
    return np.repeat([1.0 / sources, -1.0 / targets], [sources, targets])


def rbf_kernel(x: NDArray, y: NDArray, gamma: float) -> NDArray[np.float64]:
    """exp(-gamma |x_i - y_j|^2) of rows (N, D) and (M, D): (N, M).

    Example:
        >>> rbf_kernel(np.array([[0.0]]), np.array([[0.0], [2.0]]), gamma=0.25).round(3)
        array([[1.   , 0.368]])
    """
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)  # (N, M)
    return np.exp(-gamma * np.maximum(squares - 2 * x @ y.T, 0))


def transfer_components(
    kernel: NDArray,
    difference: NDArray,
    components: int,
    mu: float = 1.0,
    form: str = "2011",
    whiten: bool = False,
) -> NDArray[np.float64]:
    """W whose embedding K W keeps variance and has domains of nearly the same mean.

    Among all W with W^T K H K W = I, H = I - 1 1^T / N, it minimizes the trace of

        "2011": W^T (K L K + mu I) W, where a larger mu adapts less;
        "2009": W^T (I + mu K L K) W, where a larger mu adapts more: "2011" with 1 / mu.

    These are the leading eigenvectors of B w = lambda A w, with B = K H K and A the matrix in the
    middle. A is positive definite, so both matrices keep their symmetry in
    `scipy.linalg.eigh(B, A)`. A^-1 B is not symmetric: eigenvectors that `eigh` finds of it, as in
    two public implementations, are other ones. Signs: the largest value of each column of K W is
    positive.

    Args:
        kernel: K (N, N), symmetric; or any features (N, M), for a linear map W (M, components) of
            them: K K is their Gram matrix then.
        difference: e (N,), see `mean_difference`; or several (N, R), for L = E E^T.
        components: Size of the embedding.
        mu: trade-off, above 0.
        form: one of `FORMS`.
        whiten: give W the lengths of the paper's constraint, with which all columns of K W have the
            same variance. Otherwise each column of W has length 1, as in jindongwang/
            transferlearning; leading components then weigh more.

    Returns:
        W (M, components), leading components first.

    Raises:
        ValueError: an unknown form, mu at or below 0, more components than directions in which the
            data varies.

    Example:
        >>> rows = np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 0.0], [5.0, 1.0]])
        >>> w = transfer_components(rows, mean_difference(2, 2), components=1, mu=1e-3)
        >>> abs(w).round(2)  # the feature in which the domains do not differ
        array([[0.],
               [1.]])
    """
    one_of("form", form, FORMS)
    above("mu", mu, 0)
    whole("components", components, 1)
    kernel = np.asarray(kernel, "float64")
    width = kernel.shape[1]
    shift = kernel.T @ difference.reshape(len(kernel), -1)  # (M, R)
    apart = shift @ shift.T  # K L K
    centered = kernel - kernel.mean(axis=0)  # H K
    b = centered.T @ centered
    a = apart + mu * np.eye(width) if form == "2011" else mu * apart + np.eye(width)
    most = min(components, width)
    values, w = scipy.linalg.eigh(b, a, subset_by_index=[width - most, width - 1])
    values, w = values[::-1], w[:, ::-1]
    directions = int((values > 1e-12 * max(width, len(kernel)) * values[0]).sum())
    if directions < components:
        raise refused("components", components, f"be at most {directions} for data that varies so")
    lengths = np.sqrt(np.sum(w * (b @ w), axis=0)) if whiten else np.linalg.norm(w, axis=0)
    return _signed(w / lengths, kernel)


def linear_components(
    vectors: NDArray,
    difference: NDArray,
    components: int,
    mu: float = 1.0,
    form: str = "2011",
    whiten: bool = False,
) -> NDArray[np.float64]:
    """The embedding of the linear kernel as a projection: K W = X X^T W = X P, with P = X^T W.

    Of many rows, W is found in the space of the D features: for R = (X^T X)^(1/2), every W of
    interest is X R^-1 V with |W v| = |V v|, and K W = X R V. So TCA on the features X R gives V,
    and P = R V. Time and memory then grow with D^3 and N D^2, not with N^3.

    Args:
        vectors: X (N, D). Else as for `transfer_components`.

    Returns:
        P (D, components).

    Example:
        >>> rows = np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 0.0], [5.0, 1.0]])
        >>> p = linear_components(rows, mean_difference(2, 2), components=1, mu=1e-3)
        >>> abs(p / np.linalg.norm(p)).round(2)
        array([[0.],
               [1.]])
    """
    x = np.asarray(vectors, "float64")
    settings = {"components": components, "mu": mu, "form": form, "whiten": whiten}
    if len(x) <= x.shape[1]:
        return x.T @ transfer_components(x @ x.T, difference, **settings)
    values, basis = np.linalg.eigh(x.T @ x)  # of R^2
    root = (basis * np.sqrt(np.maximum(values, 0))) @ basis.T  # (D, D)
    return root @ transfer_components(x @ root, difference, **settings)


def _signed(w, kernel):
    """Columns of W with the sign that makes the largest value of each column of K W positive."""
    z = kernel @ w
    largest = np.abs(z).argmax(axis=0)
    return w * np.sign(z[largest, np.arange(z.shape[1])])
