"""A config to start from: a method on somebody's own images."""

import inspect
import os
from typing import Any, NamedTuple

import yaml

from sslzoo.checks import one_of
from sslzoo.data.describe import describe
from sslzoo.methods import list_methods, method_class, method_family
from sslzoo.zoo import yaml_text
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.registry import list_models

PER_256 = (
    "contrastive",
    "asymmetric",
    "redundancy",
    "clustering",
    "pretext",
)  # a rate per 256 images
WITHOUT_LABELS = (*PER_256, "generative")
FAMILIES = (*WITHOUT_LABELS, "semisupervised", "metric")
COUNTS = ("unlabeled_size", "data_size", "samples")  # hyperparameters: the images it learns from
LARGEST = 48  # pixels of an image: larger ones take hours on a processor
STEPS = 1000  # of a whole training: minutes to half an hour on two cores
RATIO = 3  # unlabeled images for each labeled one of a batch
PER_EPOCH = 100  # steps, where a sampler draws the batches
HOLD_OUT = 0.25  # of each class, for the test of a set without one
HELD_OUT = "a part of train"
JUDGES = {"masks": "segmentation", "boxes": "detection"}  # {beside the images: protocol}
TESTS = ("test", "val", "validation", "valid")  # splits that measure, the first choice first


class _Splits(NamedTuple):
    """The splits of somebody's data, as `describe` has them; None: there is none."""

    train: dict
    test: str | None
    unlabeled: dict | None
    options: dict[str, Any]  # of every source

    def source(self, split: str, hold_out: bool = True) -> dict[str, Any]:
        """A source of the config. `hold_out`: without the part that is kept for the test."""
        parted = {"hold_out": HOLD_OUT} if hold_out and self.test == HELD_OUT else {}
        return {"name": self.options["name"], "split": split} | self.options | parted


def starter(method: str, data: str, labels: str | os.PathLike | None = None) -> str:
    """A commented config that trains a method on a data set of images as it stands.

    A set without a test split keeps a part of each class apart. Images without a label, of a folder
    `unlabeled` or beside a table of labels, are what methods without labels learn from.

    Args:
        method: of the families in `FAMILIES`; the others need data in a form of their own.
        data: a folder of images, or another data set on this machine.
        labels: a CSV of paths and labels, as for `sslzoo.data.load`.

    Raises:
        ValueError: another method, data that are no images, or without the labels it needs.

    Example:
        >>> from sslzoo.zoo.config import parse_config
        >>> parse_config(starter("simclr", "digits")).batch_size
        128
    """
    one_of("method", method, [name for name in list_methods() if method_family(name) in FAMILIES])
    own = _read(data, labels)
    train = own.train
    if train["field"] != "images":
        raise ValueError(f"data: got {train['field']} of {data!r}; {method} learns from images.")
    if method_family(method) in ("semisupervised", "metric") and train["labels"] is None:
        raise ValueError(
            f"data: {data} has no labels; {method} needs them: put the images of each class into "
            "a folder of its name, or give --labels with a CSV of paths and labels."
        )
    shape = train["shape"]
    channels = 1 if isinstance(shape, list) and (len(shape) == 2 or shape[2] == 1) else 3
    side = min(shape[:2]) if isinstance(shape, list) else LARGEST
    learned = _learned(method, own)
    parts = [
        _head(method, min(side, LARGEST), channels),
        _method(method, train, learned),
        _data(method, own, learned),
        _recipe(method, learned["images"]),
        _evaluation(method, own),
    ]
    return "\n".join(parts)


def _read(data: str, labels: str | os.PathLike | None) -> _Splits:
    splits = {split["split"]: split for split in describe(data, labels)}
    unlabeled = splits.pop("unlabeled", None)
    train = splits.get("train") or next(iter(splits.values()))
    test = next((name for name in TESTS if name in splits), None)
    if test is None and train["split"] == "train" and min(train["labels"] or [0]) > 1:
        test = HELD_OUT
        kept = [count - max(1, round(HOLD_OUT * count)) for count in train["labels"]]
        train = train | {"labels": kept, "images": sum(kept)}
    options = {"name": data} | ({} if labels is None else {"labels": os.fspath(labels)})
    return _Splits(train, test, unlabeled, options)


def _learned(method: str, own: _Splits) -> dict:
    """The split whose images a method sees most of."""
    if method_family(method) == "metric" or own.unlabeled is None:
        return own.train
    return own.unlabeled


