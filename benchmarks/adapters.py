"""What does a language with few recordings gain from a rich one? Spoken digits: English with 2,700
recordings of six speakers, Ukrainian with 1, 5 and 20 of each digit.

A small Transformer learns the English digits. Then it learns the Ukrainian ones in all ways of the
adapters, beside fine-tuning of all weights, a head alone, and training from scratch. The languages
of `MetaAdapter` and `SimAdapter` are three pairs of English speakers: there is only one rich
language at hand. Test: 380 recordings of 38 Ukrainian speakers, of whom nothing was seen before.

Steps and rates were fixed before the first run; no figure of a test set chose them. `python -m
benchmarks.adapters` draws benchmarks/results/adapters.png.
"""

import json
import os
import time
from pathlib import Path

import keras
import numpy as np

import sslzoo
from benchmarks.kept import kept
from benchmarks.report import RESULTS
from benchmarks.targets import target
from sslzoo import methods, nn
from sslzoo.data import ByDomain, Dataset, labeled_subset
from sslzoo.zoo.recipe import Recipe

SAMPLES = 8000  # one second
DIGITS = 10
COUNTS = {1: 60, 5: 150, 20: 300}  # {recordings of each digit: steps}
DRAWS = (0, 1, 2)
BATCH = 32
NETWORK = {"samples": SAMPLES, "width": 64, "depth": 3}
UNITS = 16
PAIRS = 3  # of English speakers, the languages of MetaAdapter and SimAdapter
RATE, FEW = 1e-3, 3e-3  # of all weights, and of few that start at zero
ENGLISH = {"epochs": 25, "pair_epochs": 10, "meta_epochs": 20, "meta_samples": 16}
WAYS = ("scratch", "probe", "fine_tune", "adapters", "meta_adapter", "sim_adapter", "sim_plus")


def run(runs):
    """{"rows": of each number of recordings and way, "english", "targets"}."""
    network, english = rich(runs)
    rows = []
    for count in COUNTS:
        for way in WAYS:
            found = [part(runs, network, way, count, draw) for draw in DRAWS]
            rows.append({"way": way, "count": count, **summary(found)})
            print(json.dumps(rows[-1]), flush=True)
    return {"rows": rows, "english": english, "targets": targets(rows)}


def summary(found):
    accuracies = [one["accuracy"] for one in found]
    return {
        "accuracy": float(np.mean(accuracies)),
        "error": float(np.std(accuracies, ddof=1) / np.sqrt(len(accuracies))),
        "learned_share": found[0]["learned_share"],
        "attention": found[0].get("attention"),
        "seconds": round(float(np.mean([one["seconds"] for one in found])), 1),
    }


def targets(rows):
    """Adapters reach fine-tuning with a part of its parameters, and what is known of English helps
    them.
    """
    found = {(row["way"], row["count"]): row for row in rows}
    judged = []
    for count in COUNTS:
        best = max(found[way, count]["accuracy"] for way in ("meta_adapter", "sim_plus"))
        all_weights = found["fine_tune", count]["accuracy"]
        judged.append(target(f"{count} a digit: over fine-tuning", best - all_weights, -0.02))
        own = found["adapters", count]["accuracy"]
        judged.append(target(f"{count} a digit: over adapters from scratch", best - own, 0.0))
    share = found["meta_adapter", min(COUNTS)]["learned_share"]
    return [*judged, target("share of the parameters of MetaAdapter", share, 0.15, most=True)]


# ---- the data ----------------------------------------------------------------------------


def recordings(name):
    """One of the two sets, {"audio", "labels", "domains", "index"}: a domain is a speaker."""
    path = Path(os.environ["SSLZOO_DATA"]) / "spoken_digits" / f"{name}.npz"
    with np.load(path) as file:
        parts = np.split(file["samples"], np.cumsum(file["length"])[:-1])
        fields = {key: file[key].astype("int64") for key in ("label", "speaker")}
        index = file["index"] if "index" in file else np.zeros(len(parts), int)
    audio = np.stack([second(part) for part in parts])
    return {
        "audio": audio,
        "labels": fields["label"],
        "domains": fields["speaker"],
        "index": index,
    }


