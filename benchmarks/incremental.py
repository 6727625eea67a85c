"""Split MNIST and split Fashion-MNIST, five tasks of two classes, MLP 400-400: the zoo's recipes beside their bounds."""

import json
import time

from benchmarks.kept import kept
from sslzoo import data, evaluate
from sslzoo.zoo.build import from_config
from sslzoo.zoo.config import load_config
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.sets import load_sets

RUNS = {  # the entry whose recipe is taken, what is changed in it, and whether all tasks are learned at once
    "naive": ("naive_mlp.mnist", {}, False),
    "lwf": ("lwf_mlp.mnist", {}, False),
    "lwf, cross-entropy among the new classes": ("lwf_mlp.mnist", {"competing": "new"}, False),
    "replay": ("replay_mlp.mnist", {}, False),
    "icarl": ("icarl_mlp.mnist", {}, False),
    "joint": ("naive_mlp.mnist", {}, True),
    "joint, one epoch": ("naive_mlp.mnist", {"epochs": 1}, True),
}
SETS = ("mnist", "fashion_mnist")


def run(runs, sets=SETS):
    """{"rows": one of each data set and method, "targets": those of split MNIST}. Each row is printed as it ends."""
    rows = {(name, method): kept(runs / f"{name}, {method}.json", row, name, method) for name in sets for method in RUNS}
    return {"rows": list(rows.values()), "targets": targets(rows) if "mnist" in sets else []}


def targets(rows):
    """Fashion-MNIST is reported as it comes."""

    def figure(method, scenario):
        return rows["mnist", method][scenario]["average_accuracy"]

    behind = figure("joint", "task") - figure("lwf", "task")
    return [
        target("iCaRL, 2,000 exemplars, class-incremental", figure("icarl", "class"), 0.92),
        target("replay, 2,000 exemplars, class-incremental", figure("replay", "class"), 0.93),
        target("joint, one epoch, class-incremental", figure("joint, one epoch", "class"), 0.96),
        target("LwF behind joint, task-incremental", behind, 0.03, most=True),
        target("LwF, class-incremental: more is leakage", figure("lwf", "class"), 0.30, most=True),
    ]


def target(what, value, limit, most=False):
    return {"what": what, "value": value, "target": limit, "met": value <= limit if most else value >= limit}


def row(name, method):
    """Train one method on the training split of a data set, task by task, and test it on the test split."""
    entry, changes, joint = RUNS[method]
    config = load_config(resolve(entry))
    epochs = changes.get("epochs", config.epochs)
    own = {key: value for key, value in changes.items() if key != "epochs"}
    config = config.model_copy(update={"hyperparameters": {**config.hyperparameters, **own}})
    sources = [config.data.model_copy(update={"name": name, "split": split}) for split in ("train", "test")]
    stream = data.TaskStream(*load_sets(sources, config.image_size), config.tasks.count, config.tasks.seed)
    start = time.perf_counter()
    record = evaluate.incremental(from_config(config), stream, epochs=epochs, batch_size=config.batch_size, joint=joint)
    found = {"data": name, "method": method, "seconds": round(time.perf_counter() - start, 1)}
    found |= {key: record[key] for key in ("accuracy", "class", "task", "settings")}
    print(json.dumps(found), flush=True)
    return found
