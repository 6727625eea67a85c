"""Four labels a class: supervised, FixMatch and FlexMatch on the same labels, three draws of them,
with the zoo's recipes.
"""

import json

import numpy as np

import sslzoo
from benchmarks.kept import kept
from benchmarks.targets import target
from sslzoo.zoo.build import from_config
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.schema import TRAINING
from sslzoo.zoo.sources import load_sets, training_data

DRAWS = (0, 1, 2)  # seeds of the labels, of the order and of the weights
METHODS = {
    "supervised": ("fixmatch", {"unlabeled_weight": 0.0}),
    "fixmatch": ("fixmatch", {}),
    "flexmatch": ("flexmatch", {}),
}
SETS = {  # the entry whose recipe is taken, and what is changed in it
    "digits": ("flexmatch_convnet.digits", {}),
    "mnist": ("flexmatch_convnet.mnist", {}),
    # Clothes may be mirrored; without color the operation of that name does nothing.
    "fashion_mnist": ("flexmatch_convnet.mnist", {"augment": "fixmatch"}),
}
# accuracy of FlexMatch; Fashion-MNIST is reported as it comes
LEAST = {"digits": 0.97, "mnist": 0.95}


def run(runs, sets=tuple(SETS)):
    """{"rows": one of each data set and method, "targets"}. Each run is printed as it ends: all
    take about an hour.
    """
    rows = {(name, method): row(name, method, runs) for name in sets for method in METHODS}
    targets = []
    for name in [name for name in sets if name in LEAST]:
        fixmatch, flexmatch = rows[name, "fixmatch"], rows[name, "flexmatch"]
        targets.append(
            target(
                f"{name}: FlexMatch, last accuracy, mean of {len(DRAWS)} draws",
                flexmatch["last"],
                LEAST[name],
            )
        )
        error = np.hypot(fixmatch["last_error"], flexmatch["last_error"])
        what = f"{name}: FlexMatch less FixMatch plus two standard errors"
        targets.append(target(what, flexmatch["last"] - fixmatch["last"] + 2 * error, 0.0))
    return {"rows": list(rows.values()), "targets": targets}


def row(name, method, folder):
    """All draws of one method on one data set: mean and standard error of the last and the best
    epoch, classes of the last.
    """
    runs = [
        kept(
            folder / f"{name}, {method}, {draw}.json",
            plain_settings(name, method, draw),
            one_run,
            name,
            method,
            draw,
        )
        for draw in DRAWS
    ]
    found = {
        "data": name,
        "method": method,
        "labels": runs[0]["labels"],
        "steps": runs[0]["steps"],
        "runs": runs,
    }
    for figure in ("last", "best"):
        values = [own[figure] for own in runs]
        found |= {
            figure: float(np.mean(values)),
            f"{figure}_error": float(np.std(values, ddof=1) / len(values) ** 0.5),
        }
    for figure in ("per_class", "sure", "sure_and_right"):
        found[figure] = {
            c: float(np.mean([own[figure][c] for own in runs])) for c in runs[0][figure]
        }
    return found


def one_run(name, method, draw):
    """Train on one draw of labels: accuracy of the averaged weights on the test set after the last
    and in the best epoch.
    """
    config = settings(name, method, draw)
    feed, (test,) = (
        training_data(config),
        load_sets([config.data.model_copy(update={"split": "test"})], config.image_size),
    )
    model, log = from_config(config), sslzoo.evaluate.AccuracyLog(test)
    history = model.fit(feed, epochs=config.epochs, callbacks=[log], verbose=0).history
    record = sslzoo.evaluate.accuracy(model, test, baselines=False)
    found = {
        "draw": draw,
        "labels": len(feed.labeled),
        "steps": config.epochs * feed.steps_per_epoch,
        "last": record["accuracy"],
        "best": max(history["test_accuracy"]),
        "epochs": history["test_accuracy"],
        "mask": history.get("mask", []),
        "per_class": record["per_class"],
        **pseudo_labels(model, config),
    }
    print(json.dumps({"data": name, "method": method, **found}), flush=True)
    return found


def settings(name, method, draw):
    """The config of a run: the entry's with another method, data set and draw."""
    entry, changes = SETS[name]
    config = load_config(resolve(entry))
    cls, own = METHODS[method]
    hyperparameters = {**config.hyperparameters, **own}
    if cls == "fixmatch":  # it has no memory
        hyperparameters.pop("unlabeled_size")
    return config.model_copy(
        update={
            "method": cls,
            "hyperparameters": hyperparameters,
            "data": config.data.model_copy(update={"name": name}),
            "sampler": config.sampler.model_copy(update={"draw": draw}),
            "seed": draw,
            **changes,
        }
    )


def plain_settings(name, method, draw):
    return settings(name, method, draw).model_dump(mode="json", include=TRAINING)


def pseudo_labels(model, config):
    """Of each class of the unlabeled images: the share with a confidence of 0.95, and the share
    that is also right.
    """
    (train,) = load_sets([config.data], config.image_size)
    train = train.take(np.linspace(0, len(train) - 1, min(10_000, len(train))).astype(int))
    probabilities = model.classify(train.images)
    sure = probabilities.max(axis=1) >= 0.95
    right = sure & (probabilities.argmax(axis=1) == train.labels)
    names = train.classes or [str(c) for c in range(model.classes)]
    return {
        figure: {name: float(values[train.labels == c].mean()) for c, name in enumerate(names)}
        for figure, values in (("sure", sure), ("sure_and_right", right))
    }