def second(wave):
    """The loudest second of a wave, or all of it with silence on both sides."""
    if len(wave) <= SAMPLES:
        before = (SAMPLES - len(wave)) // 2
        return np.pad(wave, (before, SAMPLES - len(wave) - before))
    energy = np.cumsum(np.concatenate([[0], wave.astype("float64") ** 2]))
    start = int(np.argmax(energy[SAMPLES:] - energy[:-SAMPLES]))
    return wave[start : start + SAMPLES]


def english(test):
    """FSDD's own parts: recordings 0 to 4 of each speaker and digit are the test."""
    every = recordings("fsdd")
    rows = (every["index"] < 5) == test
    return {field: every[field][rows] for field in ("audio", "labels", "domains")}


def ukrainian(test):
    """Every other speaker is in the test."""
    every = recordings("ukrainian_digits")
    rows = (every["domains"] % 2 == 1) == test
    return Dataset(audio=every["audio"][rows], labels=every["labels"][rows], name="ukrainian")


# ---- the trainings -----------------------------------------------------------------------


def rich(runs):
    """(the network that knows English, its accuracy), trained once and kept."""
    path = runs / "english.weights.h5"
    settings = {"network": NETWORK, **ENGLISH}

    def train():
        data = Dataset(**{k: v for k, v in english(False).items() if k != "domains"})
        model = sslzoo.build("erm", backbone(), classes=DIGITS, augment="none")
        model.compile(Recipe({"name": "adam", "learning_rate": RATE}))
        model.fit(data, batch_size=BATCH, epochs=ENGLISH["epochs"], verbose=0)
        path.parent.mkdir(parents=True, exist_ok=True)
        model.backbone.save_weights(path)
        test = english(True)
        right = model.classify(test["audio"]).argmax(axis=1) == test["labels"]
        return {"accuracy": float(right.mean())}

    found = kept(runs / "english.json", settings, train)
    print(json.dumps({"english": found}), flush=True)
    network = backbone()
    network.load_weights(path)
    return network, found


def backbone():
    return nn.backbone("speech_transformer", **NETWORK, seed=0)


def meta(runs, network):
    """`MetaAdapter` over the pairs of English speakers."""
    path = runs / "meta.weights.h5"
    model = methods.MetaAdapter(network, DIGITS, PAIRS, units=UNITS)
    if not path.exists():
        data = {**english(False)}
        data["domains"] = data["domains"] // 2
        model.compile(Recipe({"name": "sgd", "learning_rate": 1.0}))
        batches = ByDomain(data, samples=ENGLISH["meta_samples"])
        model.fit(batches, epochs=ENGLISH["meta_epochs"], verbose=0)
        model.adapted.save_weights(path)
    model.adapted.load_weights(path)
    return model


def pairs(runs, network):
    """`Adapters` of each pair of English speakers."""
    found, data = [], english(False)
    for pair in range(PAIRS):
        path = runs / f"pair{pair}.weights.h5"
        model = methods.Adapters(network, DIGITS, UNITS)
        if not path.exists():
            rows = data["domains"] // 2 == pair
            model.compile(Recipe({"name": "adam", "learning_rate": FEW}))
            fit = {"batch_size": BATCH, "epochs": ENGLISH["pair_epochs"], "verbose": 0}
            model.fit(data["audio"][rows], data["labels"][rows], **fit)
            model.adapted.save_weights(path)
        model.adapted.load_weights(path)
        found.append(model)
    return found


def part(runs, network, way, count, draw):
    """A training on some Ukrainian recordings, measured or kept."""
    settings = {"steps": COUNTS[count], "rates": [RATE, FEW], "units": UNITS, **ENGLISH}
    path = runs / f"{way}, {count}, {draw}.json"
    return kept(path, settings, measured, runs, network, way, count, draw)


