"""The linear probe: logistic regression on frozen features."""

import copy
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sslzoo.data.subset import labelled_subset, stratified_split
from sslzoo.evaluate.features import features, labelled_splits
from sslzoo.evaluate.record import evaluate_with_baselines

# Features with much in common (dimensional collapse) want the weak end; pixels of digits are best
# at 1e-3.
PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
PATH_ROWS = 10_000  # enough to choose a penalty; the whole of a large set would only take longer


def linear_probe(
    model,
    train,
    test,
    penalties=PENALTIES,
    validation_fraction=0.1,
    max_iter=100,
    seed=0,
    batch_size=256,
    baselines=True,
):
    """Accuracy of multinomial logistic regression on frozen, standardised features.

    Minimises mean cross-entropy + penalty / 2 |W|^2 (scikit-learn's C = 1 / (penalty n)) by L-BFGS
    to convergence, as Kornblith et al. 2019, arXiv:1805.08974 do, so that nothing but the penalty
    needs tuning. The penalty is the best on `validation_fraction` of every class of TRAIN (ties:
    the strongest), fitted on at most 10,000 other rows of it; then W is fitted on all of train,
    starting from there. The test labels are only counted against. Features are standardised with
    the statistics of train.

    model, train, test: as for `knn`. max_iter bounds every fit; the record says which fits
    converged. seed: of the validation split. Cost: len(penalties) fits on 10,000 rows and one on
    all, of up to max_iter steps; a step over 50,000 rows and 10 classes takes about 0.03 s at 64
    dimensions, 0.3 s at 512, 0.8 s at 3,072 (raw pixels) on two cores. Returns the record of
    `sslzoo.evaluate.record`. ValueError: no labels, nothing to evaluate, labels that do not match,
    one class only, a class with a single training sample, a penalty <= 0, validation_fraction
    outside (0, 1).
    """
    penalties = sorted(map(float, penalties), reverse=True)
    if not penalties or not min(penalties) > 0:
        raise ValueError(f"penalties must be one or more numbers above 0, got {penalties}")
    if not 0 < validation_fraction < 1:
        raise ValueError(f"validation_fraction must be in (0, 1), got {validation_fraction}")
    train, test = labelled_splits(train, test, "linear_probe")
    if len(np.unique(train.labels)) < 2:
        raise ValueError(
            f"train labels are all {train.labels[0]}; linear_probe needs at least two classes"
        )
    fit_rows, validation_rows = stratified_split(train.labels, validation_fraction, seed)
    if len(fit_rows) > PATH_ROWS:
        fit_rows = fit_rows[
            labelled_subset(train.labels[fit_rows], PATH_ROWS / len(fit_rows), seed=seed)
        ]

    def predict(encoder):
        scaler = StandardScaler()
        x = scaler.fit_transform(features(encoder, train.images, batch_size))
        path, starts = _validate(x, train.labels, fit_rows, validation_rows, penalties, max_iter)
        # the first of equals: the strongest penalty
        best = max(path, key=lambda step: step["accuracy"])
        probe = _fit(starts[path.index(best)], x, train.labels, best["penalty"])
        found = probe.predict(scaler.transform(features(encoder, test.images, batch_size)))
        details = {
            "feature_dim": x.shape[1],
            "penalty": best["penalty"],
            "C": float(probe.C),
            "validation": path,
        }
        return found, {
            **details,
            "iterations": int(probe.n_iter_.max()),
            "converged": _converged(probe),
        }

    settings = {
        "validation_fraction": float(validation_fraction),
        "n_path": len(fit_rows),
        "n_validation": len(validation_rows),
    }
    settings |= {"solver": "lbfgs", "max_iter": int(max_iter), "standardised": True, "seed": seed}
    return evaluate_with_baselines("linear_probe", predict, model, train, test, settings, baselines)


def _validate(x, labels, fit_rows, validation_rows, penalties, max_iter):
    """Validation accuracy of every penalty, strongest first, and the fits: each starts from the one
    before, which is near.
    """
    probe = LogisticRegression(solver="lbfgs", max_iter=max_iter, warm_start=True)
    path, fits = [], []
    x_fit, x_validation = x[fit_rows], x[validation_rows]
    for penalty in penalties:
        _fit(probe, x_fit, labels[fit_rows], penalty)
        accuracy = float((probe.predict(x_validation) == labels[validation_rows]).mean())
        path.append({"penalty": penalty, "accuracy": accuracy, "converged": _converged(probe)})
        fits.append(copy.deepcopy(probe))
    return path, fits


def _fit(probe, x, labels, penalty):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is in the record
        return probe.set_params(C=1 / (penalty * len(x))).fit(x, labels)


def _converged(probe):
    return bool(probe.n_iter_.max() < probe.max_iter)
