"""SimCLR v2: from a network that learned without labels to a small classifier, in three steps."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from sslzoo.checks import in_range, local_path, refused, whole
from sslzoo.data import Dataset, labeled_subset
from sslzoo.evaluate.protocols.finetune import CROP_AND_FLIP
from sslzoo.evaluate.splits import Split, labeled_splits
from sslzoo.evaluate.transfer import FineTuned, copied
from sslzoo.files import make_folder, replace_file
from sslzoo.training import Checkpoint, Method
from sslzoo.zoo.build import build, load
from sslzoo.zoo.config import parse_config
from sslzoo.zoo.folder import save
from sslzoo.zoo.sources import evaluation_sets
from sslzoo.zoo.starter import starter
from sslzoo.zoo.weights import load_weights, save_weights

# As `sslzoo.evaluate.finetune`, whose defaults were chosen on held-out images.
FINE_TUNING = {"learning_rate": 1e-3, "batch_size": 32}


def simclr_v2(
    name: str | Path,
    data: str,
    fraction: float = 0.1,
    student: str | dict = "resnet20",
    head_layers: int = 1,
    tuning_epochs: int = 60,
    epochs: int = 20,
    labels: str | Path | None = None,
    seed: int = 0,
    folder: str | Path = "runs/simclr_v2",
    verbose: Any = "auto",
) -> dict:
    """Chen et al. 2020, "Big Self-Supervised Models are Strong Semi-Supervised Learners",
    arXiv:2006.10029: fine-tune on a few labels, then distill into a student on all images.

    The first step, training without labels, is `sslzoo train`. Its head should have three layers:
    `hyperparameters.projection` with three widths. Fine-tuning keeps the first `head_layers` of
    them. The paper keeps one.

    Args:
        name: The network after the first step: an entry of the zoo, or a run, with a projector.
        data: A data set or a folder of images in classes.
        fraction: The share of each class whose labels are seen. The paper has 0.01 and 0.1.
        student: A backbone, as for `sslzoo.build`.
        tuning_epochs: Of fine-tuning, over the labeled images.
        epochs: Of the distillation, over all images.
        labels: A CSV of paths and labels, as for `sslzoo.data.load`.
        seed: Decides the labels that are seen, batches and augmentation.
        folder: For the teacher, the student, and `record.json`. The same call again goes on there.
        verbose: As in Keras' `fit`.

    Returns:
        {"teacher", "student", "same_labels_alone": accuracies on the test images, "labels",
        "images", "settings"}. `same_labels_alone` is the student's network, trained from scratch on
        the same labels by the same fine-tuning.

    Raises:
        ValueError: A model without a projector, data without labels, or a setting out of range.

    Example:
        >>> simclr_v2("simclr_resnet20.cifar10", "cifar10", fraction=0.1)  # doctest: +SKIP
    """
    settings = {
        "model": str(name),
        "data": data,
        "labels_file": None if labels is None else str(labels),
        "fraction": in_range("fraction", fraction, 0, 1, low_open=True),
        "student": student,
        "head_layers": whole("head_layers", head_layers, 0),
        "tuning_epochs": whole("tuning_epochs", tuning_epochs, 1),
        "epochs": whole("epochs", epochs, 1),
        "seed": whole("seed", seed, 0),
    }
    folder = local_path("folder", folder)
    model = load(name)
    network = with_head(model, head_layers)
    train, test = labeled_splits(model, *_sets(data, labels, _side(model)), "simclr_v2")
    few = train.take(labeled_subset(train.labels, fraction, seed=seed))
    make_folder(folder)
    _keep(folder / "settings.json", settings)
    if (folder / "record.json").is_file():
        return json.loads((folder / "record.json").read_text())
    teacher = _Tuned(model.reads, network, few)
    teacher.fit_or_read(folder / "teacher.weights.h5", settings)
    options = {"name": student} if isinstance(student, str) else student
    options = {"channels": model.backbone.input_shape[-1]} | options
    learner = build("distillation", options, _side(model), seed, teacher=teacher.classifier)
    alone = _Tuned(model.reads, copied(learner.backbone), few)
    batch_size = min(256, max(1, len(train) // 4))
    checkpoint = Checkpoint(folder / "student.checkpoint.npz")
    fit = {"batch_size": batch_size, "epochs": epochs, "verbose": verbose}
    learner.fit(train.inputs, callbacks=[checkpoint], **fit)
    if not (folder / "student").exists():
        save(learner, folder / "student")
    alone.fit_or_read(folder / "same_labels_alone.weights.h5", settings)
    chosen = learner.classify(test.inputs).argmax(axis=1)
    found = {
        "teacher": teacher.accuracy(test),
        "student": float((teacher.classes[chosen] == test.labels).mean()),
        "same_labels_alone": alone.accuracy(test),
    }
    record = {**found, "labels": len(few), "images": len(train), "settings": settings}
    replace_file(folder / "record.json", json.dumps(record, indent=1).encode())
    return record


def with_head(model: Method, layers: int) -> keras.Model:
    """The backbone of a model with the first dense layers of its projector, each with its norm and
    its activation: images -> features (N, D). It shares their weights.

    Raises:
        ValueError: a model without a projector, or one of fewer layers.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.build("simclr", "micro", 8, projection=(32, 24, 8))
        >>> with_head(model, 1).output_shape
        (None, 32)
    """
    projector = getattr(model, "projector", None)
    if projector is None:
        raise refused("model", type(model).__name__, "have a projector, as simclr has")
    dense = [layer for layer in projector.layers if isinstance(layer, keras.layers.Dense)]
    if layers >= len(dense):
        needed = f"be below {len(dense)}, the layers of the projector"
        raise refused("head_layers", layers, needed)
    x = model.backbone.output
    for layer in projector.layers[1 : projector.layers.index(dense[layers])]:
        x = layer(x)
    return keras.Model(model.backbone.input, x)


class _Tuned(FineTuned):
    """A network with a linear head, fine-tuned on labeled images, or read where it was kept."""

    def __init__(self, reads: Any, network: keras.Model, few: Split) -> None:
        self.classes, self.labels = np.unique(few.labels, return_inverse=True)
        self.few = few
        super().__init__(reads, network, len(self.classes))
        head = self.parts[-1]
        self.classifier = keras.Model(network.input, head(network.output))

    def fit_or_read(self, path: Path, settings: dict) -> None:
        if path.is_file():
            return load_weights(self.classifier, path)
        epochs, seed = settings["tuning_epochs"], settings["seed"]
        batch = min(FINE_TUNING["batch_size"], len(self.few))
        recipe = FINE_TUNING | {"batch_size": batch, "epochs": epochs, "seed": seed}
        self.fit(self.few.inputs, self.labels, CROP_AND_FLIP, **recipe)
        save_weights(self.classifier, path, "float32")
        return None

    def accuracy(self, test: Split) -> float:
        found = self.classes[self.predict(test.inputs, 256)]
        return float((found == test.labels).mean())


def _side(model: Method) -> tuple[int, int]:
    height, width, _ = model.backbone.input_shape[1:]
    return height, width


def _sets(data: str, labels: Any, size: tuple[int, int]) -> tuple[Dataset, Dataset]:
    """The images for training and for the test, as `sslzoo.zoo.starter` parts them."""
    config = parse_config(starter("simclr", data, labels))
    if not config.evaluate:
        raise ValueError(
            f"data: {data} has no labels, or too few to keep some for a test; fine-tuning needs "
            "them: a folder for the images of each class, or --labels with a CSV."
        )
    protocol = config.evaluate[0]
    train, test = evaluation_sets(protocol.protocol, protocol.sources(), list(size))
    return train, test


def _keep(path: Path, settings: dict) -> None:
    """Write the settings of this folder. ValueError where it has others."""
    before = json.loads(path.read_text()) if path.is_file() else settings
    others = [key for key in settings if before.get(key) != settings[key]]
    if others:
        raise refused(str(path), ", ".join(others), "be as before; use another folder")
    replace_file(path, json.dumps(settings, indent=1).encode())
