"""Self-supervised methods on one small budget: the first 1,000 training images of each class of
CIFAR-10, ResNet-20 of width 16, batch 256, 10 epochs.

They are judged by kNN with k 200 and T 0.1, pretext and restoring methods by a linear probe of
their best block. Each has the settings of its entry `<method>_resnet20.cifar10`, MAE those of
`mae_vit_tiny.cifar10`. Methods of the families below with an entry are in the table.
"""

import json
import time

import numpy as np

import sslzoo
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
BY_PROBE = ("pretext", "restoring")
OTHER_ENTRIES = {"mae": "mae_vit_tiny.cifar10"}
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
    entries = set(list_models("*.cifar10"))
    known = [name for name in list_methods() if method_family(name) in FAMILIES + BY_PROBE]
    found = [name for name in known if entry_of(name) in entries]
    return sorted(found, key=lambda name: (name != "simclr", by_probe(name)))


def entry_of(name):
    return OTHER_ENTRIES.get(name, f"{name}_resnet20.cifar10")


def by_probe(name):
    return method_family(name) in BY_PROBE


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
        "measure": "linear_probe" if by_probe(name) else "knn",
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
    """One run, made or read. That of the entry itself is its record, if it has one."""
    config = settings(name, seed, epochs)
    made_of = config.model_dump(mode="json", include=TRAINING)
    entry = sslzoo.info(entry_of(name)).config
    if entry.record and entry.model_dump(mode="json", include=TRAINING) == made_of:
        return recorded(entry)
    path = runs / f"{name}, {epochs} epochs, {seed}.json"
    return kept(path, made_of, train, config)


def recorded(config):
    """What `train` finds, from the record of an entry with this budget."""
    protocol = "linear_probe" if by_probe(config.method) else "knn"
    records = [metric for metric in config.record.metrics if metric["protocol"] == protocol]
    return figures(config, records[0], config.record.wall_seconds)


def figures(config, record, seconds):
    """{"seed", "epochs", "accuracy", "untrained", "seconds", "block"} of a run."""
    return {
        "seed": config.seed,
        "epochs": config.epochs,
        "accuracy": record["accuracy"],
        "untrained": record["baselines"]["untrained_encoder"],
        "seconds": round(seconds, 1),
        "block": record["settings"]["layer"],
    }


def settings(name, seed, epochs):
    """The config of a run: the entry's, with the budget."""
    budget = {"data": TRAIN, "epochs": epochs, "batch_size": BATCH, "seed": seed}
    return variants.changed(entry_of(name), budget)


def train(config):
    """Train, and measure on the test set."""
    train_set, test_set = load_sets([TRAIN, TEST], config.image_size)
    model = from_config(config)
    start = time.perf_counter()
    model.fit(train_set, batch_size=config.batch_size, epochs=config.epochs, verbose=0)
    seconds = time.perf_counter() - start
    if by_probe(config.method):
        record = evaluate.linear_probe(model, train_set, test_set, block="best")
    else:
        record = evaluate.knn(model, train_set, test_set, k=200, temperature=0.1)
    found = figures(config, record, seconds)
    print(json.dumps({"method": config.method, **found}), flush=True)
    return found
