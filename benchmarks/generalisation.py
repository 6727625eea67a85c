"""Domains that were not seen in training.

RotatedMNIST: six angles, each left out once; nothing is known to beat ERM there, so a method must
only not lose. Then cases that are made so that ERM fails and something else holds:

- colors: ColoredMNIST. The color says more than the digit, and the opposite in the new domain.
- groups: a shortcut that is wrong in one domain, which has few rows. The worst domain counts.
- styles: each domain has a brightness and a contrast of its own.
"""

import keras
import numpy as np
from keras import layers

import sslzoo
from benchmarks.kept import kept
from benchmarks.targets import target
from sslzoo.data import Dataset, colored, joined_domains, rotated
from sslzoo.evaluate import generalization

METHODS = ("erm", "mixup", "mix_style", "rsc", "domain_coral", "group_dro", "irm", "vrex")
WITH_DOMAINS = ("domain_coral", "group_dro", "irm", "vrex")
ANGLES = (0, 15, 30, 45, 60, 75)
SEEDS = (0, 1, 2)
# Which method must win where, by how much: what it was made for.
WINS = {
    "colors": {"irm": 0.1, "vrex": 0.1},
    "groups": {"group_dro": 0.05},
    "styles": {"mix_style": 0.02},
}
# The lengths of the trainings; `generalization` takes those of all but the groups.
LENGTHS = {
    "rotated": {"samples": 25, "steps_per_epoch": 100, "epochs": 5},
    "colors": {"samples": 3500, "steps_per_epoch": 100, "epochs": 5},
    "groups": {"batch_size": 200, "epochs": 60},
    "styles": {"samples": 32, "steps_per_epoch": 50, "epochs": 6},
}
LOOKS = {"plain": (1.0, 0.0), "pale": (0.6, 0.2), "bright": (0.5, 0.5), "new": (0.4, 0.05)}
# The paper's code: full batches, 500 steps, the penalty from step 190 on (IRM, code/colored_mnist).
COLORS = {
    "irm": {"penalty_weight": 1e4, "warm_up": 0.38},
    "vrex": {"penalty_weight": 1e4, "warm_up": 0.38},
}


def run(runs):
    """{"rows": accuracies of each case and method, "targets"}."""
    rows = []
    for case, measure in CASES.items():
        for method in METHODS:
            if method == "mix_style" and case in ("colors", "groups"):
                continue  # their networks have no maps
            settings = {"length": LENGTHS[case], "looks": LOOKS if case == "styles" else None}
            settings |= {"own": COLORS.get(method) if case == "colors" else None}
            found = [
                kept(runs / f"{case}, {method}, {seed}.json", settings, measure, method, seed)
                for seed in (SEEDS[:1] if case == "rotated" else SEEDS)
            ]
            error = np.std(found, ddof=1) / len(found) ** 0.5 if len(found) > 1 else None
            row = {"case": case, "method": method, "runs": found, "accuracy": float(np.mean(found))}
            rows.append(row | {"error": None if error is None else float(error)})
            print(row, flush=True)
    return {"rows": rows, "targets": targets(rows)}


def targets(rows):
    """Within a point of ERM on RotatedMNIST; above it where a method must win."""
    found = {(row["case"], row["method"]): row["accuracy"] for row in rows}
    judged = []
    for (case, method), accuracy in found.items():
        gain = accuracy - found[case, "erm"]
        if case == "rotated" and method != "erm":
            judged.append(target(f"RotatedMNIST: {method} less ERM", gain, -0.01))
        elif method in WINS.get(case, ()):
            judged.append(target(f"{case}: {method} less ERM", gain, WINS[case][method]))
    return judged


def build(method, network, classes, count, **settings):
    """A method for `count` training domains."""
    own = {"domains": count} if method in WITH_DOMAINS else {}
    return sslzoo.build(method, network, classes=classes, **own | settings)


