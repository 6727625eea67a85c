"""Self-supervised methods on one small budget: the first 1,000 training images of each class of
CIFAR-10, ResNet-20 of width 16, batch 256, 10 epochs, kNN with k 200 and T 0.1.

Each method has the settings of its entry `<method>_resnet20.cifar10`. Methods of the families below
that have such an entry are in the table.
"""

import json
import time

import numpy as np

from benchmarks import variants
from benchmarks.kept import kept
from benchmarks.targets import target
from sslzoo import evaluate
from sslzoo.methods import list_methods, method_class, method_family
from sslzoo.zoo.build import from_config
from sslzoo.zoo.registry import list_models
from sslzoo.zoo.schema import TRAINING
from sslzoo.zoo.sources import load_sets
from sslzoo.zoo.strict import Source

FAMILIES = ("contrastive", "asymmetric", "redundancy", "clustering")
TRAIN = Source(name="cifar10", split="train", per_class=1000)
TEST = Source(name="cifar10", split="test")
EPOCHS, BATCH, LONGER = 10, 256, 50
SEVERAL_SEEDS = ("simclr", "byol", "swav", "barlow_twins")
# kNN accuracy of the reference library with the same budget (issue 14)
REFERENCE = {
    "simclr": 0.385,
    "byol": 0.324,
    "barlow_twins": 0.278,
    "moco": 0.313,
    "simsiam": 0.252,
    "vicreg": 0.310,  # at a quarter of the learning rate
}


def run(runs, names=None, epochs=EPOCHS):
    """{"rows": one of each method, "targets"}. Each run is printed as it ends."""
    names = methods() if names is None else names
    rows = {name: row(name, runs, epochs) for name in names}
    for found in rows.values():
        found["ratio"] = found["seconds"] / rows["simclr"]["seconds"]
    targets = [
        target(f"{name}: kNN on CIFAR-10", rows[name]["accuracy"], reference)
        for name, reference in REFERENCE.items()
        if name in rows
    ]
    return {"rows": list(rows.values()), "targets": targets}


def methods():
    """Those with an entry, SimCLR first: it is what the others are held against."""
    entries = set(list_models("*_resnet20.cifar10"))
    known = [name for name in list_methods() if method_family(name) in FAMILIES]
    found = [name for name in known if f"{name}_resnet20.cifar10" in entries]
    return sorted(found, key=lambda name: name != "simclr")


def row(name, runs, epochs=EPOCHS):
    """Of all seeds of one method: accuracy and time, and what a longer run reaches where this
    budget does not lift it above the untrained encoder.
    """
    seeds = range(3 if name in SEVERAL_SEEDS else 1)
    found = [one(name, seed, runs, epochs) for seed in seeds]
    accuracy = float(np.mean([run["accuracy"] for run in found]))
    untrained = float(np.mean([run["untrained"] for run in found]))
    result = {
        "method": name,
        "labels": "labels" in method_class(name).label_fields,
        "accuracy": accuracy,
        "untrained": untrained,
        "learned": accuracy > untrained,
        "seconds": float(np.mean([run["seconds"] for run in found])),
        "runs": found,
    }
    if not result["learned"] and epochs == EPOCHS:
        result["longer"] = one(name, 0, runs, LONGER)
    return result


def one(name, seed, runs, epochs):
    """One run, made or read."""
    config = settings(name, seed, epochs)
    made_of = config.model_dump(mode="json", include=TRAINING)
    path = runs / f"{name}, {epochs} epochs, {seed}.json"
    return kept(path, made_of, train, config)


def settings(name, seed, epochs):
    """The config of a run: the entry's, with the budget."""
    budget = {"data": TRAIN, "epochs": epochs, "batch_size": BATCH, "seed": seed}
    return variants.changed(f"{name}_resnet20.cifar10", budget)


def train(config):
    """Train, and measure kNN on the test set."""
    train_set, test_set = load_sets([TRAIN, TEST], config.image_size)
    model = from_config(config)
    start = time.perf_counter()
    fit = model.fit(train_set, batch_size=config.batch_size, epochs=config.epochs, verbose=0)
    seconds = time.perf_counter() - start
    record = evaluate.knn(model, train_set, test_set, k=200, temperature=0.1)
    last = {key: float(values[-1]) for key, values in fit.history.items()}
    found = {
        "seed": config.seed,
        "epochs": config.epochs,
        "accuracy": record["accuracy"],
        "untrained": record["baselines"]["untrained_encoder"],
        "seconds": round(seconds, 1),
        "last_epoch": last,
    }
    print(json.dumps({"method": config.method, **found}), flush=True)
    return found
