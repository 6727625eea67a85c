"""Fine-tuning: accuracy after training all weights with few labels."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from sslzoo.checks import above, refused, whole
from sslzoo.data.subset import check_share, labeled_subset
from sslzoo.evaluate.encoders import Raw, network_of
from sslzoo.evaluate.record import evaluate_with_baselines
from sslzoo.evaluate.splits import Labeled, check_classes, labeled_splits, reads_of

HEADLINES = [("accuracy", "%", "fine-tuned on {n_labeled} labels")]

# This project's choice: SimCLR fine-tunes with crop and flip only (Chen et al. 2020, B.5); 40 % of
# a small image still shows what it is of.
CROP_AND_FLIP = {"preset": "none", "crop_area": (0.4, 1.0), "flip": 0.5}


def finetune(
    model: Any,
    train: Labeled,
    test: Labeled,
    fraction: Annotated[float, Field(gt=0, le=1)] | None = None,
    labels_per_class: PositiveInt | None = None,
    epochs: PositiveInt = 60,
    learning_rate: PositiveFloat = 1e-3,
    batch_size: PositiveInt = 32,
    augment: Any = None,
    seed: NonNegativeInt = 0,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Accuracy after training a copy of the backbone and a linear head on a few labels. The model
    itself does not change.

    The head starts at zero, so that its first gradients do not damage the backbone. Adam trains all
    weights with a cosine schedule to zero, over shuffled whole batches.

    Cost: 3 forward passes x epochs x labels; with baselines, twice that.

    Args:
        model: has `.backbone` (or `.encoder`, its average over time), a Functional keras.Model with
            features (N, D), and `.reads`, from items to its input.
        train, test: As for `knn`.
        fraction, labels_per_class: one of them chooses the labels, see `labeled_subset`; neither
            means all of train.
        epochs, learning_rate: the defaults were the best on images held out of training splits
            (benchmarks/finetune_defaults.py).
        batch_size: items a step.
        augment: for images a preset of `sslzoo.augment` or a dict; for any kind a Keras layer that
            changes items at random. None: crop and flip for images, nothing for other kinds. Digits
            and text must not be flipped: "digits".
        seed: Random seed of batches, augmentation and the choice of labels.
        baselines: train two others too: "untrained_encoder", the same network from scratch, and
            "raw_pixels" (of other kinds "raw_values"), a linear classifier on the network's input.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        The record of `sslzoo.evaluate.record`.

    Raises:
        ValueError: a model without a backbone, no labels, nothing to evaluate, labels that do not
            match, a share that leaves a class without a label, data of another kind than the model
            reads, a setting out of range.

    >>> import keras, numpy as np
    >>> from types import SimpleNamespace
    >>> from sslzoo import evaluate
    >>> keras.utils.set_random_seed(0)
    >>> x = keras.Input((2,))
    >>> model = SimpleNamespace(backbone=keras.Model(x, keras.layers.Dense(4)(x)))
    >>> vectors, labels = np.eye(2, dtype="float32")[[0, 1] * 8], [0, 1] * 8
    >>> record = evaluate.finetune(model, (vectors, labels), (vectors + 0.1, labels), epochs=9)
    >>> record["accuracy"], record["settings"]["n_labeled"]
    (1.0, 16)
    """
    _check_settings(epochs, learning_rate, batch_size, seed)
    check_share(fraction, labels_per_class)
    train, test = labeled_splits(model, train, test, "finetune")
    check_classes(train, "finetune")
    reads, augment = reads_of(model), _augmentation(augment, train.field)
    _check_backbone(model)
    if fraction is None and labels_per_class is None:
        fraction = 1.0
    few = train.take(labeled_subset(train.labels, fraction, labels_per_class, seed))
    if dry_run:
        return {}
    classes, labels = np.unique(few.labels, return_inverse=True)
    recipe = {"epochs": int(epochs), "learning_rate": float(learning_rate)}

    def predict(encoder):
        from sslzoo.evaluate.transfer import FineTuned, Values, copied

        network = Values() if isinstance(encoder, Raw) else copied(network_of(encoder))
        tuned = FineTuned(reads, network, len(classes))
        used = min(int(batch_size), len(few))
        steps = tuned.fit(few.inputs, labels, augment, **recipe, batch_size=used, seed=seed)
        found = classes[tuned.predict(test.inputs, int(batch_size))]
        return found, {"steps": steps, "batch_size": used}

    settings = {
        "fraction": None if fraction is None else float(fraction),
        "labels_per_class": None if labels_per_class is None else int(labels_per_class),
        "n_labeled": len(few),
        **recipe,
        "optimizer": "adam, cosine to 0",
        "augment": _told(augment),
        "backend": _backend(),
        "seed": seed,
    }
    return evaluate_with_baselines("finetune", predict, model, train, test, settings, baselines)


def _check_settings(epochs, learning_rate, batch_size, seed):
    whole("epochs", epochs, 1)
    whole("batch_size", batch_size, 1)
    whole("seed", seed, 0)
    above("learning_rate", learning_rate, 0)


def _check_backbone(model):
    network = network_of(model)
    if network is None:
        got = f"a {type(model).__name__} without a network"
        raise refused("model", got, "have a backbone for finetune")
    shape = network.output_shape
    if not isinstance(shape, tuple) or len(shape) != 2:
        raise refused("model", f"a backbone with output {shape}", "give features (N, D)")


def _augmentation(augment, field):
    """What is used: a preset for images, a Keras layer, or None."""
    import keras

    from sslzoo.augment import resolve_preset

    if isinstance(augment, keras.layers.Layer):
        return augment
    if field == "images":
        augment = CROP_AND_FLIP if augment is None else augment
        resolve_preset(augment)  # refuses an unknown one
    elif augment is not None:
        needed = f"be a Keras layer for {field}; presets are for images"
        raise refused("augment", repr(augment), needed)
    return augment


def _told(augment):
    """The augmentation for the record: the fields of a preset, or the name of the layer."""
    from sslzoo.augment import resolve_preset

    if augment is None:
        return None
    if not isinstance(augment, str | dict):
        return type(augment).__name__
    fields = resolve_preset(augment)
    return {key: list(v) if isinstance(v, tuple) else v for key, v in fields.items()}


def _backend():
    import keras

    return keras.backend.backend()
