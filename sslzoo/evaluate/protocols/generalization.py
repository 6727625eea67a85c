"""Generalization: does a classifier hold in a domain of which it has seen nothing?"""

import time
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from sslzoo.checks import check_labels, in_range, refused, whole
from sslzoo.data import ByDomain, Dataset, joined_domains, split
from sslzoo.evaluate.figures import Record
from sslzoo.evaluate.record import describe
from sslzoo.evaluate.splits import labeled_split, needs
from sslzoo.progress import progress

HEADLINES = [("accuracy", "%", "unseen domain, mean of {n_held_out}")]


def generalization(
    model: Any,
    domains: dict[str, Dataset],
    held_out: Sequence[str] | None = None,
    samples: PositiveInt = 32,
    steps_per_epoch: PositiveInt = 100,
    epochs: PositiveInt = 10,
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2,
    seed: NonNegativeInt = 0,
    batch_size: PositiveInt = 256,
    dry_run: bool = False,
) -> dict:
    """Accuracy on a domain, after learning from all others: leave one domain out.

    For each domain a new, untrained copy of the method learns from the others, in batches with as
    many rows of each. Part of every other domain is kept apart. The weights of the epoch that is
    best on these parts are judged on the whole domain that was left out. That is the
    training-domain selection of Gulrajani & Lopez-Paz 2021, arXiv:2007.01434: nothing of the new
    domain is used, neither items nor labels, also not to choose the epoch.

    "last" is the accuracy of the last epoch, and "oracle" that of the epoch that is best on the new
    domain. The oracle is no result: it looks at the answers.

    Args:
        model: a classifier: `untrained()`, `fit`, `classify(items, batch_size)`. It stays as it is.
            Its copies are compiled as it is.
        domains: {name: labeled `Dataset`}, at least three.
        held_out: Names of the domains to leave out, one after the other. None: all of them.
        samples: Rows of each domain in a batch.
        steps_per_epoch, epochs: Length of each training.
        validation_fraction: Part of each class of the other domains that is kept apart.
        seed: Random seed of that part and of the batches.
        batch_size: Items to classify at once.
        dry_run: Check the arguments, measure nothing, and return {}.

    Returns:
        {"protocol", "accuracy", "held_out", "validation", "last", "oracle", "settings",
        "baselines", "seconds"}, plain JSON. "accuracy" is the mean over the domains. "held_out",
        "validation", "last" and "oracle" are {name: accuracy}. The baseline is the share of the
        most frequent class.

    Raises:
        ValueError: No classifier, fewer than three domains, an unknown name, labels that the model
            does not know, or data of another kind than the model reads.

    >>> import keras, numpy as np, sslzoo
    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(60) % 2
    >>> rows = [np.eye(2)[labels] + shift + rng.normal(0, 0.1, (60, 2)) for shift in (0, 1, 2)]
    >>> domains = {str(k): Dataset(None, labels, vectors=row) for k, row in enumerate(rows)}
    >>> vectors = keras.Input((2,), name="vectors")
    >>> network = keras.Model(vectors, keras.layers.Dense(8, "relu")(vectors))
    >>> model = sslzoo.build("erm", network, classes=2)
    >>> settings = {"samples": 16, "steps_per_epoch": 5, "epochs": 1}
    >>> record = generalization(model, domains, held_out=["1"], **settings)
    >>> list(record["held_out"])
    ['1']
    """
    names = _checked(model, domains, held_out)
    in_range("validation_fraction", validation_fraction, 0, 1, low_open=True, high_open=True)
    lengths = {"samples": samples, "steps_per_epoch": steps_per_epoch, "epochs": epochs}
    for name, value in {**lengths, "batch_size": batch_size}.items():
        whole(name, value, 1)
    if dry_run:
        return {}
    # keras is imported only when something is measured
    from sslzoo.evaluate.best_epoch import BestEpoch

    start = time.perf_counter()
    found = {}
    for name in progress(names, "domains left out", len(names), least=1):
        others = {key: data for key, data in domains.items() if key != name}
        parts = {key: split(data, validation_fraction, seed) for key, data in others.items()}
        train = joined_domains({key: kept for key, (kept, _) in parts.items()})
        validation = {key: part for key, (_, part) in parts.items()}
        feed = ByDomain(train, samples, steps_per_epoch=steps_per_epoch, seed=seed)
        watch = BestEpoch(domains[name], validation, batch_size)
        copy = _copy(model)
        copy.fit(feed, epochs=epochs, callbacks=[watch], verbose=0)
        found[name] = watch.found()
    seconds = time.perf_counter() - start
    figures = {
        key: {name: one[key] for name, one in found.items()} for key in next(iter(found.values()))
    }
    splits = {
        key: labeled_split(model, data, key, "generalization") for key, data in domains.items()
    }
    settings = {"n_held_out": len(names), **lengths, "seed": seed}
    settings |= {"validation_fraction": validation_fraction, "selection": "training domains"}
    return Record(
        protocol="generalization",
        accuracy=_mean(figures["held_out"]),
        **figures,
        settings={**describe(model, "classify", **splits), **settings},
        baselines={"most_frequent_class": _mean({n: _frequent(domains[n]) for n in names})},
        seconds=round(seconds, 3),
    )


def _checked(model, domains, held_out):
    """Names of the domains to leave out."""
    needs(model, "generalization", "classify")
    if not isinstance(domains, dict) or len(domains) < 3:
        got = ", ".join(domains) if isinstance(domains, dict) else type(domains).__name__
        raise refused("domains", got, "be {name: Dataset} of at least three domains")
    count = getattr(model, "domains", len(domains) - 1)
    if count != len(domains) - 1:
        needed = f"be one less than the {len(domains)} domains given: one is left out"
        raise refused("domains of the model", count, needed)
    for name, data in domains.items():
        part = labeled_split(model, data, name, "generalization")
        check_labels(part.labels, len(part), model.classes, f"{name} labels")
    names = list(domains) if held_out is None else list(held_out)
    if not names:
        raise refused("held_out", "none", "name at least one domain")
    for name in names:
        if name not in domains:
            raise refused("held_out", name, f"be among {', '.join(domains)}")
    return names


def _copy(model):
    """An untrained copy, compiled alike."""
    copy = model.untrained()
    copy.compile_from_config(model.get_compile_config())
    return copy


def _frequent(data):
    return float(np.bincount(data.labels).max() / len(data))


def _mean(figures):
    return float(np.mean(list(figures.values())))
