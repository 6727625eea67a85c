"""What the Hugging Face Hub reads at the top of a card."""

import re
from typing import Any

from sslzoo.evaluate import protocols
from sslzoo.evaluate.figures import metric_figures
from sslzoo.methods import method_family
from sslzoo.zoo.card import ModelCard
from sslzoo.zoo.folder_card import FolderCard
from sslzoo.zoo.interface import Interface
from sslzoo.zoo.limits import transfer_rows
from sslzoo.zoo.purpose import pipeline, task_of
from sslzoo.zoo.records import Reference

LICENCES = {"apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc-by-nc-4.0", "cc-by-4.0"}
DATASETS = {  # names on the Hub
    "cifar10": "uoft-cs/cifar10",
    "cifar100": "uoft-cs/cifar100",
    "fashion_mnist": "zalando-datasets/fashion_mnist",
    "imagenet": "ILSVRC/imagenet-1k",
    "mnist": "ylecun/mnist",
}
ON = re.compile(r" on (?:[\d.]+ % of )?(?P<data>[A-Z][\w-]+)")  # "linear probe on ImageNet"
OURS = {"ImageNet": "imagenet", "CIFAR-10": "cifar10"}
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def metadata(card: ModelCard, interface: Interface) -> dict[str, Any]:
    """The metadata of an entry, with a `model-index` of its figures.

    Example:
        >>> import sslzoo
        >>> from sslzoo.zoo.interface import interface_of
        >>> card = sslzoo.info("simclr_resnet20.digits")
        >>> metadata(card, interface_of(card.config))["pipeline_tag"]
        'image-feature-extraction'
    """
    config = card.config
    names = list(dict.fromkeys(source.name for source in config.sources().values()))
    values = {
        **licence_metadata(config.licence),
        "library_name": "keras",
        "tags": _tags(config.method, method_family(config.method)),
        "datasets": [_dataset(name) for name in names],
        "pipeline_tag": pipeline(interface.outputs[0][0], interface.kind),
    }
    results = _own(card, names[0]) if card.metrics else _published(card)
    if results:
        values["model-index"] = [{"name": card.name, "results": results}]
    return values


def folder_metadata(card: FolderCard, method: str | None, kind: str) -> dict[str, Any]:
    """The metadata of a saved folder. Its figures are not known.

    Args:
        method: its name, None for a class that the zoo does not have. kind: of an item.

    Example:
        >>> from pathlib import Path
        >>> folder_metadata(FolderCard.read(Path("mine")), "simclr", "images")  # doctest: +SKIP
    """
    origin = card.described["origin"] or {"licence": None}
    family = method_family(method) if method else None
    verb = next(iter(card.described["signatures"]), "encode")
    return {
        **licence_metadata(origin["licence"]),
        "library_name": "keras",
        "tags": _tags(method or card.described["method"], family),
        "pipeline_tag": pipeline(verb, kind),
    }


def licence_metadata(licence: str | None) -> dict[str, str]:
    """The licence as the Hub wants it: one of its names, or "other" with a name.

    Example:
        >>> licence_metadata("Apache-2.0"), licence_metadata("mine")
        ({'license': 'apache-2.0'}, {'license': 'other', 'license_name': 'mine'})
    """
    if not licence:
        return {}
    if licence.lower() in LICENCES:
        return {"license": licence.lower()}
    return {"license": "other", "license_name": licence}


def _tags(method: str, family: str | None) -> list[str]:
    return list(dict.fromkeys(filter(None, ("sslzoo", method, family))))


def _dataset(name: str) -> str:
    """The name of a data set on the Hub; of one that is not there, without slashes, which would
    name somebody's.
    """
    return DATASETS.get(name, name.replace("/", "_"))


def _own(card: ModelCard, trained_on: str) -> list[dict]:
    """A result for each data set and task, with all figures that the run measured."""
    results = {}
    for metric in card.metrics:
        figures, settings = metric_figures(metric), metric.get("settings", {})
        if not figures:  # what a method tells of itself
            continue
        data = _tested_on(settings) or trained_on
        dataset = {"type": _dataset(data), "name": data}
        if "test_split" in settings:
            dataset["split"] = settings["test_split"]
        task = {"type": task_of(metric["protocol"])}
        result = {"task": task, "dataset": dataset, "metrics": []}
        result = results.setdefault((task["type"], data), result)
        for (path, _, _), figure in zip(
            protocols.headlines(metric["protocol"]), figures, strict=True
        ):
            kind = path.rpartition(".")[2].removeprefix("average_")
            value = {"type": kind, "value": _value(figure), "name": figure["what"]}
            result["metrics"].append(value)
    return [*results.values(), *map(_transferred, transfer_rows(card))]


def _transferred(row: dict) -> dict:
    """The result of a data set that the model was not trained on."""
    own = row["figures"]["this_model"]
    names = {
        "probe_10": "linear probe, 10 labels a class",
        "probe": "linear probe, all labels",
        "knn": "kNN",
    }
    metrics = []
    for key, name in names.items():
        metrics.append({"type": "accuracy", "value": round(100 * own[key], 4), "name": name})
    return {
        "task": {"type": task_of("linear_probe")},
        "dataset": {"type": _dataset(row["set"]), "name": row["set"]},
        "metrics": metrics,
    }


def _tested_on(settings: dict) -> str:
    """The test set of an evaluation; of several, what their names begin with."""
    if "test_name" in settings:
        return settings["test_name"]
    names = {settings[key].split("/")[0] for key in settings if key.endswith("_name")}
    return ", ".join(sorted(names))


def _value(figure: dict) -> float:
    """In percent where the unit is that."""
    return round(100 * figure["value"], 4) if figure["unit"] == "%" else figure["value"]


def _published(card: ModelCard) -> list[dict]:
    """What the authors of a checkpoint published of it, with its source."""
    if card.config.checkpoint is None:
        return []
    return [_result(card, known) for known in card.config.reference]


def _result(card: ModelCard, known: Reference) -> dict:
    on = ON.search(known.what)
    data = on["data"] if on else next(iter(card.config.sources().values())).name
    share = known.value <= 1
    metric = {
        "type": "accuracy" if share else known.what.split()[0].lower(),
        "value": round(100 * known.value, 4) if share else known.value,
        "name": known.what,
    }
    result = {
        "task": {"type": task_of("knn" if share else "super_resolution")},
        "dataset": {"type": _dataset(OURS.get(data, data)), "name": data},
        "metrics": [metric],
    }
    repository = REPOSITORY.match(known.source)
    if repository:
        url = f"https://github.com/{repository[0]}"
        result["source"] = {"name": known.source, "url": url}
    return result
