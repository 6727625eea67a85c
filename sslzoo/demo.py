"""`sslzoo demo`: the whole way on scikit-learn's bundled digits, from raw pixels to a served model,
told in one page.

Every figure of the report is measured by the run that writes it.
"""

import json
import re
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np

import sslzoo
from sslzoo import data, evaluate, optim, report
from sslzoo.demo_steps import ForSeconds, Steps, clean_process, neighbours, patches
from sslzoo.evaluate.encoders import RawPixels
from sslzoo.plots.report import curves_png, image_png, maps_png
from sslzoo.serving import export
from sslzoo.zoo.cache import WeightsError
from sslzoo.zoo.config import plain, replace_file
from sslzoo.zoo.train import commit, device

MODEL = "simclr_resnet20.digits"
# the first one that has published weights
FLAGSHIPS = ("simclr_resnet50", "simclr_resnet20.cifar10", MODEL)
LABELS_PER_CLASS = 10
DRAWS = 5  # of the labelled images; the table gives mean and standard deviation
K, TEMPERATURE = 5, 0.1  # kNN with 100 labelled images
VALIDATION = 0.2  # of the labels, for the probe's penalty: 2 of 10 a class
LEARNING_RATE, BATCH = 0.03, 256  # a quarter of the recipe's peak: the weights are trained already
SHOWN = 8  # neighbours in a row
LOADS = r"<script|<link|@import|url\(|src=\"(?!data:)"  # what would make a browser fetch something
EXACT = 1e-5  # relative difference between two graphs of one float32 network