def _head(method: str, size: int, channels: int) -> str:
    network = {"name": "resnet20"} | ({"channels": 1} if channels == 1 else {})
    return (
        f"# {method} on your own images. Every line may be changed; `sslzoo train` says what is "
        "wrong with it.\n"
        f"method: {method}\n"
        f"backbone: {_flow(network)}  # small and quick; resnet18 or resnet50 on a GPU\n"
        f"image_size: {size}  # pixels; twice as many take four times as long\n"
    )


def _method(method: str, train: dict, learned: dict) -> str:
    parameters = inspect.signature(method_class(method)).parameters
    values = _of_small_network(method)
    if method_family(method) == "semisupervised":
        values["classes"] = len(train["labels"])
    values |= {key: learned["images"] for key in COUNTS if key in parameters}
    lines = f"hyperparameters: {_flow(values)}\n"
    if "augment" in parameters:
        lines += "# augment: simclr  # the name of a preset; by default the method's own\n"
    return lines


def _of_small_network(method: str) -> dict[str, Any]:
    """The hyperparameters of the method's entry with the network of `_head`, and a short training:
    a queue of thousands of keys, not of 65536.
    """
    entry = f"{method}_resnet20.cifar10"
    if entry not in list_models():
        return {}
    values = dict(load_config(entry).hyperparameters)
    return {key: value for key, value in values.items() if not key.startswith("small_")}


def _data(method: str, own: _Splits, learned: dict) -> str:
    family = method_family(method)
    if family == "semisupervised" and own.unlabeled:
        sampler = {"name": "paired", "ratio": RATIO, "steps_per_epoch": PER_EPOCH}
        return (
            f"data:\n  labeled: {_flow(own.source(own.train['split']))}\n"
            f"  unlabeled: {_flow(own.source('unlabeled', hold_out=False))}\n"
            f"sampler: {_flow(sampler)}\n"
        )
    lines = f"data: {_flow(own.source(learned['split'], learned is own.train))}\n"
    if family == "semisupervised":
        least = max(1, min(10, min(own.train["labels"])))
        sampler = {"name": "paired", "labels_per_class": least, "ratio": RATIO}
        sampler["steps_per_epoch"] = PER_EPOCH
        lines += f"sampler: {_flow(sampler)}  # the labels that it may see; the rest is unlabeled\n"
    if family == "metric":
        sampler = {"name": "class_balanced", "classes": min(8, len(own.train["labels"]))}
        sampler |= {"samples": 4, "steps_per_epoch": PER_EPOCH}
        lines += f"sampler: {_flow(sampler)}\n"
    return lines


def _recipe(method: str, images: int) -> str:
    cls, family = method_class(method), method_family(method)
    batch, steps = _batch(images), max(1, images // _batch(images))
    if family == "semisupervised":
        batch, steps = max(1, min(32, images // RATIO)), PER_EPOCH
    if family == "metric":
        batch, steps = None, PER_EPOCH
    epochs = max(5, min(200, round(STEPS / steps)))
    recipe, optimizer = cls.recipe, dict(cls.recipe["optimizer"])
    if family in PER_256:
        rate = optimizer["learning_rate"] * batch / 256
        optimizer["learning_rate"] = float(f"{rate:.3g}")
    schedule: dict[str, Any] = {"name": recipe.get("schedule", "cosine")}
    if schedule["name"] == "cosine":
        schedule["warmup_epochs"] = max(1, round(recipe.get("warmup_share", 0.05) * epochs))
    lines = f"optimizer: {_flow(optimizer)}\nschedule: {_flow(schedule)}\n"
    if batch:
        lines += f"batch_size: {batch}\n"
    return lines + f"epochs: {epochs}  # about {epochs * steps:,} steps\nseed: 0\n"


def _batch(images: int) -> int:
    """A power of 2, at most 128, of which a small set still has several."""
    batch = 128
    while batch > 8 and batch * 4 > images:
        batch //= 2
    return min(batch, images)


def _evaluation(method: str, own: _Splits) -> str:
    judge = JUDGES.get(own.train.get("beside"))
    if own.test is None or (own.train["labels"] is None and judge is None):
        return "# With a folder for the images of each class, `evaluate` measures the accuracy.\n"
    held_out = own.test == HELD_OUT
    test = own.source("test" if held_out else own.test, hold_out=held_out)
    protocol = {"protocol": "accuracy"}
    if method_family(method) != "semisupervised":
        protocol = {"protocol": judge or "knn", "train": own.source(own.train["split"])}
    return f"evaluate:\n- {_flow(protocol | {'test': test})}\n"


def _flow(values: dict) -> str:
    """A mapping on one line, as YAML."""
    options = {"default_flow_style": True, "width": 10_000, "sort_keys": False}
    return yaml.dump(values, Dumper=yaml_text.Dumper, allow_unicode=True, **options).rstrip("\n")
