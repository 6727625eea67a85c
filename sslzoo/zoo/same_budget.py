"""Several methods trained on one data set with one budget, held against each other."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from sslzoo.checks import local_path, one_of, refused
from sslzoo.data import Dataset
from sslzoo.evaluate import KNNLog
from sslzoo.files import make_folder, replace_file
from sslzoo.methods import list_methods, method_family
from sslzoo.notices import notice
from sslzoo.zoo.changes import changed
from sslzoo.zoo.compare import curves_of
from sslzoo.zoo.config import dump, parse_config, read_config
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.sources import evaluation_sets
from sslzoo.zoo.starter import WITHOUT_LABELS, starter
from sslzoo.zoo.train import train

CURVE = (5_000, 1_000)  # images of training and of test behind a point of a curve


class EpochSeconds(keras.callbacks.Callback):
    """Adds `epoch_seconds` to the logs: of the training alone, if it stands before all other
    callbacks. The first step, which compiles, counts as the mean of the others. So do the
    steps of an earlier life, in an epoch that was resumed.

    Example:
        >>> clock, logs = EpochSeconds(), {}
        >>> clock.on_train_begin()
        >>> clock.on_epoch_begin(0)
        >>> for batch in range(3):
        ...     clock.on_train_batch_end(batch)
        >>> clock.on_epoch_end(0, logs)
        >>> logs["epoch_seconds"] > 0
        True
    """

    def on_train_begin(self, logs: Any = None) -> None:
        self.compiled = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()
        self.steps = self.left_out = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1
        if not self.compiled:
            self.compiled, self.left_out = True, 1
            self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.perf_counter() - self.began
        counted = max(1, self.steps - self.left_out)
        whole = (self.params or {}).get("steps") or self.steps  # of an epoch that was resumed too
        logs["epoch_seconds"] = seconds * whole / counted


class Trained(NamedTuple):
    """What one method reached.

    Attributes:
        method: its name.
        accuracy: of its nearest neighbors, on all test images.
        untrained: the same of the network before training.
        seconds: of training, in all.
        curve: [(seconds of training, accuracy)] after each epoch, on a part of the test images.

    Example:
        >>> Trained("simclr", 0.5, 0.3, 60.0, [(60.0, 0.49)]).method
        'simclr'
    """

    method: str
    accuracy: float
    untrained: float
    seconds: float
    curve: list[tuple[float, float]]


def same_budget(
    methods: Sequence[str],
    data: str,
    epochs: int,
    labels: str | Path | None = None,
    folder: str | Path = "runs/compare",
    verbose: Any = "auto",
) -> list[Trained]:
    """Train methods that learn without labels on the same images, with the same small network,
    batch and epochs.

    Their other settings are those that `sslzoo.zoo.starter` writes. Labels are used to measure
    alone, but by methods that need them, such as sup_con.

    Args:
        methods: Two or more.
        data: A data set or a folder of images in classes.
        epochs: Of each training.
        labels: A CSV of paths and labels, as for `sslzoo.data.load`.
        folder: Keeps the run of each method, `compare.json` and `compare.png`. The same call again
            goes on there.
        verbose: As in Keras' `fit`.

    Raises:
        ValueError: Other methods, fewer than two, data without labels or a test split, or a folder
            with a comparison of other settings.

    Example:
        >>> same_budget(["simclr", "byol"], "digits", epochs=5)  # doctest: +SKIP
    """
    known = [name for name in list_methods() if method_family(name) in WITHOUT_LABELS]
    for method in methods:
        one_of("method", method, known)
    if len(dict.fromkeys(methods)) < 2:
        raise refused("methods", ", ".join(methods) or "none", "be at least two")
    configs = {method: _config(method, data, epochs, labels) for method in methods}
    folder = local_path("folder", folder)
    make_folder(folder)
    found = []
    for number, (method, config) in enumerate(configs.items(), 1):
        notice(f"{method}: {number} of {len(configs)}, {epochs} epochs.")
        found.append(_trained(method, config, folder, verbose))
    rows = json.dumps([trained._asdict() for trained in found], indent=1)
    replace_file(folder / "compare.json", rows.encode())
    from sslzoo.plots.compared import compared_png

    replace_file(folder / "compare.png", compared_png(found))
    return found


def _config(method: str, data: str, epochs: int, labels: Any) -> ZooConfig:
    config = parse_config(starter(method, data, labels))
    if not config.evaluate:
        raise ValueError(
            f"data: {data} has no labels, or too few to keep some for a test; a comparison needs "
            "them to measure: a folder for the images of each class, or --labels with a CSV."
        )
    return changed(config, {"epochs": epochs})


def _trained(method: str, config: ZooConfig, folder: Path, verbose: Any) -> Trained:
    """The run of one method, made or read."""
    run, path = folder / method, folder / f"{method}.yaml"
    if path.is_file() and config.differing(read_config(path)):
        needed = "be the settings of this comparison; use another --out, or remove that one"
        raise refused(str(path), ", ".join(config.differing(read_config(path))), needed)
    replace_file(path, dump(config).encode())
    if not (run / "record.json").is_file():
        train(path, run, verbose=verbose, callbacks=[EpochSeconds(), _log(config)])
    metric = json.loads((run / "metrics.json").read_text())[0]
    curves = curves_of(run)
    seconds = [sum(curves["epoch_seconds"][: n + 1]) for n in range(config.epochs)]
    curve = list(zip(seconds, curves["knn_accuracy"], strict=True))
    untrained = metric["baselines"]["untrained_encoder"]
    return Trained(method, metric["accuracy"], untrained, seconds[-1], curve)


def _log(config: ZooConfig) -> KNNLog:
    """Nearest neighbors after each epoch, on a part of the data of the config's own protocol."""
    protocol = config.evaluate[0]
    sets = evaluation_sets(protocol.protocol, protocol.sources(), config.image_size)
    parts = [_part(one, most) for one, most in zip(sets, CURVE, strict=True)]
    return KNNLog(*parts)


def _part(data: Dataset, most: int) -> Dataset:
    if len(data) <= most:
        return data
    return data.take(np.random.default_rng(0).permutation(len(data))[:most])
