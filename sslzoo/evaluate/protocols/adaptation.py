"""Adaptation: do the labels of one domain predict those of another, in the learned space?"""

import time
from itertools import permutations
from typing import Any

import numpy as np
from pydantic import JsonValue, PositiveInt

from sslzoo.checks import refused
from sslzoo.data import Dataset
from sslzoo.evaluate.embeddings import (
    Similarity,
    check_embedding_settings,
    comparable,
)
from sslzoo.evaluate.encoders import RawPixels, RawValues, encoded
from sslzoo.evaluate.figures import Record
from sslzoo.evaluate.nearest import nearest
from sslzoo.evaluate.record import describe
from sslzoo.evaluate.splits import Labeled, Split, labeled_split

HEADLINES = [("accuracy", "%", "1-NN, mean over {n_pairs} pairs of domains")]

ROLES = ("source", "target")


def adaptation(
    model: Any,
    domains: dict[str, Labeled],
    pairs: list[list[str]] | None = None,
    similarity: Similarity = "euclidean",
    training: dict[str, JsonValue] | None = None,
    batch_size: PositiveInt = 256,
    baselines: bool = True,
    dry_run: bool = False,
) -> dict:
    """Accuracy of the nearest source item on all target items, after learning from both.

    For each pair of domains a new, untrained copy of the method learns from the source with its
    labels and the target without. Then each target item gets the label of the nearest source item.
    That is the protocol of Gong et al. 2012 (Office-Caltech10) on all items: the target is seen in
    training, its labels are not.

    Args:
        model: a method with the roles "source" and "target": `untrained()`, `learn(data)`,
            `encode(items, batch_size)`. It stays as it is. Its copies are compiled as it is.
        domains: {name: `Dataset` or (items, labels)}, at least two.
        pairs: [[source, target], ...] by name. None: every ordered pair.
        similarity: "euclidean" (embeddings as they are) or "cosine" (at length 1).
        training: settings of the method's `learn`, such as {"epochs": 10}; none of a method that is
            solved at once.
        batch_size: Items to encode at once.
        baselines: measure the items themselves ("raw_values", of images "raw_pixels") and "pca",
            the principal components of both domains, as many as the embedding has. Both also with
            "_cosine" behind the name: at length 1.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        {"protocol", "accuracy", "pairs", "settings", "baselines", "baseline_pairs", "seconds"},
        plain JSON. "accuracy" is the mean over the pairs; "pairs" is {"SOURCE-TARGET": accuracy},
        and "baseline_pairs" has such a dict for each baseline. "seconds" are of the method alone.

    Raises:
        ValueError: a method without these roles, `training` for one that is solved at once, fewer
            than two domains, a pair of unknown or of equal names, a domain without labels, target
            labels that the source has not, data of another kind than the model reads.

    >>> from sslzoo import methods
    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(40) % 2
    >>> vectors = np.eye(4)[labels] + 0.1 * rng.normal(size=(40, 4))
    >>> domains = {"plain": (vectors, labels), "shifted": (vectors + [0, 0, 0, 2], labels)}
    >>> adaptation(methods.TCA(features=4, components=2), domains)["pairs"]
    {'plain-shifted': 1.0, 'shifted-plain': 1.0}
    """
    _check(model, domains, similarity, batch_size)
    _check_training(model, training)
    splits = {key: labeled_split(model, data, key, "adaptation") for key, data in domains.items()}
    names = _pairs(splits, pairs)
    if dry_run:
        return {}
    start = time.perf_counter()
    found = {}
    for source, target in names:
        rows = _learned(model, splits[source], splits[target], training or {}, batch_size)
        found[f"{source}-{target}"] = _accuracy(rows, splits[source], splits[target], similarity)
        dim = rows[0].shape[1]
    seconds = time.perf_counter() - start
    others = _baselines(splits, names, dim, batch_size) if baselines else {}
    settings = {
        "n_pairs": len(names),
        "similarity": similarity,
        "feature_dim": dim,
        "training": training or {},
        "transductive": True,
    }
    return Record(
        protocol="adaptation",
        accuracy=_mean(found),
        pairs=found,
        settings={**describe(model, "embedding", **splits), **settings},
        baselines={name: _mean(accuracies) for name, accuracies in others.items()},
        baseline_pairs=others,
        seconds=round(seconds, 3),
    )