def run(out="demo", seconds=60):
    """Run the demo and write `out`/report.html (one file, no network), `out`/results.json and
    `out`/saved_model/.

    seconds: of further self-supervised training, beyond the compilation of its first step.
    Returns whether every check passed. Raises ValueError if the digits model has no published
    weights, or if `out` holds a saved_model/ that no demo wrote.
    """
    if not sslzoo.info(MODEL).sha256:
        raise ValueError(
            f"demo: {MODEL} has no published weights yet; make them: sslzoo train {MODEL} --record"
        )
    out, steps = Path(out), Steps()
    if (out / "saved_model").exists() and not (out / "results.json").exists():
        raise ValueError(
            f"demo: {out} holds a saved_model/ that no demo wrote; choose another folder."
        )
    began, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    out.mkdir(parents=True, exist_ok=True)
    # From here on the folder is a demo's, even if this one is killed: the next one may clear it.
    replace_file(out / "results.json", json.dumps({"started": started, "finished": False}).encode())
    shutil.rmtree(out / "saved_model", ignore_errors=True)

    with steps("Data") as step:
        train, test = data.load("digits", "train"), data.load("digits", "test")
        step(
            f"{len(train):,} digits to learn from, {LABELS_PER_CLASS} labels per class, "
            f"{len(test)} to test on"
        )
    with steps("Model") as step:
        model = sslzoo.load(MODEL)
        encoders = {"raw pixels": RawPixels(), "untrained encoder": model.untrained(), MODEL: model}
        features = {
            name: [encoder.encode(part.images) for part in (train, test)]
            for name, encoder in encoders.items()
        }
        step(
            f"{MODEL}, {model.backbone.count_params():,} weights, checked against the sha256 "
            "of its record"
        )
        steps.check(
            "the published model gives a finite vector for each image",
            finite(features[MODEL][1], len(test)),
        )
    with steps("Evaluation") as step:
        rows = [measure(name, *pair, train, test) for name, pair in features.items()]
        step(
            ", ".join(f"{row['name']} {100 * row['linear_probe']['mean']:.1f} %" for row in rows)
            + " (linear probe)"
        )
    with steps("Training", f"{seconds:g} s of further self-supervised fit") as step:
        further = train_further(model, train, seconds, steps)
        first, *_, last = further["loss"] * 2
        step(f"{further['steps']} more steps without labels, loss {first:.3f} to {last:.3f}")
        steps.check("the loss stayed finite and the representation spread out", healthy(further))
    after = f"after {seconds:g} s of fit"
    with steps("Evaluation") as step:
        features[after] = [model.encode(part.images) for part in (train, test)]
        rows.append(measure(after, *features[after], train, test))
        step(f"{after} {100 * rows[-1]['linear_probe']['mean']:.1f} % (linear probe)")
        for name, row in (
            ("the published model", rows[2]),
            ("the model after more training", rows[3]),
        ):
            for protocol, word in (("knn", "kNN"), ("linear_probe", "linear probe")):
                better = row[protocol]["mean"] > rows[1][protocol]["mean"]
                steps.check(f"{name} beats the untrained encoder by {word}", better)
    with steps("Pictures") as step:
        maps = {name: map_2d(features[name][1]) for name in ("untrained encoder", MODEL, after)}
        queries = [int(np.flatnonzero(test.labels == digit)[0]) for digit in range(10)]
        rows_of = {
            name: neighbours(*features[name], train.labels, test.labels, SHOWN)
            for name in ("untrained encoder", after)
        }
        step(f"t-SNE maps of {len(test)} embeddings, nearest neighbours")
    with steps("Flagship") as step:
        flagship, name = load_flagship()
        photos = patches()
        embedded = flagship.encode(photos["images"])
        found = neighbours(
            embedded, embedded, photos["photo"], photos["photo"], SHOWN, leave_out_self=True
        )
        step(
            f"{name}: {len(embedded)} patches of two photographs, {embedded.shape[1]} features each"
        )
        steps.check(
            "the flagship gives a finite vector for each patch",
            finite(embedded, len(photos["images"])),
        )
    with steps("Export") as step:
        saved = Path(export(flagship, out / "saved_model" / name, warmup=False))
        step(f"{saved}, {folder_bytes(saved) / 1e6:.1f} MB")
    with steps("Clean process") as step:
        served = clean_process(saved, photos["images"], embedded)
        same = (
            f"relative difference from encode {served['difference']:.1e}"
            if served["difference"]
            else "bit for bit encode"
        )
        step(f"plain TensorFlow {served['tensorflow']}: {same}")
        steps.check(
            "the SavedModel loads in a process that never imports sslzoo",
            not served["sslzoo_imported"],
        )
        steps.check(
            f"it gives the embeddings of encode to {EXACT:.0e} relative",
            served["difference"] <= EXACT,
        )
        trainable, moved = served["trainable_variables"], served["with_gradient"]
        steps.check("every one of its trainable variables gets a gradient", 0 < trainable == moved)

    results = plain(
        {
            "started": started,
            "seconds": time.monotonic() - began,
            "sslzoo": sslzoo.__version__,
            "commit": commit(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "device": device(),
            "model": MODEL,
            "rows": rows,
            "further": further,
            "neighbours": {key: value["agreement"] for key, value in rows_of.items()},
            "flagship": {
                "name": name,
                "wanted": FLAGSHIPS[0],
                "patches": len(embedded),
                "dimensions": embedded.shape[1],
                "same_photo": found["agreement"],
                "saved_model": str(saved),
                "bytes": folder_bytes(saved),
                **served,
            },
            "settings": {
                "labels_per_class": LABELS_PER_CLASS,
                "draws": DRAWS,
                "k": K,
                "temperature": TEMPERATURE,
                "validation_fraction": VALIDATION,
                "train_images": len(train),
                "test_images": len(test),
            },
        }
    )
    with steps("Report") as step:
        pictures = {
            "maps": maps_png(
                [(key, value) for key, value in maps.items()], test.labels, test.classes
            ),
            "curves": curves_png(curves(further), "training step"),
            "digits": {
                key: picture_rows(queries, value, test.images, train.images)
                for key, value in rows_of.items()
            },
            "patches": picture_rows(
                [2, 9, 15, 26, 33, 45], found, photos["images"], photos["images"]
            ),
        }
        html = report.page(
            "demo.html", results=results, pictures=pictures, checks=steps.checks, exact=EXACT
        )
        steps.check("the report needs no other file and no network", not re.search(LOADS, html))
        results["checks"] = [
            {"check": sentence, "passed": passed} for sentence, passed in steps.checks
        ]
        html = report.page(
            "demo.html", results=results, pictures=pictures, checks=steps.checks, exact=EXACT
        )
        replace_file(out / "report.html", html.encode())
        replace_file(out / "results.json", json.dumps(results, indent=1).encode())
        step(f"{len(html) / 1e3:.0f} kB")
    return steps.finish(out / "report.html")


def measure(name, train_features, test_features, train, test):
    """One row of the table: kNN and linear probe with few labels, over several draws of the
    labelled images.
    """
    row = {"name": name, "dimensions": train_features.shape[1]}
    protocols = {
        "knn": lambda *sets, seed: evaluate.knn(
            None, *sets, k=K, temperature=TEMPERATURE, baselines=False
        ),
        "linear_probe": lambda *sets, seed: evaluate.linear_probe(
            None, *sets, validation_fraction=VALIDATION, baselines=False, seed=seed
        ),
    }
    queries = data.Dataset(test_features, test.labels, test.classes, test.name, test.split)
    for protocol, measured in protocols.items():
        accuracies = []
        for seed in range(DRAWS):
            labelled = evaluate.labelled_subset(train.labels, per_class=LABELS_PER_CLASS, seed=seed)
            few = train.take(labelled)
            bank = data.Dataset(
                train_features[labelled], few.labels, few.classes, few.name, few.split
            )
            accuracies.append(measured(bank, queries, seed=seed)["accuracy"])
        row[protocol] = {
            "mean": np.mean(accuracies),
            "std": np.std(accuracies),
            "accuracies": accuracies,
        }
    return row


def train_further(model, train, seconds, steps):
    """Continue the self-supervised training on the training split for some seconds; what happened,
    epoch by epoch.
    """
    model.compile(optim.build("sgd", LEARNING_RATE, momentum=0.9, weight_decay=5e-4))
    clock = ForSeconds(seconds, LEARNING_RATE, steps.advance)
    history = model.fit(
        train, batch_size=BATCH, epochs=100_000, callbacks=[clock], verbose=0
    ).history
    return {
        "seconds": clock.elapsed,
        "steps": clock.steps,
        "steps_per_epoch": len(train) // BATCH,
        "batch_size": BATCH,
        "learning_rate": LEARNING_RATE,
        "schedule": "cosine to 0 over the seconds",
        "optimizer": "sgd, momentum 0.9",
        "loss": history["loss"],
        "effective_rank": history["effective_rank"],
        "dimensions": model.backbone.output_shape[-1],
    }


def healthy(further):
    return bool(np.isfinite(further["loss"]).all() and further["effective_rank"][-1] > 2)


def finite(features, count):
    return len(features) == count and bool(
        np.isfinite(features).all() and features.std(axis=0).max() > 0
    )


def map_2d(features):
    """(N, D) -> (N, 2) by t-SNE, standardised."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # its threads spin while they wait: minutes instead of seconds on a busy machine
    with threadpool_limits(1):
        points = TSNE(perplexity=30, init="pca", random_state=0).fit_transform(features)
    return (points - points.mean(axis=0)) / points.std(axis=0)


def load_flagship():
    """(model, name) of the first flagship whose weights are at hand: a wheel carries the small ones
    only.
    """
    for name in (name for name in FLAGSHIPS if sslzoo.info(name).sha256):
        try:
            return sslzoo.load(name), sslzoo.info(name).name
        except WeightsError as error:
            missing = error
    raise missing


def curves(further):
    steps = [further["steps_per_epoch"] * (epoch + 1) for epoch in range(len(further["loss"]))]
    rank = f"effective rank of the {further['dimensions']} features"
    return [
        ("NT-Xent loss, mean of each epoch", steps, further["loss"]),
        (rank, steps, further["effective_rank"]),
    ]


def picture_rows(queries, found, query_images, bank_images):
    """[(query PNG, [(neighbour PNG, same class?)])] for the page."""
    return [
        (
            image_png(query_images[query]),
            [
                (image_png(bank_images[i]), same)
                for i, same in zip(*found["rows"][query], strict=True)
            ],
        )
        for query in queries
    ]


def folder_bytes(folder):
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
