"""Attacks: items that are changed a little, so that a model answers them wrongly.

Each takes a model and items, and gives floats of their shape. No number changes by more than
`radius`. Images are floats in 0..1, so the unit is that of the whole range, and stay there. Who
attacks knows the model: its weights and gradients. In `sslzoo.evaluate.safety` that may be the
teacher of another model.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from sslzoo import backends
from sslzoo.checks import above, check_labels, refused, whole
from sslzoo.evaluate.splits import items_of
from sslzoo.progress import progress

RADIUS = 8 / 255  # Madry et al. 2018 on CIFAR-10
FIELDS = ("images", "series", "vectors")  # whose values are numbers that may change a little
REST = 0.1  # weight of the other units (ziqi-zhang/ReMoS_artifact, eval_robustness.py)


def fgsm(
    model: Any,
    items: Any,
    labels: Any = None,
    radius: float = RADIUS,
    batch_size: int = 256,
) -> NDArray[np.float32]:
    """x + radius * sign of the gradient of H(y, p(x)): one step (Goodfellow et al. 2015,
    "Explaining and Harnessing Adversarial Examples", arXiv:1412.6572).

    Args:
        model: A classifier of the zoo.
        items: Images, series or vectors as the model reads them.
        labels: y, (N,). None: what the model answers.
        radius: How far each number moves.
        batch_size: Items to attack at once.

    Raises:
        ValueError: No classifier, another kind of items, labels that the model does not know.

    >>> import keras, numpy as np, sslzoo
    >>> x = keras.Input((2,), name="vectors")
    >>> model = sslzoo.build("erm", keras.Model(x, keras.layers.Dense(2)(x)), classes=2)
    >>> moved = fgsm(model, np.zeros((3, 2), "float32"), [0, 1, 1], radius=0.5)
    >>> np.abs(moved).tolist()
    [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]
    """
    items, labels = _classified(model, items, labels, batch_size, "fgsm")
    return _ascent(model, _margin(model), items, labels, items, radius, 1, radius, batch_size)


def pgd(
    model: Any,
    items: Any,
    labels: Any = None,
    radius: float = RADIUS,
    steps: int = 40,
    step_size: float | None = None,
    seed: int = 0,
    batch_size: int = 256,
) -> NDArray[np.float32]:
    """Projected gradient ascent (Madry et al. 2018, "Towards Deep Learning Models Resistant to
    Adversarial Attacks", arXiv:1706.06083): steps as those of `fgsm`, from a random place in the
    ball, back into it after each.

    Args:
        model, items, labels, radius, batch_size: As for `fgsm`.
        steps: Number of steps.
        step_size: Of each. None: a tenth of the radius, as in ReMoS.
        seed: Random seed of the start.

    >>> import keras, numpy as np, sslzoo
    >>> x = keras.Input((2,), name="vectors")
    >>> model = sslzoo.build("erm", keras.Model(x, keras.layers.Dense(2)(x)), classes=2)
    >>> moved = pgd(model, np.zeros((3, 2), "float32"), [0, 1, 1], radius=0.5)
    >>> float(np.abs(moved).max())
    0.5
    """
    items, labels = _classified(model, items, labels, batch_size, "pgd")
    start = _beside(items, radius, seed)
    step_size = radius / 10 if step_size is None else step_size
    settings = radius, steps, step_size, batch_size
    return _ascent(model, _margin(model), items, labels, start, *settings)


def penultimate(
    teacher: Any,
    items: Any,
    radius: float = RADIUS,
    steps: int = 40,
    step_size: float | None = None,
    unit: int = 0,
    aim: float = 1000.0,
    seed: int = 0,
    batch_size: int = 256,
) -> NDArray[np.float32]:
    """Push one feature of a teacher, whatever its students answer (Rezaei & Liu 2020, "A
    Target-Agnostic Attack on Deep Models", arXiv:1904.04334): `pgd` that lessens

        (f_unit(x) - aim)^2 + 0.1 * mean of the squares of the other features

    It needs neither labels nor the student. The constants are those of ReMoS' code, whose radius is
    0.1 in the unit of standardized images, about 6 / 255 here.

    Args:
        teacher: A model with `encode`, features (N, D).
        items, radius, steps, step_size, seed, batch_size: As for `pgd`.
        unit: The feature, in 0..D - 1.
        aim: What it is pushed to.

    >>> import numpy as np, sslzoo
    >>> teacher = sslzoo.build("simclr", "micro", 8)
    >>> images = np.full((2, 8, 8, 3), 128, "uint8")
    >>> moved = penultimate(teacher, images, steps=4)
    >>> bool((teacher.encode(moved)[:, 0] > teacher.encode(images)[:, 0]).all())
    True
    """
    if "encode" not in getattr(teacher, "verbs", ()):
        raise refused("teacher", f"a {type(teacher).__name__} without encode", "have features")
    items = _floats(teacher, items, "penultimate")
    count = teacher.encode(items[:1]).shape[1]
    unit = whole("unit", unit, 0, count - 1)
    others = (np.arange(count) != unit) / np.float32(max(count - 1, 1))

    def objective(x, _):
        features = ops.cast(teacher(x, training=False), "float32")  # (N, D)
        rest = ops.sum(ops.square(features) * others, axis=1)
        return -(ops.square(features[:, unit] - aim) + REST * rest)

    start, nobody = _beside(items, radius, seed), np.zeros(len(items), "int32")
    step_size = radius / 10 if step_size is None else step_size
    return _ascent(teacher, objective, items, nobody, start, radius, steps, step_size, batch_size)


def noise(
    items: NDArray, radius: float = RADIUS, seed: int = 0, field: str = "images"
) -> NDArray[np.float32]:
    """Items with random numbers of -radius or radius added: what an attack must be better than.

    >>> noise(np.full((1, 2), 0.5), 0.25, field="vectors").shape
    (1, 2)
    """
    items = _unit(items, field)
    signs = np.random.default_rng(seed).choice([-1, 1], items.shape)
    return _bounded(items + np.float32(radius) * signs, field)


def _classified(model, items, labels, batch_size, attack):
    """Items as floats, and the labels that are attacked."""
    if "classify" not in getattr(model, "verbs", ()):
        got = f"a {type(model).__name__} without classify"
        raise refused("model", got, f"be a classifier for {attack}")
    items = _floats(model, items, attack)
    if labels is None:
        return items, model.classify(items, batch_size).argmax(axis=1)
    return items, check_labels(labels, len(items), getattr(model, "classes", None))


def _floats(model, items, attack):
    """Items as the model reads them, float32; images in 0..1."""
    field, items = items_of(model, items, "items")
    if field not in FIELDS:
        needed = f"be images, series or vectors for {attack}, whose values may change a little"
        raise refused("items", field, needed)
    return _unit(items[: len(items)], field)  # of image files all are read


def _unit(items, field):
    integers = field == "images" and items.dtype.kind in "ui"
    return np.asarray(items, "float32") / np.float32(255 if integers else 1)


def _bounded(items, field):
    return np.clip(items, 0, 1) if field == "images" else items


def _beside(items, radius, seed):
    """A random place in the ball around each item."""
    above("radius", radius, 0)
    whole("seed", seed, 0)
    drawn = np.random.default_rng(seed).uniform(-radius, radius, items.shape)
    return (items + drawn).astype("float32")


def _margin(model: Any) -> Callable:
    """(x, labels) -> m = log sum of exp of the logits of the other classes - that of the label.

    H(y, p(x)) = log(1 + exp(m)), so both gradients have the same signs. But that of H is 0 in
    float32 where the model is sure, and it would only look safe.
    """

    def objective(x, labels):
        if hasattr(model, "scores_graph"):  # of what learns tasks in sequence
            logits = model.scores_graph(x)
        else:
            head = getattr(model, "classifier", None) or model.head
            logits = head(model(x, training=False))
        logits = ops.cast(logits, "float32")  # (N, C)
        own = ops.one_hot(labels, logits.shape[1], dtype="bool")
        others = ops.logsumexp(ops.where(own, -np.inf, logits), axis=1)
        return others - ops.sum(ops.where(own, logits, 0.0), axis=1)

    return objective


def _ascent(model, objective, items, labels, start, radius, steps, step_size, batch_size):
    """Steps by the sign of the gradient of `objective(x, labels)`, (N,), each back into the ball
    around `items`. Items do not see each other: BatchNorm is in inference mode.
    """
    above("radius", radius, 0)
    above("step_size", step_size, 0)
    whole("steps", steps, 1)
    whole("batch_size", batch_size, 1)
    images = model.reads.field == "images"

    def step(x, origin, labels):
        gradient = backends.gradient(lambda values: ops.sum(objective(values, labels)), x)
        moved = x + step_size * ops.sign(gradient)
        moved = ops.clip(moved, origin - radius, origin + radius)
        return ops.clip(moved, 0.0, 1.0) if images else moved

    compute = backends.compiled(model, step)
    labels, parts = np.asarray(labels, "int32"), []
    starts = range(0, len(items), batch_size)
    for first in progress(starts, "Attacking", len(starts), 4, batch_size):
        rows = slice(first, first + batch_size)
        x = _bounded(start[rows], model.reads.field)
        for _ in range(steps):
            x = compute(x, items[rows], labels[rows])
        parts.append(x)
    return np.concatenate(parts)