def on_rotated(method, seed):
    """Mean accuracy of six trainings, each on five angles and judged on the sixth."""
    data = rotated(sslzoo.data.load("mnist", "train[:12000]"), ANGLES, seed)
    domains = {str(angle): take(data, place) for place, angle in enumerate(ANGLES)}
    network = sslzoo.nn.backbone("convnet", 28, width=16)
    model = build(method, network, 10, len(ANGLES) - 1, seed=seed)
    return generalization(model, domains, seed=seed, **LENGTHS["rotated"])["accuracy"]


def on_colors(method, seed):
    """Accuracy where the color is nearly always wrong, after the last step: the epoch cannot be
    chosen in domains where the color is right.
    """
    digits = sslzoo.data.load("mnist", "train[:15000]")
    small = Dataset(digits.images[:, ::2, ::2], digits.labels)  # 14x14, as in the paper
    data = colored(small, [0.1, 0.2, 0.9], seed=seed)
    domains = dict(zip(("0.1", "0.2", "0.9"), (take(data, k) for k in range(3)), strict=True))
    images = keras.Input((14, 14, 3), name="images")
    x = layers.Flatten()(images)
    for number in range(2):
        initializer = keras.initializers.GlorotUniform(seed=2 * seed + number)
        x = layers.Dense(256, "relu", kernel_initializer=initializer)(x)
    model = build(method, keras.Model(images, x), 2, 2, seed=seed, **COLORS.get(method, {}))
    model.compile(keras.optimizers.AdamW(1e-3, weight_decay=1e-3))
    record = generalization(model, domains, held_out=["0.9"], seed=seed, **LENGTHS["colors"])
    return record["last"]["0.9"]


def on_groups(method, seed):
    """Accuracy in the worse of two domains. In one of them, one row in twenty, the shortcut is
    wrong. Batches are drawn from all rows.
    """
    model = build(method, plane(seed), 2, 2, seed=seed)
    model.compile(keras.optimizers.Adam(1e-2))
    rows = joined_domains({"right": group(1, 1900, seed), "wrong": group(-1, 100, seed + 10)})
    model.fit(rows, verbose=0, **LENGTHS["groups"])
    tests = [group(sign, 2000, seed + 20) for sign in (1, -1)]
    return min(float(np.mean(model.classify(t.vectors).argmax(1) == t.labels)) for t in tests)


def group(sign, count, seed):
    """Two classes: a first number that tells them apart with noise, and a clear shortcut."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    side = 2.0 * labels - 1.0
    vectors = np.stack([side + rng.normal(0, 0.8, count), sign * side + rng.normal(0, 0.2, count)])
    return Dataset(None, labels, vectors=vectors.T.astype("float32"))


def plane(seed):
    vectors = keras.Input((2,), name="vectors")
    initializer = keras.initializers.GlorotUniform(seed=seed)
    return keras.Model(vectors, layers.Dense(16, "relu", kernel_initializer=initializer)(vectors))


def on_styles(method, seed):
    """Accuracy on digits of a new contrast, after three others."""
    digits = sslzoo.data.load("mnist", "train[:4000]")
    order = np.random.default_rng(seed).permutation(len(digits))
    domains = {}
    for place, (name, (contrast, brightness)) in enumerate(LOOKS.items()):
        part = digits.take(order[place :: len(LOOKS)])
        images = part.images * contrast + 255 * brightness
        domains[name] = part.replace(images=images.astype("uint8"))
    model = build(method, sslzoo.nn.backbone("convnet", 28, width=16), 10, 3, seed=seed)
    own = {"held_out": ["new"], "seed": seed, **LENGTHS["styles"]}
    return generalization(model, domains, **own)["accuracy"]


def take(data, domain):
    """The rows of a domain, without that field."""
    return data.take(data.domains == domain).replace(domains=None)


CASES = {"rotated": on_rotated, "colors": on_colors, "groups": on_groups, "styles": on_styles}
