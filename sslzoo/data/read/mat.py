"""Histograms of visual words in MATLAB files: `fts` (N, D) counts, `labels` (N, 1) from 1 on.

So are the SURF features of Office-Caltech10 stored (Gong et al. 2012, "Geodesic Flow Kernel for
Unsupervised Domain Adaptation", CVPR): a file is a domain.
"""

import os
import pathlib

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import check_labels, check_vectors, refused
from sslzoo.data.dataset import Dataset
from sslzoo.data.read import check_split

SUFFIXES = (".mat",)
KEYS = ("fts", "labels")


def reads(path: pathlib.Path) -> bool:
    """Whether the path is a MATLAB file with `fts` and `labels`.

    >>> reads(pathlib.Path("none.mat"))
    False
    """
    if path.suffix not in SUFFIXES or not path.is_file():
        return False
    from scipy.io import whosmat

    try:
        return set(KEYS) <= {name for name, _, _ in whosmat(path)}
    except Exception:  # SciPy's, of many kinds; `load` says which
        return False


def splits(path: str | os.PathLike) -> list[str]:
    """A domain is whole: its only split is "train".

    >>> splits("office_caltech10/amazon_surf.mat")
    ['train']
    """
    return ["train"]


def load(
    path: str | os.PathLike,
    split: str = "train",
    image_size: int | None = None,
    on_error: str = "raise",
) -> Dataset:
    """A domain as the published figures have it: `standardized` shares of the words.

    Args:
        path: the file. split: "train", all of it.
        image_size, on_error: Not used.

    Returns:
        A Dataset of `vectors` (N, D) float32 and `labels` (N,) from 0 on.

    Raises:
        ValueError: another split, or as for `load_mat` and `standardized`.

    >>> load("office_caltech10/amazon_surf.mat").vectors.shape  # doctest: +SKIP
    (958, 800)
    """
    path = pathlib.Path(path)
    check_split(path, split, splits(path))
    vectors, labels = load_mat(path)
    vectors = standardized(vectors, f"{path}: fts")
    return Dataset(
        vectors=vectors, labels=labels, name=f"{path.parent.name}/{path.stem}", split=split
    )


def load_mat(path: str | os.PathLike) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The counts as they are stored, float32 (N, D), and the labels (N,), from 0 on.

    Raises:
        ValueError: no MATLAB file before version 7.3, no `fts` or `labels`, unequal lengths, NaN or
            infinite values, labels that are no whole numbers from 1 on.

    >>> import scipy.io, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scipy.io.savemat(f"{folder}/a.mat", {"fts": np.eye(2), "labels": [[1], [2]]})
    ...     load_mat(f"{folder}/a.mat")[1]
    array([0, 1])
    """
    from scipy.io import loadmat

    try:
        arrays = loadmat(path, variable_names=KEYS)
    except Exception as error:  # SciPy's, of many kinds
        raise ValueError(f"{path}: not a readable MATLAB file ({error}).") from None
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise refused(path, f"no {missing[0]}", f"hold {' and '.join(KEYS)}")
    vectors = check_vectors(arrays["fts"], f"{path}: fts").astype("float32")
    labels = arrays["labels"]
    if labels.dtype.kind == "f" and (labels == np.rint(labels)).all():  # MATLAB's usual numbers
        labels = labels.astype("int64")
    name = f"{path}: labels"
    labels = check_labels(
        labels.reshape(-1) if 1 in labels.shape else labels, len(vectors), name=name
    )
    if labels.min() < 1:
        raise refused(name, f"integers from {labels.min()}", "count from 1")
    return vectors, labels - 1


def standardized(counts: NDArray, name: str = "fts") -> NDArray[np.float32]:
    """Counts (N, D) of words -> shares of each row, and these with mean 0 and variance 1 over all
    rows, the variance divided by N.

    The demos of the benchmark (jindongwang/transferlearning, code/traditional) do the same, each
    domain by itself. A word that never varies becomes 0, and so does the share in an empty row.

    Raises:
        ValueError: negative counts.

    >>> standardized(np.array([[2, 6], [3, 1]]))
    array([[-1.,  1.],
           [ 1., -1.]], dtype=float32)
    """
    counts = np.asarray(counts, "float64")
    if counts.min() < 0:
        raise refused(name, f"values from {counts.min():g}", "be counts of at least 0")
    sums = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(sums > 0, sums, 1)
    varies = shares.max(axis=0) > shares.min(axis=0)
    scaled = (shares - shares.mean(axis=0)) / np.where(varies, shares.std(axis=0), 1)
    return np.where(varies, scaled, 0).astype("float32")
