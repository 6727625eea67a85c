"""`sslzoo train`: a config -> a run directory -> (with record) an entry of the zoo."""

import csv
import functools
import importlib.metadata
import importlib.util
import json
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import keras

import sslzoo
from sslzoo import evaluate
from sslzoo.methods.callbacks import Checkpoint
from sslzoo.zoo.build import from_config
from sslzoo.zoo.config import check_recordable, dump, load_config, plain, replace_file, with_record
from sslzoo.zoo.feeds import evaluation_sets, training_feed
from sslzoo.zoo.registry import entry_name, resolve, weights_folder
from sslzoo.zoo.tasks import learn_tasks
from sslzoo.zoo.weights import agreement, load_weights, save_weights

VERSIONS = ("keras", "tensorflow", "jax", "numpy")


def train(name, run_dir=None, record=False, encoding="fp16", checkpoint_every=200, verbose="auto"):
    """Train a zoo entry, evaluate it, and leave everything in a run directory. The same call again
    resumes.

    Args:
        name: an entry of the zoo, or the path of a config.
        run_dir: default runs/<name>. Holds config.yaml, log.csv, tensorboard/, checkpoint.npz,
            run.json, metrics.json; of tasks in sequence tasks/ instead of log.csv, tensorboard/ and
            checkpoint.npz.
        record: also write the record into the config and the weights where `load` looks for them.
        encoding: of the published weights: "fp16", "int8" or "float32".

    Returns:
        The record, a dict. Beside the accuracy of the config's first {protocol: accuracy}, that of
        the last weights, stands "best_epoch_accuracy", the highest after any epoch: chosen on the
        test set, so optimistic.
    """
    path = resolve(name)
    config, name = load_config(path), entry_name(path)
    check_recordable(path)
    run_dir = Path(run_dir or Path("runs") / name)
    model, feed = from_config(config), training_feed(config)
    run_dir.mkdir(parents=True, exist_ok=True)
    _keep_config(config.model_copy(update={"record": None}), run_dir / "config.yaml")
    progress = Progress(run_dir / "run.json")
    if config.tasks:
        run = learn_tasks(
            model, config, feed, run_dir / "tasks", checkpoint_every, [progress], verbose
        )
        steps, metrics = sum(run["settings"]["steps"]), plain([run])
    else:
        steps, metrics = _fit(model, config, feed, run_dir, checkpoint_every, progress, verbose), []
    metrics += _with_best(evaluate_all(model, config), run_dir / "log.csv")
    if hasattr(model, "unlabeled_weight"):
        _add_supervised(metrics, config, feed, run_dir / "supervised", checkpoint_every, verbose)
    replace_file(run_dir / "metrics.json", json.dumps(metrics, indent=1).encode())
    weights_path = run_dir / f"{name}.weights.h5"
    weights = save_weights(model, weights_path, encoding)
    weights["agreement"] = _agreement(model, config, weights_path, feed)
    result = plain(
        {
            **progress.commits(),
            "backend": keras.backend.backend(),
            "device": device(),
            "versions": {
                v: importlib.metadata.version(v) for v in VERSIONS if importlib.util.find_spec(v)
            },
            "started": progress.state["started"],
            "wall_seconds": round(progress.state["seconds"], 1),
            "steps": steps,
            "metrics": metrics,
            "weights": weights,
        }
    )
    replace_file(run_dir / "record.json", json.dumps(result, indent=1).encode())
    if record:
        text, folder = with_record(path, result), weights_folder(path)
        folder.mkdir(exist_ok=True)
        # Killed between these two, the config names weights that are no longer there: `load`
        # refuses and says what to do.
        replace_file(folder / weights_path.name, weights_path.read_bytes())
        replace_file(path, text.encode())
    return result