def _check(model, domains, similarity, batch_size):
    check_embedding_settings(model, "adaptation", similarity, batch_size)
    roles = tuple(getattr(model, "roles", ()))
    if sorted(roles) != sorted(ROLES):
        got = f"{type(model).__name__} with {', '.join(roles) or 'no roles'}"
        raise refused("model", got, "learn from the roles source and target")
    if not isinstance(domains, dict) or len(domains) < 2:
        got = ", ".join(domains) if isinstance(domains, dict) else type(domains).__name__
        raise refused("domains", got, "be {name: data} of at least two domains")


def _check_training(model, training):
    """Refuse settings for what is solved at once: nothing of it is trained."""
    if training and not getattr(model, "trainable_variables", True):
        needed = f"be left out: {type(model).__name__} is solved at once"
        raise refused("training", ", ".join(training), needed)


def _pairs(splits, pairs):
    """[(source, target)] of names, checked."""
    names = list(permutations(splits, 2)) if pairs is None else [tuple(pair) for pair in pairs]
    if not names:
        raise refused("pairs", "none", "have at least one pair of names")
    for pair in names:
        if len(pair) != 2 or len(set(pair)) != 2 or not set(pair) <= set(splits):
            needed = f"be two different names of {', '.join(splits)}"
            raise refused("pairs", f"[{', '.join(map(str, pair))}]", needed)
        source, target = (splits[name].labels for name in pair)
        strange = np.setdiff1d(target, source)
        if len(strange):
            needed = f"be among the classes of {pair[0]}"
            raise refused(f"{pair[1]} labels", f"class {strange[0]}", needed)
    return names


def _learned(model, source, target, training, batch_size):
    """The embeddings of both domains, by a copy of the method that learned from them."""
    copy = model.untrained()
    recipe = model.get_compile_config() if hasattr(model, "get_compile_config") else None
    if recipe:
        copy.compile_from_config(recipe)
    copy.learn({"source": _dataset(source, source.labels), "target": _dataset(target)}, **training)
    if "align" in getattr(copy, "verbs", ()):  # a map of its own for the source
        return copy.align(source.inputs, batch_size), encoded(copy, target.inputs, batch_size)
    return [encoded(copy, split.inputs, batch_size) for split in (source, target)]


def _dataset(split, labels=None):
    """A split as a data set without any field but its items, and these labels."""
    items = split.inputs if isinstance(split.inputs, dict) else {split.field: split.inputs}
    name, part = split.name or "arrays", split.split or "train"
    return Dataset(**items, labels=labels, classes=split.classes, name=name, split=part)


def _accuracy(rows, source, target, similarity):
    bank, queries = (comparable(part, similarity) for part in rows)
    found = np.concatenate([rows[:, 0] for _, rows in nearest(bank, queries, 1)])
    return float((source.labels[found] == target.labels).mean())


def _baselines(splits: dict[str, Split], names: list, dim: int, batch_size: int) -> dict:
    """{baseline: {pair: accuracy}}."""
    images = next(iter(splits.values())).field == "images"
    raw = "raw_pixels" if images else "raw_values"
    encoder = RawPixels() if images else RawValues()
    rows = {key: encoded(encoder, split.inputs, batch_size) for key, split in splits.items()}
    found = {key: {} for key in (raw, "pca", f"{raw}_cosine", "pca_cosine")}
    for source, target in names:
        both = rows[source], rows[target]
        for key, values in ((raw, both), ("pca", _pca(*both, dim))):
            for suffix, similarity in (("", "euclidean"), ("_cosine", "cosine")):
                figure = _accuracy(values, splits[source], splits[target], similarity)
                found[key + suffix][f"{source}-{target}"] = figure
    return found


def _pca(source, target, dim):
    """The principal components of both domains together, float64."""
    both = np.concatenate([source, target]).astype("float64")
    center = both.mean(axis=0)
    _, basis = np.linalg.eigh((both - center).T @ (both - center))  # the largest last
    leading = basis[:, ::-1][:, :dim]  # (D, dim)
    return (source - center) @ leading, (target - center) @ leading


def _mean(accuracies):
    return float(np.mean(list(accuracies.values())))
