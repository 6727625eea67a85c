"""Split MNIST and split Fashion-MNIST, five tasks of two classes, MLP 400-400: the zoo's recipes
beside their bounds.
"""

import json
import time

from benchmarks import variants
from benchmarks.kept import kept
from benchmarks.targets import target
from sslzoo import data, evaluate
from sslzoo.zoo.build import from_config
from sslzoo.zoo.schema import TRAINING
from sslzoo.zoo.sources import load_sets

# the entry whose recipe is taken, what is changed in it, and whether all tasks are learned at once
RUNS = {
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
    """{"rows": one of each data set and method, "targets": those of split MNIST}. Each row is
    printed as it ends.
    """
    rows = {}
    for name in sets:
        for method in RUNS:
            config, joint = settings(name, method)
            made_of = {**config.model_dump(mode="json", include=TRAINING), "joint": joint}
            rows[name, method] = kept(runs / f"{name}, {method}.json", made_of, row, name, method)
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


def settings(name, method):
    """(the config of a run, whether all tasks are learned at once)."""
    entry, changes, joint = RUNS[method]
    config = variants.changed(entry, changes)
    return config.model_copy(update={"data": config.data.model_copy(update={"name": name})}), joint


def row(name, method):
    """Train one method on the training split of a data set, task by task, and test it on the test
    split.
    """
    config, joint = settings(name, method)
    sources = [config.data, config.data.model_copy(update={"split": "test"})]
    stream = data.TaskStream(
        *load_sets(sources, config.image_size), config.tasks.count, config.tasks.seed
    )
    start = time.perf_counter()
    record = evaluate.incremental(
        from_config(config), stream, epochs=config.epochs, batch_size=config.batch_size, joint=joint
    )
    found = {"data": name, "method": method, "seconds": round(time.perf_counter() - start, 1)}
    found |= {key: record[key] for key in ("accuracy", "class", "task", "settings")}
    print(json.dumps(found), flush=True)
    return found