def _fit(model, config, feed, run_dir, checkpoint_every, progress, verbose):
    """Train, or go on where a run in this directory stopped; the steps of the whole run."""
    batch_size = None if config.sampler else config.batch_size
    steps_per_epoch = (
        config.sampler.steps_per_epoch
        if config.sampler
        else len(feed) // min(batch_size, len(feed))
    )
    checkpoint = Checkpoint(run_dir / "checkpoint.npz", every=checkpoint_every)
    done = Checkpoint.steps_done(checkpoint.path)
    _forget_epochs(run_dir / "log.csv", done // steps_per_epoch)
    callbacks = [
        progress,
        keras.callbacks.CSVLogger(str(run_dir / "log.csv"), append=True),
        checkpoint,
    ]
    callbacks[:0] = _accuracy_log(config, run_dir / "log.csv")
    if importlib.util.find_spec("tensorflow"):
        callbacks.insert(
            1, keras.callbacks.TensorBoard(str(run_dir / "tensorboard"), write_graph=False)
        )
    model.fit(
        feed, batch_size=batch_size, epochs=config.epochs, callbacks=callbacks, verbose=verbose
    )
    return config.epochs * steps_per_epoch


def _add_supervised(metrics, config, feed, run_dir, checkpoint_every, verbose):
    """Another baseline of each accuracy of a method that also learns without labels: the same
    network with the same recipe on the same labels alone.
    """
    judged = [metric for metric in metrics if metric["protocol"] == "accuracy"]
    if not judged or not config.hyperparameters.get("unlabeled_weight", 1.0):
        return
    hyperparameters = {**config.hyperparameters, "unlabeled_weight": 0.0}
    # nothing to log after an epoch
    bound = config.model_copy(update={"hyperparameters": hyperparameters, "evaluate": []})
    model = from_config(bound)
    run_dir.mkdir(parents=True, exist_ok=True)
    _fit(model, bound, feed, run_dir, checkpoint_every, Progress(run_dir / "run.json"), verbose)
    found = [metric for metric in evaluate_all(model, config) if metric["protocol"] == "accuracy"]
    for metric, own in zip(judged, found, strict=True):
        metric["baselines"]["same_labels_alone"] = own["accuracy"]


def _accuracy_log(config, path):
    """[what adds `test_accuracy` to the log: on the test set of the config's first {protocol:
    accuracy}]; none without that protocol, and for a log that was begun without the column.
    """
    protocol = next((entry for entry in config.evaluate if entry.protocol == "accuracy"), None)
    if protocol is None or _test_accuracies(path) is None:
        return []
    (test,) = evaluation_sets("accuracy", protocol.sources(), config.image_size)
    return [evaluate.AccuracyLog(test)]


def _with_best(metrics, path):
    """The metrics, the first accuracy among them with the best epoch's: from the log, which has all
    lives of a run.
    """
    index = next(
        (row for row, metric in enumerate(metrics) if metric["protocol"] == "accuracy"), None
    )
    logged = _test_accuracies(path)
    if index is None or not logged:
        return metrics
    first = {key: metrics[index][key] for key in ("protocol", "accuracy")}
    # The last epoch is not in the log where a run was killed between its last checkpoint and the
    # end of that epoch.
    first["best_epoch_accuracy"] = max(first["accuracy"], *logged)
    return [*metrics[:index], first | metrics[index], *metrics[index + 1 :]]


def _test_accuracies(path):
    """Those in the log, one an epoch; None where it has no such column."""
    if not path.exists() or not path.stat().st_size:
        return []
    with open(path, newline="") as file:
        rows = csv.DictReader(file)
        return (
            [float(row["test_accuracy"]) for row in rows]
            if "test_accuracy" in rows.fieldnames
            else None
        )


def evaluate_all(model, config):
    """The records of every protocol that the config lists, but of tasks in sequence: those are
    measured on the way.
    """
    sets = functools.cache(lambda kind, *sources: evaluation_sets(kind, sources, config.image_size))
    return plain(
        [
            getattr(evaluate, protocol.protocol)(
                model, *sets(protocol.protocol, *protocol.sources()), **protocol.settings()
            )
            for protocol in config.evaluate
            if protocol.protocol != "incremental"
        ]
    )


class Progress(keras.callbacks.Callback):
    """Keeps in run.json when a run began, from which commit, on which others it went on, and how
    many seconds it has trained over all its lives.
    """

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.state = {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "seconds": 0.0,
        }
        if path.exists():
            self.state = json.loads(path.read_text())
        self.state.setdefault("continued", [])

    def commits(self):
        """The part of the record that says from which sources the weights come."""
        return {key: self.state[key] for key in ("commit", "continued") if self.state[key]}

    def on_train_begin(self, logs=None):
        self.before, self.since = self.state["seconds"], time.monotonic()
        if (now := commit()) not in (self.state["commit"], *self.state["continued"]):
            self.state["continued"].append(now)
        self._write()

    def on_epoch_end(self, epoch, logs=None):
        self._write()

    def on_train_end(self, logs=None):
        self._write()

    def _write(self):
        self.state["seconds"] = self.before + time.monotonic() - self.since
        replace_file(self.path, json.dumps(self.state).encode())


# What decides the weights of a run, as against words about it and what is measured afterwards.
TRAINING = {
    *(
        "method",
        "backbone",
        "image_size",
        "hyperparameters",
        "augment",
        "data",
        "sampler",
        "tasks",
        "initial",
    ),
    *("optimizer", "optimizers", "schedule", "batch_size", "epochs", "precision", "seed"),
}


def _keep_config(config, path):
    """A run directory belongs to one recipe; what else its config says may change, and older files
    lack newer keys.
    """
    if path.exists():
        before, now = (
            load_config(path).model_dump(include=TRAINING),
            config.model_dump(include=TRAINING),
        )
        if changed := sorted(key for key in TRAINING if before[key] != now[key]):
            raise ValueError(
                f"{path}: another config was trained in this folder ({', '.join(changed)} "
                "differ); use another --run-dir, or "
                "remove this one."
            )
    replace_file(path, dump(config).encode())


def _forget_epochs(path, epoch):
    """Drop the log's rows from `epoch` on: the resumed run writes them again."""
    if path.exists():
        with open(path, newline="") as file:
            rows = list(csv.reader(file))
        kept = rows[:1] + [
            row for row in rows[1:] if row and row[0].isdigit() and int(row[0]) < epoch
        ]
        replace_file(path, "".join(",".join(row) + "\n" for row in kept if row).encode())


def _agreement(model, config, weights_path, feed):
    stored = from_config(config, pretrained=False)
    load_weights(stored, weights_path)
    images = feed.sample(1000) if config.sampler else feed[:1000]["images"]
    return agreement(stored.encode(images), model.encode(images))


def commit():
    """The commit of the source checkout, marked if anything in it differs from that; outside a
    checkout, the version.
    """
    checkout = Path(sslzoo.__file__).resolve().parents[1]

    def git(*arguments):
        return subprocess.run(
            ["git", "-C", checkout, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        # not a project that we are installed in
        if Path(git("rev-parse", "--show-toplevel")).resolve() == checkout:
            return git("rev-parse", "HEAD") + ("-modified" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        pass
    return f"sslzoo {sslzoo.__version__}"


def device():
    """What the run ran on."""
    try:
        cpu = next(
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        )
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    accelerators = [d for d in keras.distribution.list_devices() if "cpu" not in d.lower()]
    return ", ".join([cpu, *accelerators])