def measured(runs, network, way, count, draw):
    train, test = ukrainian(False), ukrainian(True)
    few = train.take(labeled_subset(train.labels, per_class=count, seed=draw))
    keras.utils.set_random_seed(draw)
    start = time.perf_counter()
    model = learned(runs, network, way, few, draw)
    seconds = time.perf_counter() - start
    right = model.classify(test.audio).argmax(axis=1) == test.labels
    found = {"accuracy": float(right.mean()), "seconds": seconds}
    found["learned_share"] = getattr(model, "learned_share", 1.0)
    if way.startswith("sim"):
        found["attention"] = model.attention(test.audio)
    return found


def learned(runs, network, way, few, draw):
    """The model of a way after its steps on the recordings."""
    if way.startswith("sim"):
        own = learned(runs, network, {"sim_plus": "meta_adapter"}.get(way, "adapters"), few, draw)
        model = methods.SimAdapter.over([*pairs(runs, network), own])
        return fitted(model, few, RATE)
    if way == "scratch":
        model = sslzoo.build("erm", backbone(), classes=DIGITS, augment="none", seed=draw)
        return fitted(model, few, RATE)
    if way == "adapters":
        return fitted(methods.Adapters(network, DIGITS, UNITS, seed=draw), few, FEW)
    if way == "meta_adapter":
        return fitted(meta(runs, network).for_language(DIGITS, seed=draw), few, FEW)
    frozen = len(nn.block_weights(network)) if way == "probe" else 0
    rate = FEW if way == "probe" else RATE
    return fitted(methods.FineTune(network, DIGITS, frozen=frozen, seed=draw), few, rate)


def fitted(model, few, rate):
    """A model after the steps that belong to the number of recordings."""
    batch = min(BATCH, len(few))
    steps_per_epoch = -(-len(few) // batch)
    epochs = round(COUNTS[len(few) // DIGITS] / steps_per_epoch)
    model.compile(Recipe({"name": "adam", "learning_rate": rate}))
    model.fit(few.audio, few.labels, batch_size=batch, epochs=epochs, verbose=0)
    return model


def picture(result):
    """Accuracy over the number of recordings, and where SimAdapter looks, from what the suite
    wrote: a figure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    curves, shares = figure.subplots(1, 2, width_ratios=(3, 2))
    for way in WAYS:
        rows = [row for row in result["rows"] if row["way"] == way]
        heights, errors = ([100 * row[key] for row in rows] for key in ("accuracy", "error"))
        label = way.replace("_", " ")
        curves.errorbar([row["count"] for row in rows], heights, errors, marker="o", label=label)
    curves.set_xscale("log")
    curves.set_xticks(list(COUNTS), [str(count) for count in COUNTS])
    curves.set_xlabel("recordings of each digit")
    curves.set_ylabel("right, %")
    curves.legend(fontsize="small")
    (row,) = (r for r in result["rows"] if (r["way"], r["count"]) == ("sim_plus", max(COUNTS)))
    attention = np.array(list(row["attention"].values()))  # (blocks, languages)
    shares.imshow(attention, vmin=0, vmax=1, cmap="viridis")
    languages = [*(f"English {pair + 1}" for pair in range(PAIRS)), "Ukrainian"]
    shares.set_xticks(range(len(languages)), languages, rotation=30, ha="right")
    shares.set_yticks(range(len(attention)), list(row["attention"]))
    for (y, x), value in np.ndenumerate(attention):
        shares.text(x, y, f"{value:.2f}", ha="center", va="center", color="white", fontsize=8)
    shares.set_title("attention of SimAdapter+", fontsize=10)
    return figure


if __name__ == "__main__":
    figure = picture(json.loads((RESULTS / "adapters.json").read_text()))
    figure.savefig(RESULTS / "adapters.png", dpi=100)
