"""Fine-tuning: how far the weights carry when all of them may move and few labels are at hand."""

import keras
import numpy as np

from sslzoo.augment import Augment, resolve_preset
from sslzoo.data import Batches, Dataset, ImageFiles, check_images
from sslzoo.data.subset import check_share, labelled_subset
from sslzoo.evaluate.features import RawPixels, labelled_splits
from sslzoo.evaluate.record import evaluate_with_baselines
from sslzoo.nn.preprocess import Preprocess

# This project's choice: SimCLR fine-tunes with crop and flip only (Chen et al. 2020, B.5); 40 % of
# a small image still shows what it is of.
CROP_AND_FLIP = {"preset": "none", "crop_area": (0.4, 1.0), "flip": 0.5}


def finetune(
    model,
    train,
    test,
    fraction=None,
    labels_per_class=None,
    epochs=60,
    learning_rate=1e-3,
    batch_size=32,
    augment=CROP_AND_FLIP,
    seed=0,
    baselines=True,
):
    """Accuracy after training a copy of the backbone and a linear head on a few labels; the model
    stays as it is.

    The head starts at zero, so that its first gradients do not undo the backbone; all weights then
    learn by Adam with a cosine schedule to zero over shuffled whole batches (batches, head,
    augmentation and subset follow from `seed`).

    model: has `.backbone` (or `.encoder`, its average over time), a Functional keras.Model from
    floats in [0, 1], (N, size, size, C), to (N, D); its `.preprocess`, where it has one, is used
    too.
    train, test: as for `knn`. One of `fraction` in (0, 1] or `labels_per_class` chooses the labels,
    see `labelled_subset`; neither means all of train. augment: a preset of `sslzoo.augment` or a
    dict; the default flips, so digits and text want "digits". epochs, learning_rate: the defaults
    were the best on images held out of training splits (benchmarks/finetune_defaults.py). Cost: 3
    forward passes x epochs x labels; with baselines, twice that. Returns the record of
    `sslzoo.evaluate.record`. Its baselines get the same training: "untrained_encoder" is the same
    network from scratch, "raw_pixels" a linear classifier on the pixels at the network's size.
    ValueError: no labels, nothing to evaluate, labels that do not match, a share that leaves a
    class without a label, epochs or batch_size < 1, learning_rate <= 0.
    """
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value < 1 or value != int(value):
            raise ValueError(f"{name} must be a whole number of at least 1, got {value}")
    if not learning_rate > 0:
        raise ValueError(f"learning_rate must be above 0, got {learning_rate}")
    check_share(fraction, labels_per_class)
    resolve_preset(augment)
    train, test = labelled_splits(train, test, "finetune")
    if fraction is None and labels_per_class is None:
        fraction = 1.0
    rows = labelled_subset(train.labels, fraction, labels_per_class, seed)
    classes, labels = np.unique(train.labels[rows], return_inverse=True)
    images = train.images.take(rows) if isinstance(train.images, ImageFiles) else train.images[rows]
    labelled = Dataset(check_images(images, "train images"), labels)
    test_images = check_images(test.images, "test images")

    def predict(encoder):
        own = getattr(encoder, "encoder", None) or getattr(encoder, "backbone", None)
        backbone = _flatten(model.backbone) if isinstance(encoder, RawPixels) else _copy(own)
        head = keras.layers.Dense(
            len(classes), kernel_initializer="zeros", dtype="float32", name="head"
        )
        preprocess = _preprocess(model)
        parts = [preprocess, backbone, head]
        learner = _network(
            labelled.images, [Augment(augment, preprocess.image_size, seed=seed), *parts]
        )
        classifier = _network(test_images, parts)
        batches = _Pairs(labelled, int(batch_size), seed)
        steps = epochs * batches.steps_per_epoch
        schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        learner.compile(
            keras.optimizers.Adam(schedule),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        learner.fit(
            batches,
            epochs=epochs,
            steps_per_epoch=batches.steps_per_epoch,
            shuffle=False,
            verbose=0,
        )
        details = {"steps": steps, "batch_size": batches.batch_size}
        return classes[_argmax(classifier, test_images, int(batch_size))], details

    settings = {"fraction": None if fraction is None else float(fraction), "n_labelled": len(rows)}
    settings |= {"labels_per_class": None if labels_per_class is None else int(labels_per_class)}
    settings |= {
        "epochs": int(epochs),
        "learning_rate": float(learning_rate),
        "optimizer": "adam, cosine to 0",
    }
    settings |= {"augment": {key: _plain(value) for key, value in resolve_preset(augment).items()}}
    settings |= {"backend": keras.backend.backend(), "seed": seed}
    return evaluate_with_baselines("finetune", predict, model, train, test, settings, baselines)


class _Pairs(Batches):
    """Batches as plain Keras wants them: (images, labels)."""

    def __getitem__(self, i):
        batch = super().__getitem__(i)
        return batch["images"], batch["labels"]


def _network(images, parts):
    """The parts in a row, for images such as these: their dtype says what their values mean."""
    inputs = x = keras.Input(
        images.shape[1:], dtype=keras.backend.standardize_dtype(images.dtype), name="images"
    )
    for part in parts:
        x = part(x)
    return keras.Model(inputs, x)


def _preprocess(model):
    if hasattr(model, "preprocess"):
        return Preprocess.from_config(model.preprocess.get_config())
    return Preprocess(model.backbone.input_shape[1], model.backbone.input_shape[-1])


def _copy(backbone):
    copy = keras.models.clone_model(backbone)
    copy.set_weights(backbone.get_weights())
    copy.trainable = True
    return copy


def _flatten(backbone):
    pixels = keras.Input(backbone.input_shape[1:])
    return keras.Model(pixels, keras.layers.Flatten()(pixels))


def _argmax(classifier, images, batch_size):
    starts = range(0, len(images), batch_size)
    logits = [classifier.predict_on_batch(images[start : start + batch_size]) for start in starts]
    return np.concatenate(logits).argmax(axis=1)


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
