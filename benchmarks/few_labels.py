"""Few labels: all methods of the family and supervised on the same labels, three draws of them.

Digits, MNIST and Fashion-MNIST have four labels a class, CIFAR-10 has forty. On a data set all
methods have the same network, batches, steps and optimizer: those of one entry of the zoo. What is
a method's own comes from its entry of the digits.
"""

import itertools
import json

import numpy as np

import sslzoo
from benchmarks.kept import kept
from benchmarks.targets import target
from sslzoo.zoo.build import from_config
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.schema import TRAINING, Backbone
from sslzoo.zoo.sources import load_sets, training_data

DRAWS = (0, 1, 2)  # seeds of the labels, of the order and of the weights
SUPERVISED = "supervised"
# What was published at 250 labels of CIFAR-10 (TorchSSL, README.md; USB for the last two), from the
# weakest up. Within a tier the order changes with the data set.
TIERS = (
    (SUPERVISED,),
    ("pi_model", "pseudo_label"),
    ("vat", "mean_teacher"),
    ("mixmatch",),
    ("remixmatch", "uda", "fixmatch", "flexmatch", "freematch", "softmatch"),
)
METHODS = tuple(itertools.chain(*TIERS))
# the entry whose budget is taken, and what is changed in it
CIFAR10 = {
    "backbone": {"name": "convnet", "width": 48},  # 8.3 million multiplications
    "image_size": 32,
    "augment": "fixmatch",
    "sampler": {"labels_per_class": 40},
    "epochs": 20,
}
SETS = {
    "digits": ("flexmatch_convnet.digits", {}),
    "mnist": ("flexmatch_convnet.mnist", {}),
    # Clothes may be mirrored; without color the operation of that name does nothing.
    "fashion_mnist": ("flexmatch_convnet.mnist", {"augment": "fixmatch"}),
    "cifar10": ("flexmatch_convnet.mnist", CIFAR10),
}
ORDERED = ("cifar10",)  # sets whose accuracies are far enough apart to be put in order
# VAT's epsilon grows with the number of pixels: 1 for the 16x16 of the digits.
EPSILON = {"mnist": 1.75, "fashion_mnist": 1.75, "cifar10": 3.0}
# images without a label, for FlexMatch's memory
SIZES = {"digits": 1297, "mnist": 60_000, "fashion_mnist": 60_000, "cifar10": 50_000}
# accuracy of FlexMatch; Fashion-MNIST is reported as it comes
LEAST = {"digits": 0.97, "mnist": 0.95}


def run(runs, sets=tuple(SETS)):
    """{"rows": one of each data set and method, "targets"}. Each run is printed as it ends: all
    take several hours.
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
        what = f"{name}: FlexMatch less FixMatch plus two standard errors"
        targets.append(target(what, gain(fixmatch, flexmatch), 0.0))
    for name in [name for name in sets if name in ORDERED]:
        targets += order({method: rows[name, method] for method in METHODS}, name)
    return {"rows": list(rows.values()), "targets": targets}


def order(rows, name):
    """A target for each two neighboring tiers: every method of the upper one is at least as good as
    every one of the lower, within two standard errors.
    """
    found = []
    for lower, upper in itertools.pairwise(TIERS):
        gains = {
            f"{better} less {worse}": gain(rows[worse], rows[better])
            for worse, better in itertools.product(lower, upper)
        }
        least = min(gains, key=gains.get)
        what = f"{name}: {least} plus two standard errors, least of {', '.join(upper)}"
        found.append(target(what, gains[least], 0.0))
    return found


def gain(worse, better):
    """Of the last accuracy, plus two standard errors of the difference."""
    error = np.hypot(worse["last_error"], better["last_error"])
    return better["last"] - worse["last"] + 2 * error


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
    """The config of a run: the budget of the set's entry, and the method's own hyperparameters."""
    entry, changes = SETS[name]
    budget = load_config(resolve(entry))
    own = "fixmatch" if method == SUPERVISED else method
    config = load_config(resolve(f"{own}_convnet.digits"))
    hyperparameters = dict(config.hyperparameters)
    if method == SUPERVISED:
        hyperparameters["unlabeled_weight"] = 0.0
    if method == "flexmatch":
        hyperparameters["unlabeled_size"] = SIZES[name]
    if method == "vat" and name in EPSILON:
        hyperparameters["epsilon"] = EPSILON[name]
    changes = dict(changes)
    sampler = budget.sampler.model_copy(update={"draw": draw, **changes.pop("sampler", {})})
    if "backbone" in changes:
        changes["backbone"] = Backbone(**changes["backbone"])
    return budget.model_copy(
        update={
            "method": own,
            "hyperparameters": hyperparameters,
            "data": budget.data.model_copy(update={"name": name}),
            "sampler": sampler,
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
