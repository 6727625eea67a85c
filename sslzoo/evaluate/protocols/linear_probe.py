"""The linear probe: logistic regression on frozen features."""

import copy
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from sslzoo.checks import above, in_range, refused, whole
from sslzoo.data.subset import labelled_subset, stratified_split
from sslzoo.evaluate.encoders import encoded
from sslzoo.evaluate.record import evaluate_with_baselines
from sslzoo.evaluate.splits import Labelled, labelled_splits, needs

HEADLINES = [("accuracy", "%", "linear probe")]

# Features with much in common (dimensional collapse) want the weak end; pixels of digits are best
# at 1e-3.
PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
PATH_ROWS = 10_000  # enough to choose a penalty; the whole of a large set would only take longer


def linear_probe(
    model: Any,
    train: Labelled,
    test: Labelled,
    penalties: Sequence[PositiveFloat] = PENALTIES,
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1,
    max_iter: PositiveInt = 100,
    seed: NonNegativeInt = 0,
    batch_size: PositiveInt = 256,
    baselines: bool = True,
) -> dict:
    """Accuracy of multinomial logistic regression on frozen, standardised features.

    Minimises mean cross-entropy + penalty / 2 |W|^2 (scikit-learn's C = 1 / (penalty n)) by L-BFGS
    to convergence, as Kornblith et al. 2019, arXiv:1805.08974 do, so that nothing but the penalty
    needs tuning. The penalty is the best on `validation_fraction` of every class of TRAIN (ties:
    the strongest), fitted on at most 10,000 other rows of it; then W is fitted on all of train,
    starting from there. The test labels are only counted against. Features are standardised with
    the statistics of train.

    Cost: len(penalties) fits on 10,000 rows and one on all, of up to max_iter steps; a step over
    50,000 rows and 10 classes takes about 0.03 s at 64 dimensions, 0.3 s at 512, 0.8 s at 3,072
    (raw pixels) on two cores.

    Args:
        model, train, test, batch_size, baselines: as for `knn`.
        penalties: to choose from.
        validation_fraction: of every class.
        max_iter: bounds every fit; the record says which fits converged.
        seed: of the validation split.

    Returns:
        The record of `sslzoo.evaluate.record`.

    Raises:
        ValueError: no labels, nothing to evaluate, labels that do not match, one class only, a
            class with a single training item, data of another kind than the model reads, a setting
            out of range.

    >>> import numpy as np
    >>> features, labels = np.eye(4)[[0, 1] * 10], [0, 1] * 10
    >>> linear_probe(None, (features, labels), (features, labels))["accuracy"]
    1.0
    """
    penalties = _strongest_first(penalties)
    in_range("validation_fraction", validation_fraction, 0, 1, low_open=True, high_open=True)
    for name, value, least in (("max_iter", max_iter, 1), ("seed", seed, 0)):
        whole(name, value, least)
    whole("batch_size", batch_size, 1)
    if model is not None:
        needs(model, "linear_probe", "encode")
    train, test = labelled_splits(model, train, test, "linear_probe")
    classes = np.unique(train.labels)
    if len(classes) < 2:
        raise refused("train labels", f"class {classes[0]} alone", "have at least two classes")
    fit_rows, validation_rows = _path_rows(train.labels, validation_fraction, seed)

    def predict(encoder):
        probe = _Probe(encoded(encoder, train.inputs, batch_size), train.labels, max_iter)
        path = probe.choose_penalty(penalties, fit_rows, validation_rows)
        details = {**probe.details(), "validation": path}
        return probe.predict(encoded(encoder, test.inputs, batch_size)), details

    settings = {
        "validation_fraction": float(validation_fraction),
        "n_path": len(fit_rows),
        "n_validation": len(validation_rows),
        "solver": "lbfgs",
        "max_iter": int(max_iter),
        "standardised": True,
        "seed": seed,
    }
    return evaluate_with_baselines("linear_probe", predict, model, train, test, settings, baselines)


class _Probe:
    """Logistic regression on standardised features (N, D) with labels (N,)."""

    def __init__(self, features: NDArray, labels: NDArray, max_iter: int) -> None:
        from sklearn.preprocessing import StandardScaler

        self.scaler = StandardScaler()
        self.x = self.scaler.fit_transform(features)
        self.labels, self.max_iter = labels, max_iter
        self.regression = None

    def choose_penalty(
        self, penalties: list[float], fit_rows: NDArray, validation_rows: NDArray
    ) -> list[dict]:
        """Fit with each penalty, strongest first, and with the best of them on all rows.

        Each fit starts from the one before, which is near. Returns what each came to.
        """
        from sklearn.linear_model import LogisticRegression

        x, labels = self.x[fit_rows], self.labels[fit_rows]
        x_validation, truth = self.x[validation_rows], self.labels[validation_rows]
        regression = LogisticRegression(solver="lbfgs", max_iter=self.max_iter, warm_start=True)
        path, fits = [], []
        for penalty in penalties:
            _fit(regression, x, labels, penalty)
            accuracy = float((regression.predict(x_validation) == truth).mean())
            converged = self._converged(regression)
            path.append({"penalty": penalty, "accuracy": accuracy, "converged": converged})
            fits.append(copy.deepcopy(regression))
        # The first of equals: the strongest penalty.
        best = max(range(len(path)), key=lambda index: path[index]["accuracy"])
        self.penalty = path[best]["penalty"]
        self.regression = _fit(fits[best], self.x, self.labels, self.penalty)
        return path

    def predict(self, features: NDArray) -> NDArray:
        return self.regression.predict(self.scaler.transform(features))

    def details(self) -> dict:
        """For the record."""
        return {
            "feature_dim": self.x.shape[1],
            "penalty": self.penalty,
            "C": float(self.regression.C),
            "iterations": int(self.regression.n_iter_.max()),
            "converged": self._converged(self.regression),
        }

    def _converged(self, regression):
        return bool(regression.n_iter_.max() < self.max_iter)


def _fit(regression, x, labels, penalty):
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is in the record
        return regression.set_params(C=1 / (penalty * len(x))).fit(x, labels)


def _strongest_first(penalties):
    penalties = list(penalties)
    if not penalties:
        raise refused("penalties", penalties, "be one or more numbers above 0")
    return sorted((float(above("penalties", value, 0)) for value in penalties), reverse=True)


def _path_rows(labels, fraction, seed):
    """(rows to fit, rows to validate) for the choice of the penalty."""
    fit_rows, validation_rows = stratified_split(labels, fraction, seed)
    if len(fit_rows) > PATH_ROWS:
        share = PATH_ROWS / len(fit_rows)
        fit_rows = fit_rows[labelled_subset(labels[fit_rows], share, seed=seed)]
    return fit_rows, validation_rows
