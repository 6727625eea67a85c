"""The linear probe: logistic regression on fixed features."""

import copy
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from sslzoo.checks import above, in_range, refused, whole
from sslzoo.data.subset import labeled_subset, stratified_split
from sslzoo.evaluate.blocks import LAST, check_block, of_block
from sslzoo.evaluate.encoders import encoded
from sslzoo.evaluate.record import evaluate_with_baselines
from sslzoo.evaluate.splits import Labeled, check_classes, labeled_splits, needs
from sslzoo.progress import progress

HEADLINES = [("accuracy", "%", "linear probe")]

# Features with much in common (dimensional collapse) want the weak end; pixels of digits are best
# at 1e-3.
PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
PATH_ROWS = 10_000  # enough to choose a penalty; the whole of a large set would only take longer


def linear_probe(
    model: Any,
    train: Labeled,
    test: Labeled,
    penalties: Sequence[PositiveFloat] = PENALTIES,
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1,
    max_iter: PositiveInt = 100,
    seed: NonNegativeInt = 0,
    labels_per_class: Annotated[int, Field(ge=2)] | None = None,
    block: str = LAST,
    batch_size: PositiveInt = 256,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Accuracy of multinomial logistic regression on fixed, standardized features.

    L-BFGS minimizes mean cross-entropy + penalty / 2 |W|^2 to convergence, as in Kornblith et al.
    2019, arXiv:1805.08974. scikit-learn's C is 1 / (penalty n). Only the penalty needs tuning. Each
    penalty is fitted on at most 10,000 rows of `train`. The best one on `validation_fraction` of
    every class of `train` wins. Of equally good ones, the strongest wins. W is then fitted on all
    of `train`. Test labels are used for the accuracy alone. The statistics of `train` standardize
    the features.

    Cost: len(penalties) fits on 10,000 rows and one on all, of up to max_iter steps; a step over
    50,000 rows and 10 classes takes about 0.03 s at 64 dimensions, 0.3 s at 512, 0.8 s at 3,072
    (raw pixels) on two cores.

    Args:
        model, train, test, batch_size, baselines: As for `knn`.
        penalties: The penalties to choose from.
        validation_fraction: Fraction of every class for the choice of the penalty.
        max_iter: Most steps of each fit. The record says which fits converged.
        seed: Random seed of the validation split and of the choice of labels.
        labels_per_class: Items of every class of train to use, at least 2, because one is held out
            to choose the penalty. See `labeled_subset`. None: all of train.
        block: Whose features are judged: "last", which is what `encode` gives; a name of the
            model's `block_names`; or "best". The best one is that with the highest accuracy on
            `validation_fraction` of `train`, the last of equals. The untrained encoder is judged
            in the same way, on its own best block.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        The record of `sslzoo.evaluate.record`. With a block, its "layer" is the name of the block.
        With the best one, "blocks" lists the accuracy of all of them on the validation rows.

    Raises:
        ValueError: no labels, nothing to evaluate, labels that do not match, one class only, a
            class with too few training items, data of another kind than the model reads, a setting
            out of range, a block that the model does not have.

    >>> import numpy as np
    >>> features, labels = np.eye(4)[[0, 1] * 10], [0, 1] * 10
    >>> linear_probe(None, (features, labels), (features + 0.1, labels))["accuracy"]
    1.0
    """
    penalties = _strongest_first(penalties)
    in_range("validation_fraction", validation_fraction, 0, 1, low_open=True, high_open=True)
    for name, value, least in (("max_iter", max_iter, 1), ("seed", seed, 0)):
        whole(name, value, least)
    whole("batch_size", batch_size, 1)
    if model is not None:
        needs(model, "linear_probe", "encode")
    check_block(model, block)
    train, test = labeled_splits(model, train, test, "linear_probe")
    check_classes(train, "linear_probe")
    used = _labeled(train, labels_per_class, seed)
    fit_rows, validation_rows = _path_rows(used.labels, validation_fraction, seed)
    if dry_run:
        return {}

    def best_block(encoder):
        rows = np.concatenate([fit_rows, validation_rows])
        found = encoder.encode_blocks(used.take(rows).inputs, batch_size)
        tried = []
        for name, features in found.items():
            probe = _Probe(encoded(None, features), used.labels[rows], max_iter)
            path, _ = probe.try_penalties(
                penalties, *np.split(np.arange(len(rows)), [len(fit_rows)])
            )
            best = max(path, key=lambda step: step["accuracy"])
            tried.append({"block": name, "feature_dim": features.shape[1], **best})
        chosen = max(reversed(tried), key=lambda block: block["accuracy"])
        return chosen["block"], tried

    def predict(encoder):
        encoder, of_encoder = of_block(encoder, block, best_block)
        probe = _Probe(encoded(encoder, used.inputs, batch_size), used.labels, max_iter)
        path = probe.choose_penalty(penalties, fit_rows, validation_rows)
        details = {**of_encoder, **probe.details(), "validation": path}
        return probe.predict(encoded(encoder, test.inputs, batch_size)), details

    settings = {
        "validation_fraction": float(validation_fraction),
        "n_path": len(fit_rows),
        "n_validation": len(validation_rows),
        "solver": "lbfgs",
        "max_iter": int(max_iter),
        "standardized": True,
        "seed": seed,
    }
    if labels_per_class is not None:
        settings |= {"labels_per_class": int(labels_per_class), "n_labeled": len(used)}
    if block != LAST:
        settings |= {"block": block}
    return evaluate_with_baselines("linear_probe", predict, model, train, test, settings, baselines)


def _labeled(train, labels_per_class, seed):
    """The part of train whose labels are used."""
    if labels_per_class is None:
        return train
    whole("labels_per_class", labels_per_class, 2)
    return train.take(labeled_subset(train.labels, per_class=labels_per_class, seed=seed))


class _Probe:
    """Logistic regression on standardized features (N, D) with labels (N,)."""

    def __init__(self, features: NDArray, labels: NDArray, max_iter: int) -> None:
        from sklearn.preprocessing import StandardScaler

        self.scaler = StandardScaler()
        self.x = self.scaler.fit_transform(features)
        self.labels, self.max_iter = labels, max_iter
        self.regression = None

    def try_penalties(
        self, penalties: list[float], fit_rows: NDArray, validation_rows: NDArray
    ) -> tuple[list[dict], list]:
        """What each penalty came to, strongest first, and the fits. Each fit starts from the one
        before, which is near.
        """
        from sklearn.linear_model import LogisticRegression

        x, labels = self.x[fit_rows], self.labels[fit_rows]
        x_validation, truth = self.x[validation_rows], self.labels[validation_rows]
        regression = LogisticRegression(solver="lbfgs", max_iter=self.max_iter, warm_start=True)
        path, fits = [], []
        for penalty in progress(penalties, "linear probe", len(penalties), least=0):
            _fit(regression, x, labels, penalty)
            accuracy = float((regression.predict(x_validation) == truth).mean())
            converged = self._converged(regression)
            path.append({"penalty": penalty, "accuracy": accuracy, "converged": converged})
            fits.append(copy.deepcopy(regression))
        return path, fits

    def choose_penalty(
        self, penalties: list[float], fit_rows: NDArray, validation_rows: NDArray
    ) -> list[dict]:
        """Fit with each penalty, and with the best of them on all rows. Returns what each came
        to.
        """
        path, fits = self.try_penalties(penalties, fit_rows, validation_rows)
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
        fit_rows = fit_rows[labeled_subset(labels[fit_rows], share, seed=seed)]
    return fit_rows, validation_rows
