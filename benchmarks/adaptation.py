"""Adaptation: closed forms on Office-Caltech10, and networks on MNIST, USPS and MNIST-M.

No setting is chosen by labels of the target. DANN is trained with each of `WEIGHTS`, and `CHOICE`,
a score that reads no label of the target, says which counts. The other scores, and the choice by
the target's labels, the oracle, stand beside it. All else has the settings of the zoo's entries.
`python -m benchmarks.adaptation` draws benchmarks/results/adaptation.png.
"""

import json

import numpy as np

import sslzoo
from benchmarks.kept import kept
from benchmarks.report import RESULTS
from benchmarks.targets import target
from sslzoo.zoo.build import from_config
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.schema import TRAINING
from sslzoo.zoo.sources import evaluation_sets, load_sets, training_data

# 1-NN, mean over the twelve pairs, published to 0.1 %: jindongwang/transferlearning,
# data/benchmark.md, SURF. Its row of CORAL is that of the paper, which has an SVM.
CLOSED = {"tca": 0.462, "jda": 0.4675, "gfk": 0.431, "coral": 0.488, "subspace_alignment": None}
PAIRS = {
    "mnist_usps": ("mnist", "usps"),
    "usps_mnist": ("usps", "mnist"),
    "mnist_mnist_m": ("mnist", "mnist_m"),
}
SOURCE_ALONE = "source_alone"
METHODS = (SOURCE_ALONE, "dann", "deep_coral", "dan", "dsan", "adda")
WEIGHTS = {"dann": (0.3, 1.0)}
CHOICE = "mutual_information"
# whether more is better
SCORES = {
    "source_accuracy": True,
    "mutual_information": True,
    "neighborhood_density": True,
    "a_distance": False,
}
ROWS = 2000  # of each domain, for the scores
LEAST = {"mnist_usps": 0.771, "usps_mnist": 0.73}  # accuracy of DANN
GAIN = {"mnist_usps": 0.05, "usps_mnist": 0.05, "mnist_mnist_m": 0.15}  # over the source alone


def run(runs):
    """{"rows": of the networks, "closed": of the closed forms, "targets"}. Each run is printed as
    it ends.
    """
    closed = [closed_row(method, runs) for method in CLOSED]
    rows = [row(pair, method, runs) for method in METHODS for pair in PAIRS]
    targets = [
        target(f"{each['method']}: 1-NN, mean of 12 pairs", each["accuracy"], least)
        for each in closed
        if (least := CLOSED[each["method"]])
    ]
    reached = {(each["pair"], each["method"]): each["accuracy"] for each in rows}
    for pair, gain in GAIN.items():
        dann = reached[pair, "dann"]
        if pair in LEAST:
            targets.append(target(f"{pair}: DANN", dann, LEAST[pair]))
        less = dann - reached[pair, SOURCE_ALONE]
        targets.append(target(f"{pair}: DANN less the source alone", less, gain))
    return {"rows": rows, "closed": closed, "targets": targets}


def closed_row(method, runs):
    """The twelve pairs of a closed form, with the settings of its entry."""
    config = load_config(resolve(f"{method}.office_caltech10"))
    settings = config.model_dump(mode="json", include=TRAINING)
    found = kept(runs / f"{method}.json", settings, twelve_pairs, config)
    return {"method": method, **found}


def twelve_pairs(config):
    (domains,) = evaluation_sets("adaptation", config.evaluate[0].sources())
    record = sslzoo.evaluate.adaptation(from_config(config), domains)
    found = {name: record[name] for name in ("accuracy", "pairs", "baselines")}
    print(json.dumps(found), flush=True)
    return found


def row(pair, method, runs):
    """A method on a pair: the run that `CHOICE` chose, and those of the other scores."""
    found = [trained_once(pair, method, weight, runs) for weight in WEIGHTS.get(method, (None,))]
    by_score = {score: chosen(found, score) for score in SCORES}
    return {
        "pair": pair,
        "method": method,
        **by_score[CHOICE],
        "by_score": {score: one["accuracy"] for score, one in by_score.items()},
        "oracle": max(one["accuracy"] for one in found),
        "runs": found,
    }


def chosen(found, score):
    """The run with the best score."""
    sign = 1 if SCORES[score] else -1
    return max(found, key=lambda one: sign * one[score])


def trained_once(pair, method, weight, runs):
    config = settings(pair, method, weight)
    name = f"{pair}, {method}{'' if weight is None else f', {weight}'}.json"
    plain = config.model_dump(mode="json", include=TRAINING)
    return {"weight": weight, **kept(runs / name, plain, one_run, config)}


def settings(pair, method, weight=None):
    """The config of a run: that of the method's entry, with the data of the pair."""
    own = "dann" if method == SOURCE_ALONE else method
    config = load_config(resolve(f"{own}_lenet.mnist_usps"))
    changed = {} if weight is None else {"weight": weight}
    if method == SOURCE_ALONE:
        changed = {"weight": 0.0}
    color = 3 if "mnist_m" in PAIRS[pair] else 1
    options = {"channels": color, "mean": [0.5] * color, "std": [0.5] * color}
    parts = zip(("labeled", "unlabeled"), PAIRS[pair], strict=True)
    return config.model_copy(
        update={
            "hyperparameters": config.hyperparameters | changed,
            "backbone": config.backbone.model_copy(update=options),
            "data": {
                role: config.data[role].model_copy(update={"name": name}) for role, name in parts
            },
        }
    )


def one_run(config):
    """Train, then measure: the target's test set, and the scores that do not read its labels."""
    names = [config.data[role].name for role in ("labeled", "unlabeled")]
    sources = [config.data["labeled"].model_copy(update={"name": name}) for name in names]
    tests = [source.model_copy(update={"split": "test"}) for source in sources]
    source, target_rows = load_sets(sources, config.image_size)
    source_test, test = load_sets(tests, config.image_size)
    model = from_config(config)
    history = model.fit(training_data(config), epochs=config.epochs, verbose=0).history
    source, target_rows = source.images[:ROWS], target_rows.images[:ROWS]
    p = model.classify(target_rows)
    measured = [
        sslzoo.evaluate.accuracy(model, rows, baselines=False)["accuracy"]
        for rows in (test, source_test)
    ]
    found = {
        "accuracy": measured[0],
        "source_accuracy": measured[1],
        "mutual_information": sslzoo.evaluate.mutual_information(p),
        "neighborhood_density": sslzoo.evaluate.neighborhood_density(p),
        "a_distance": sslzoo.evaluate.a_distance(model.encode(source), model.encode(target_rows)),
        "domain_accuracy": [float(each) for each in history.get("domain_accuracy", [])],
    }
    print(config.method, names, config.hyperparameters, json.dumps(found), flush=True)
    return found


def picture(result):
    """A bar for each method and pair, from what the suite wrote: a figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(METHODS)
    for number, method in enumerate(METHODS):
        own = {row["pair"]: row["accuracy"] for row in result["rows"] if row["method"] == method}
        places = np.arange(len(PAIRS)) + (number - (len(METHODS) - 1) / 2) * width
        axes.bar(places, [100 * own[pair] for pair in PAIRS], width, label=method)
    axes.set_xticks(range(len(PAIRS)), [" to ".join(names) for names in PAIRS.values()])
    axes.set_ylabel("accuracy on the target, %")
    axes.legend(ncols=3, fontsize="small", loc="lower right")
    return figure


if __name__ == "__main__":
    picture(json.loads((RESULTS / "adaptation.json").read_text())).savefig(
        RESULTS / "adaptation.png", dpi=100
    )
