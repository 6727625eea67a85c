"""`sslzoo train`: a config -> a run directory -> (with record) an entry of the zoo."""

import functools
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from sslzoo import evaluate
from sslzoo.checks import local_path, refused
from sslzoo.data import TaskStream
from sslzoo.data.streams import Endless
from sslzoo.evaluate import protocols
from sslzoo.evaluate.agreement import agreement
from sslzoo.files import make_folder, replace_file
from sslzoo.training import Checkpoint, Learned, Method
from sslzoo.zoo.build import from_config
from sslzoo.zoo.changes import changed, merged
from sslzoo.zoo.config import check_recordable, plain
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.log import EpochLog, column, curves, forget_epochs, log_once
from sslzoo.zoo.run_state import RunState, keep_config
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.sources import evaluation_sets, training_data
from sslzoo.zoo.tasks import add_bounds
from sslzoo.zoo.versions import publish, published_file
from sslzoo.zoo.weights import load_weights, save_weights


def train(
    name: str | Path,
    run_dir: str | Path | None = None,
    record: bool = False,
    encoding: str = "fp16",
    checkpoint_every: int = 200,
    verbose: Any = "auto",
    changes: Mapping[str, Any] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> dict:
    """Train a zoo entry, evaluate it, and leave everything in a run directory. The same call again
    resumes.

    Args:
        name: an entry of the zoo, or the path of a config or of a run.
        run_dir: default runs/<name>. Holds config.yaml, log.csv, tensorboard/, checkpoint.npz,
            run.json, metrics.json; of tasks in sequence one checkpoint for each task instead of
            log.csv, tensorboard/ and checkpoint.npz.
        record: also write the record into the config and the weights where `load` looks for them.
        encoding: Number format of the published weights: "fp16", "int8" or "float32".
        checkpoint_every: steps between two checkpoints.
        verbose: As in Keras' `fit`.
        changes: {key: value} of the config, such as {"epochs": 5, "augment.blur": 0.5}.
        callbacks: Of Keras. They come first, so log.csv has what they log.

    Raises:
        ValueError: The input is bad, or a changed config would be recorded.

    Returns:
        The record, a dict. Beside the accuracy of the config's first {protocol: accuracy}, that of
        the last weights, stands "best_epoch_accuracy", the highest after any epoch: chosen on the
        test set, so optimistic.

    Example:
        >>> import sslzoo
        >>> from sslzoo.zoo.train import train
        >>> record = train("simclr_resnet20.digits")  # doctest: +SKIP
    """
    entry = Entry.find(name)
    if record and (changes or entry.run):
        raise refused("record", "a run or changes of a config", "be of a config as it is written")
    if entry.run is None:
        check_recordable(entry.path, published=record)
    config = changed(entry.config, changes or {})
    run_dir = local_path("run_dir", run_dir or entry.run or Path("runs") / entry.name)
    weights_file = published_file(entry, run_dir) if record else None
    settings = {"checkpoint_every": checkpoint_every, "verbose": verbose}

    model, data = from_config(config), training_data(config)
    check_data(model, config, data)
    evaluations = load_evaluations(config)
    for evaluation in evaluations:  # what it refuses, it refuses before hours of training
        evaluation(model, dry_run=True)
    make_folder(run_dir)
    keep_config(config.model_copy(update={"record": None}), run_dir / "config.yaml")
    run = RunState(run_dir / "run.json")
    learned = learn(model, config, data, run_dir, [*callbacks, run], settings)
    metrics = plain(learned.metrics)
    if config.tasks is not None:
        add_bounds(metrics[0], config, data, run_dir, _fit_settings(config) | settings)
    evaluated = [evaluation(model) for evaluation in evaluations]
    evaluated = _with_best(evaluated, run_dir / "log.csv")
    _add_ablations(evaluated, evaluations, model, config, data, run_dir, settings)
    metrics += evaluated
    replace_file(run_dir / "metrics.json", json.dumps(metrics, indent=1).encode())

    weights_path = run_dir / f"{entry.name}.weights.h5"
    weights = save_weights(model, weights_path, encoding)
    weights["agreement"] = _agreement(model, config, weights_path, data)
    logged = curves(run_dir / "log.csv")
    result = {**run.record(), "steps": learned.steps, **({"curves": logged} if logged else {})}
    result = plain(result | {"metrics": metrics, "weights": weights})
    replace_file(run_dir / "record.json", json.dumps(result, indent=1).encode())
    if record:
        publish(entry, result, weights_path, weights_file)
    return result


def load_evaluations(config: ZooConfig) -> list[Callable[..., dict]]:
    """A function (model, **running) -> record for every protocol that the config lists, with its
    data and settings.

    Example:
        >>> import sslzoo
        >>> config = sslzoo.info("simclr_resnet20.digits").config
        >>> knn, *others = load_evaluations(config)
        >>> knn(sslzoo.build("simclr", "micro", 8), dry_run=True)
        {}
    """
    return [
        functools.partial(
            _evaluate,
            protocols.find(entry.protocol),
            evaluation_sets(entry.protocol, entry.sources(), config.image_size),
            entry.settings(),
        )
        for entry in config.evaluate
    ]


def _evaluate(protocol: Callable, sets: list, settings: dict, model: Method, **running) -> dict:
    return plain(protocol(model, *sets, **settings, **running))


def check_data(model: Method, config: ZooConfig, data: Any) -> None:
    """ValueError, before anything is written, for data that this method does not learn from, and
    for a config without what its training needs.

    Example:
        >>> import sslzoo
        >>> config = sslzoo.info("simclr_resnet20.digits").config
        >>> check_data(sslzoo.build("simclr", "micro", 8), config, training_data(config))
    """
    if model.trainable_variables and config.optimizer is None:
        raise ValueError(f"optimizer: missing; {config.method} is trained by one.")
    if config.tasks is not None and not model.learns_tasks:
        raise ValueError(
            f"tasks: {config.method} does not learn tasks in sequence; the methods of family "
            "'incremental' do."
        )
    if config.tasks is None and model.learns_tasks:
        raise ValueError(f"tasks: missing; {config.method} learns tasks in sequence.")
    if config.tasks is not None and config.sampler is not None:
        raise ValueError(
            f"sampler: got {config.sampler.name!r} in a config with tasks; these are trained on "
            "shuffled items."
        )
    roles = tuple(data) if isinstance(data, dict) else ()
    if sorted(roles) != sorted(model.roles):
        needed = ", ".join(model.roles) or "one source"
        came = ", ".join(roles) or "one source"
        raise ValueError(f"data: got {came}; {config.method} needs {needed}.")


def _fit_settings(config: ZooConfig) -> dict:
    """Epochs and size of a batch, where the config has them."""
    settings = {"epochs": config.epochs, "batch_size": config.batch_size}
    if config.sampler is not None:
        del settings["batch_size"]  # the stream has it
    return {key: value for key, value in settings.items() if value is not None}


def learn(
    model: Method, config: ZooConfig, data: Any, folder: Path, callbacks: list, settings: dict
) -> Learned:
    """Train, or go on where a run in this directory stopped. The last callback is the run's.

    Example:
        >>> learn(model, config, data, folder, [run], {"verbose": 0})  # doctest: +SKIP
    """
    log, run = folder / "log.csv", callbacks[-1]
    if not model.learns_tasks and model.trainable_variables:
        done = Checkpoint.steps_done(folder / "checkpoint.npz")
        forget_epochs(log, done // _steps_per_epoch(data, config))
        callbacks = [*callbacks[:-1], *_accuracy_log(config, log), run, EpochLog(log)]
        if importlib.util.find_spec("tensorflow"):
            board = keras.callbacks.TensorBoard(str(folder / "tensorboard"), write_graph=False)
            callbacks.append(board)
    given = {"folder": folder, "callbacks": callbacks, **_fit_settings(config), **settings}
    if model.trainable_variables:
        return model.learn(data, **given)
    run.restart()  # nothing is left to resume, and what is solved at once calls no callbacks
    learned = model.learn(data, **given)
    run.write()
    log_once(log, model.history.history)
    return learned


def _steps_per_epoch(data: Any, config: ZooConfig) -> int:
    data = next(iter(data.values())) if isinstance(data, dict) else data
    if isinstance(data, Endless):
        return data.steps_per_epoch
    return len(data) // min(config.batch_size, len(data))


def _add_ablations(
    metrics: list[dict],
    evaluations: list[Callable[..., dict]],
    model: Method,
    config: ZooConfig,
    data: Any,
    run_dir: Path,
    settings: dict,
) -> None:
    """Train the method's ablations in the same way, and put their figures into the baselines."""
    for name, changes in model.ablations.items():
        ablation = merged(config, _with_batch_size(changes, config, data))
        if ablation == config:  # the entry is the ablation itself
            continue
        folder = run_dir / name
        make_folder(folder)
        other, rows = from_config(ablation), _data_of(ablation, config, data)
        run = RunState(folder / "run.json")
        learn(other, ablation.model_copy(update={"evaluate": []}), rows, folder, [run], settings)
        records = [evaluation(other) for evaluation in evaluations]
        for metric, record in zip(metrics, records, strict=True):
            metric["baselines"] |= _headline_figures(name, record)


def _with_batch_size(changes: dict, config: ZooConfig, data: Any) -> dict:
    """The changes; where they take the sampler away, shuffled batches keep its number of rows."""
    if config.sampler is None or changes.get("sampler", config.sampler) is not None:
        return changes
    streams = data.values() if isinstance(data, dict) else [data]
    return {"batch_size": next(iter(streams)).batch_size} | changes


def _data_of(ablation: ZooConfig, config: ZooConfig, data: Any) -> Any:
    """What an ablation is trained on: the entry's data, or its own where it draws others."""
    drawn = ("data", "sampler", "tasks")
    if all(getattr(ablation, key) == getattr(config, key) for key in drawn):
        return data
    return training_data(ablation)


def _headline_figures(name: str, record: dict) -> dict[str, float]:
    """{baseline: figure} of the headlines of a record, as its baselines are named."""
    figures = {}
    for index, (path, _, _) in enumerate(protocols.headlines(record["protocol"])):
        value = functools.reduce(lambda part, key: part[key], path.split("."), record)
        figures[name if index == 0 else f"{name}_{path}"] = value
    return figures


def _accuracy_log(config: ZooConfig, path: Path) -> list:
    """[what adds `test_accuracy` to the log: on the test set of the config's first {protocol:
    accuracy}]; none without that protocol, and for a log that was begun without the column.
    """
    protocol = next((entry for entry in config.evaluate if entry.protocol == "accuracy"), None)
    if protocol is None or column(path, "test_accuracy") is None:
        return []
    (test,) = evaluation_sets("accuracy", protocol.sources(), config.image_size)
    return [evaluate.AccuracyLog(test)]


def _with_best(metrics: list[dict], path: Path) -> list[dict]:
    """The metrics, the first accuracy among them with the best epoch's: from the log, which has all
    lives of a run.
    """
    places = [row for row, metric in enumerate(metrics) if metric["protocol"] == "accuracy"]
    logged = column(path, "test_accuracy")
    if not places or not logged:
        return metrics
    index = places[0]
    first = {key: metrics[index][key] for key in ("protocol", "accuracy")}
    first["best_epoch_accuracy"] = max(first["accuracy"], *logged)
    return [*metrics[:index], first | metrics[index], *metrics[index + 1 :]]


def _agreement(model: Method, config: ZooConfig, weights_path: Path, data: Any) -> dict:
    """How close the features of the stored weights are to the model's own."""
    stored = from_config(config, pretrained=False)
    load_weights(stored, weights_path)
    items = _items(data, 1000)
    return agreement(stored.encode(items), model.encode(items))


def _items(data: Any, count: int) -> Any:
    """Up to `count` items of what a model was trained on."""
    if isinstance(data, dict):
        data = next(iter(data.values()))
    if isinstance(data, TaskStream):
        data = data.train
    if isinstance(data, Endless):
        return data.sample(count)
    return data.inputs[:count]
