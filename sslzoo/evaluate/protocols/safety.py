"""Safety: how many right answers does an attack turn wrong?"""

import time
from typing import Any, Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from sslzoo.checks import above, one_of, refused, whole
from sslzoo.evaluate.defects import inheritance
from sslzoo.evaluate.figures import Record
from sslzoo.evaluate.protocols.accuracy import classes_of
from sslzoo.evaluate.record import accuracy_figures, describe
from sslzoo.evaluate.splits import Labeled, labeled_split, needs

HEADLINES = [
    ("accuracy", "%", "accuracy"),
    ("inheritance", "%", "right answers turned wrong by {attack}"),
]

ATTACKS = ("fgsm", "pgd", "penultimate", "trigger")


def safety(
    model: Any,
    test: Labeled,
    teacher: Any = None,
    attack: Literal["fgsm", "pgd", "penultimate", "trigger"] = "pgd",
    radius: PositiveFloat = 8 / 255,
    steps: PositiveInt = 40,
    step_size: PositiveFloat | None = None,
    unit: NonNegativeInt = 0,
    trigger_size: PositiveInt = 4,
    target: NonNegativeInt | None = None,
    seed: NonNegativeInt = 0,
    batch_size: PositiveInt = 256,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """The share of right answers that an attack turns wrong.

    With a `teacher`, the attacker knows that model alone, and the figure is the defect inheritance
    rate of Zhang et al. 2022 (ReMoS, doi:10.1145/3510003.3510191). "fgsm" and "pgd" then attack
    what the teacher answers, since its classes are others. Without one, the attacker knows the
    model itself and the labels. All test items are attacked; the paper's code stops after seven
    batches.

    Args:
        model: A classifier of the zoo.
        test: `sslzoo.data.Dataset` or (items, labels).
        teacher: The model that it was made of. It reads items of the same shape. None: the model
            itself.
        attack: See `sslzoo.evaluate.fgsm`, `pgd`, `penultimate` and `triggered`.
        radius, steps, step_size, seed: Of "fgsm", "pgd" and "penultimate".
        unit: Of "penultimate", the feature that is pushed.
        trigger_size: Of "trigger", in pixels of the items. On images larger than the network's it
            shrinks with them.
        target: Of "trigger", the class of the backdoor among those of the model. None: any wrong
            answer counts.
        batch_size: Items to process at once.
        baselines: Whether to also measure "random_noise" of the same radius.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        {"protocol", "accuracy", "confidence_95", "per_class", "inheritance", "inheritance_95",
        "n_right", "settings", "baselines", "seconds"}, plain JSON.

    Raises:
        ValueError: No classifier, a teacher of another shape, no labels, a target beside another
            attack, items that cannot change a little, or no right answer.

    >>> import keras, numpy as np, sslzoo
    >>> x = keras.Input((2,), name="vectors")
    >>> model = sslzoo.build("erm", keras.Model(x, keras.layers.Dense(4)(x)), classes=2)
    >>> rows = np.random.default_rng(0).normal(size=(20, 2)).astype("float32")
    >>> labels = model.classify(rows).argmax(axis=1)
    >>> record = safety(model, (rows, labels), attack="pgd", radius=9.0)
    >>> record["accuracy"], record["inheritance"]
    (1.0, 1.0)
    """
    needs(model, "safety", "classify")
    one_of("attack", attack, ATTACKS)
    whole("steps", steps, 1)
    whole("batch_size", batch_size, 1)
    above("radius", radius, 0)
    if target is not None and attack != "trigger":
        raise refused("target", f"{target} beside {attack}", "be left out: it is of a trigger")
    test = labeled_split(model, test, "test", "safety")
    attacker = model if teacher is None else _checked(teacher, model)
    if attack == "trigger" and test.field != "images":
        raise refused("test", test.field, "be images for a trigger")
    if dry_run:
        return {}
    # keras is imported only when something is measured
    from sslzoo.evaluate import attacks, backdoor

    settings, labels = {"radius": radius, "batch_size": batch_size}, test.labels
    if attack in ("pgd", "penultimate"):
        settings |= {"steps": steps, "step_size": step_size, "seed": seed}
    start = time.perf_counter()
    if attack == "trigger":
        settings = {"size": trigger_size}
        changed = backdoor.triggered(test.inputs, **settings)
    elif attack == "penultimate":
        settings |= {"unit": unit}
        changed = attacks.penultimate(attacker, test.inputs, **settings)
    else:
        own = labels if teacher is None else None
        changed = getattr(attacks, attack)(attacker, test.inputs, own, **settings)
    clean = classes_of(model, test, batch_size)

    def rate(items):
        return inheritance(clean, model.classify(items, batch_size).argmax(axis=1), labels, target)

    figures = {**accuracy_figures(clean, test), **rate(changed)}
    seconds = time.perf_counter() - start
    found = {}
    if baselines and attack != "trigger":
        random = attacks.noise(test.inputs, radius, seed, test.field)
        found = {"random_noise_inheritance": rate(random)["inheritance"]}
    settings = {"attack": attack, "attacker": _named(teacher), "target": target, **settings}
    return Record(
        protocol="safety",
        **figures,
        settings={**describe(model, "classifier", test=test), **settings},
        baselines=found,
        seconds=round(seconds, 3),
    )


def _checked(teacher, model):
    """A teacher that reads what the model reads."""
    own, its = (getattr(each, "reads", None) for each in (model, teacher))
    if its is None:
        raise refused("teacher", f"a {type(teacher).__name__}", "be a model of the zoo")
    if own is not None and (own.field, own.shape) != (its.field, its.shape):
        got = f"one that reads {its.field} of shape {its.shape}"
        raise refused("teacher", got, f"read what the model reads, {own.field} {own.shape}")
    return teacher


def _named(teacher):
    return "the model itself" if teacher is None else f"the teacher, {type(teacher).__name__}"
