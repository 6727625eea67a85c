"""Two moons with six labels: what each method of the family makes of the plane.

All have the same labels, network, steps and optimizer. The views are Gaussian noise: 0.1 is weak,
and 0.3 on top of it strong. ReMixMatch is not among them, since it turns images. `python -m
benchmarks.two_moons` draws benchmarks/results/two_moons.png.
"""

import keras
import numpy as np
from keras import layers
from sklearn.datasets import make_moons

import sslzoo
from benchmarks.kept import kept
from benchmarks.report import RESULTS
from benchmarks.targets import target
from sslzoo import plots

POINTS, NOISE = 1000, 0.1
LABELS = 3  # of each moon
DRAWS = (0, 1, 2)  # seeds of the points, of the choice of labels and of the weights
STEPS = 1500
BATCH, RATIO = 30, 4
PICTURED = 0  # the draw of the picture
# Running means over some hundred steps. The noise is small beside the moons, so VAT's epsilon is.
METHODS = {
    "supervised": ("fixmatch", {"unlabeled_weight": 0.0}),
    "pi_model": ("pi_model", {}),
    "pseudo_label": ("pseudo_label", {}),
    "mean_teacher": ("mean_teacher", {}),
    "vat": ("vat", {"epsilon": 0.2, "unlabeled_weight": 1.0}),
    "mixmatch": ("mixmatch", {"unlabeled_weight": 10.0}),
    "uda": ("uda", {}),
    "fixmatch": ("fixmatch", {}),
    "flexmatch": ("flexmatch", {"unlabeled_size": POINTS}),
    "freematch": ("freematch", {"running_momentum": 0.99}),
    "softmatch": ("softmatch", {"running_momentum": 0.99}),
}


def run(runs, methods=tuple(METHODS)):
    """{"rows": one of each method, "targets": above supervised on the same labels}."""
    rows = []
    for method in methods:
        settings = {"steps": STEPS, "hyperparameters": METHODS[method][1]}
        name = "{}, {}.json"
        found = [
            kept(runs / name.format(method, draw), settings, accuracy, method, draw)
            for draw in DRAWS
        ]
        error = float(np.std(found, ddof=1) / len(found) ** 0.5)
        rows.append({"method": method, "runs": found, "last": float(np.mean(found))})
        rows[-1]["last_error"] = error
    supervised = next(row["last"] for row in rows if row["method"] == "supervised")
    return {
        "rows": rows,
        "targets": [
            target(f"{row['method']}, less supervised", row["last"] - supervised, 0.0)
            for row in rows
            if row["method"] != "supervised"
        ],
    }


def picture(draw=PICTURED, methods=tuple(METHODS)):
    """The methods of a draw side by side, trained anew: a figure."""
    points, labels, feed = data(draw)
    models = {method: trained(method, draw) for method in methods}
    return plots.decisions(models, points, labels, feed.labeled)


def data(draw):
    """(points, labels, batches) of a draw."""
    points, labels = make_moons(POINTS, noise=NOISE, random_state=draw)
    points = points.astype("float32")
    rows = sslzoo.data.Dataset(vectors=points, labels=labels)
    own = {"labels_per_class": LABELS, "steps_per_epoch": STEPS, "seed": draw, "draw": draw}
    return points, labels, sslzoo.data.Paired(rows, BATCH, RATIO, **own)


def network(seed):
    """Two hidden layers of 64, with BatchNorm as the networks of images have it."""
    x = start = keras.Input((2,), name="vectors")
    for number in range(2):
        initializer = keras.initializers.GlorotUniform(seed=2 * seed + number)
        x = layers.Dense(64, use_bias=False, kernel_initializer=initializer)(x)
        x = layers.ReLU()(sslzoo.nn.layers.batch_norm()(x))
    return keras.Model(start, x, name="plane")


def trained(method, draw):
    """The model of a draw after its steps."""
    name, hyperparameters = METHODS[method]
    noise = [layers.GaussianNoise(0.1, seed=draw), layers.GaussianNoise(0.3, seed=draw + 1)]
    settings = {"classes": 2, "augment": noise, "seed": draw, **hyperparameters}
    model = sslzoo.build(name, network(draw), **settings)
    model.fit(data(draw)[2], verbose=0)
    return model


def accuracy(method, draw):
    """Of the points themselves, whose labels but six it has not seen."""
    points, labels, _ = data(draw)
    found = float(np.mean(trained(method, draw).classify(points).argmax(axis=1) == labels))
    print(f"{method}, draw {draw}: {found:.3f}", flush=True)
    return found


if __name__ == "__main__":
    picture().savefig(RESULTS / "two_moons.png", dpi=100)
