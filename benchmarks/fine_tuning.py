"""What is a trained network worth for one's own labels? 40 classes of Tiny ImageNet at 32 px, with
10, 50 and all 120 labels of each class.

Encoders of the zoo that learned on CIFAR-10 without labels, in all ways of the family; beside them
the same network from scratch with twice the epochs, and histograms of gradients and colors with
logistic regression. The lengths are short, so that all of it takes an hour on two busy cores. No
rate was tuned on these images.
"""

import json
import time

import sslzoo
from benchmarks.kept import kept
from benchmarks.targets import target
from sslzoo.data import labeled_subset
from sslzoo.evaluate.classic import HogAndColors
from sslzoo.evaluate.encoders import features
from sslzoo.evaluate.protocols.finetune import CROP_AND_FLIP
from sslzoo.zoo.recipe import Recipe
from sslzoo.zoo.sources import load_sets
from sslzoo.zoo.transfer import SETS

DATA, CLASSES = "tiny_imagenet40", 40
ENCODERS = ("simclr_resnet20.cifar10", "moco_resnet20.cifar10")
EPOCHS = {10: 40, 50: 15, 120: 6}  # {labels of each class: epochs}
BATCH = 32
RATE = 1e-3  # as `sslzoo.evaluate.finetune`
FEW = 3e-3  # of LoRA and adapters, whose few parameters start at zero
# {way: (method, rate, hyperparameters)} of the first encoder; of the others the first alone.
WAYS = {
    "fine_tune": ("fine_tune", RATE, {}),
    "gradual": ("fine_tune", RATE, {"decay": 0.8}),
    "lora": ("lora", FEW, {"rank": 4}),
    "adapters": ("adapters", FEW, {"units": 16}),
}
SCRATCH, CLASSIC, PROBE = "scratch", "hog_and_colors", "probe"


def run(runs, counts=tuple(EPOCHS)):
    """{"rows": one of each number of labels, encoder and way, "targets"}."""
    rows = []
    for labels in counts:
        rows += [part(runs, probed, name, PROBE, labels) for name in (CLASSIC, *ENCODERS)]
        rows.append(part(runs, tuned, ENCODERS[0], SCRATCH, labels))
        rows += [part(runs, tuned, name, "fine_tune", labels) for name in ENCODERS]
        rows += [part(runs, tuned, ENCODERS[0], way, labels) for way in list(WAYS)[1:]]
    return {"rows": rows, "targets": targets(rows)}


def part(runs, measure, encoder, way, labels):
    """A row, measured or kept."""
    settings = {} if way == PROBE else settings_of(way, labels)
    found = kept(runs / f"{encoder}, {way}, {labels}.json", settings, measure, encoder, way, labels)
    row = {"encoder": encoder, "way": way, "labels": labels, **found}
    print(json.dumps(row), flush=True)
    return row


def targets(rows):
    """Fine-tuning beats training from scratch on the same labels, and the classic features."""
    found = {(row["encoder"], row["way"], row["labels"]): row["accuracy"] for row in rows}
    judged = []
    for labels in dict.fromkeys(row["labels"] for row in rows):
        own = found[ENCODERS[0], "fine_tune", labels]
        for name, other in (
            ("from scratch", found[ENCODERS[0], SCRATCH, labels]),
            ("HOG and colors", found[CLASSIC, PROBE, labels]),
        ):
            judged.append(target(f"{labels} labels a class: less {name}", own - other, 0.0))
    return judged


def settings_of(way, labels):
    """{"method", "rate", "epochs", "hyperparameters"} of a training."""
    epochs = EPOCHS[labels]
    if way == SCRATCH:
        return {"method": "erm", "rate": RATE, "epochs": 2 * epochs, "hyperparameters": {}}
    method, rate, own = WAYS[way]
    if way == "gradual":  # 10 blocks; the last third of a long run has them all
        own = own | {"probe_epochs": max(1, epochs // 8), "unfreeze_epochs": epochs // 15}
    return {"method": method, "rate": rate, "epochs": epochs, "hyperparameters": own}


def sets(labels):
    """(the rows with labels that are seen, the test set)."""
    train, test = load_sets(SETS[DATA])
    return train.take(labeled_subset(train.labels, per_class=labels, seed=0)), test


def tuned(encoder, way, labels):
    """Train on the labels, and measure."""
    few, test = sets(labels)
    model, settings = sslzoo.load(encoder), settings_of(way, labels)
    if way == SCRATCH:
        model = model.untrained()
    options = {"classes": CLASSES, "augment": CROP_AND_FLIP, **settings["hyperparameters"]}
    learner = sslzoo.build(settings["method"], model.backbone, **options)
    learner.compile(Recipe({"name": "adam", "learning_rate": settings["rate"]}))
    start = time.perf_counter()
    fit = {"batch_size": BATCH, "epochs": settings["epochs"], "verbose": 0}
    learner.fit(few.images, few.labels, **fit)
    seconds = round(time.perf_counter() - start, 1)
    record = sslzoo.evaluate.accuracy(learner, test, baselines=False)
    share = record["settings"].get("learned_share", 1.0)
    return {"learned_share": share, "seconds": seconds, **figures(record)}


def probed(encoder, way, labels):
    """Logistic regression on features that stay."""
    parts = sets(labels)
    network = HogAndColors() if encoder == CLASSIC else sslzoo.load(encoder)
    given = [(features(network, rows), rows.labels) for rows in parts]
    record = sslzoo.evaluate.linear_probe(None, *given, baselines=False)
    return {"learned_share": None, "seconds": record["seconds"], **figures(record)}


def figures(record):
    return {name: record[name] for name in ("accuracy", "confidence_95")}
