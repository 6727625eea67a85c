"""`sslzoo train`: a config -> a run directory -> (with record) an entry of the zoo."""

import csv
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
from sslzoo import data, evaluate
from sslzoo.methods.callbacks import Checkpoint
from sslzoo.zoo.build import from_config
from sslzoo.zoo.config import dump, load_config, plain, replace_file, write_record
from sslzoo.zoo.registry import resolve
from sslzoo.zoo.weights import agreement, load_weights, save_weights

VERSIONS = ("keras", "tensorflow", "jax", "numpy")


def train(name, run_dir=None, record=False, encoding="fp16", checkpoint_every=200, verbose="auto"):
    """Train a zoo entry, evaluate it, and leave everything in a run directory. The same call again resumes.

    Args:
        name: an entry of the zoo, or the path of a config.
        run_dir: default runs/<name>. Holds config.yaml, log.csv, tensorboard/, checkpoint.npz, run.json, metrics.json.
        record: also write the weights and the record into the zoo beside the config.
        encoding: of the published weights: "fp16", "int8" or "float32".

    Returns:
        The record, a dict.
    """
    config = load_config(name)
    path = Path(name) if Path(name).suffix == ".yaml" else resolve(name)
    run_dir = Path(run_dir or Path("runs") / path.stem)
    run_dir.mkdir(parents=True, exist_ok=True)
    _keep_config(config.model_copy(update={"record": None}), run_dir / "config.yaml")
    model = from_config(config)
    train_set = data.load(config.data.name, split=config.data.split)
    progress = Progress(run_dir / "run.json")
    checkpoint = Checkpoint(run_dir / "checkpoint.npz", every=checkpoint_every)
    steps_per_epoch = len(train_set) // min(config.batch_size, len(train_set))
    done = Checkpoint.steps_done(checkpoint.path)
    _forget_epochs(run_dir / "log.csv", done // steps_per_epoch)
    callbacks = [progress, keras.callbacks.CSVLogger(str(run_dir / "log.csv"), append=True), checkpoint]
    if importlib.util.find_spec("tensorflow"):
        callbacks.insert(1, keras.callbacks.TensorBoard(str(run_dir / "tensorboard"), write_graph=False))
    model.fit(train_set, batch_size=config.batch_size, epochs=config.epochs, callbacks=callbacks, verbose=verbose)
    metrics = evaluate_all(model, config)
    replace_file(run_dir / "metrics.json", json.dumps(metrics, indent=1).encode())
    weights_path = run_dir / f"{path.stem}.weights.h5"
    weights = save_weights(model, weights_path, encoding)
    weights["agreement"] = _agreement(model, config, weights_path)
    result = plain(
        {
            "commit": progress.state["commit"],
            "backend": keras.backend.backend(),
            "device": device(),
            "versions": {v: importlib.metadata.version(v) for v in VERSIONS if importlib.util.find_spec(v)},
            "started": progress.state["started"],
            "wall_seconds": round(progress.state["seconds"], 1),
            "steps": config.epochs * steps_per_epoch,
            "metrics": metrics,
            "weights": weights,
        }
    )
    replace_file(run_dir / "record.json", json.dumps(result, indent=1).encode())
    if record:
        folder = path.parent.parent / "weights"
        folder.mkdir(exist_ok=True)
        replace_file(folder / weights_path.name, weights_path.read_bytes())
        write_record(path, result)
    return result


def evaluate_all(model, config):
    """The records of every protocol that the config lists."""
    records = []
    for protocol in config.evaluate:
        sets = [data.load(source.name, split=source.split) for source in (protocol.train, protocol.test)]
        records.append(getattr(evaluate, protocol.protocol)(model, *sets, **protocol.settings()))
    return plain(records)


class Progress(keras.callbacks.Callback):
    """Keeps in run.json when a run began, from which commit, and how many seconds it has trained over all its lives."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.state = {"started": datetime.now(UTC).isoformat(timespec="seconds"), "commit": commit(), "seconds": 0.0}
        if path.exists():
            self.state = json.loads(path.read_text())

    def on_train_begin(self, logs=None):
        self.before, self.since = self.state["seconds"], time.monotonic()
        self._write()

    def on_epoch_end(self, epoch, logs=None):
        self._write()

    def on_train_end(self, logs=None):
        self._write()

    def _write(self):
        self.state["seconds"] = self.before + time.monotonic() - self.since
        replace_file(self.path, json.dumps(self.state).encode())


def _keep_config(config, path):
    """A run directory belongs to one config."""
    text = dump(config)
    if path.exists() and path.read_text() != text:
        raise ValueError(f"{path}: another config was trained in this folder; use another one or remove it.")
    replace_file(path, text.encode())


def _forget_epochs(path, epoch):
    """Drop the log's rows from `epoch` on: the resumed run writes them again."""
    if path.exists():
        with open(path, newline="") as file:
            rows = list(csv.reader(file))
        kept = rows[:1] + [row for row in rows[1:] if row and row[0].isdigit() and int(row[0]) < epoch]
        replace_file(path, "".join(",".join(row) + "\n" for row in kept if row).encode())


def _agreement(model, config, weights_path):
    stored = from_config(config)
    load_weights(stored, weights_path)
    train_set = data.load(config.data.name, split=config.data.split)
    images = train_set[range(min(1000, len(train_set)))]["images"]
    return agreement(stored.encode(images), model.encode(images))


def commit():
    """The commit of the source checkout, marked if it has changes; outside one, the version."""
    folder = Path(sslzoo.__file__).parent
    git = ["git", "-C", str(folder)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "-uno", "."], capture_output=True, text=True).stdout
        return head + ("-modified" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return f"sslzoo {sslzoo.__version__}"


def device():
    """What the run ran on."""
    try:
        cpu = next(
            line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
        )
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    accelerators = [d for d in keras.distribution.list_devices() if "cpu" not in d.lower()]
    return ", ".join([cpu, *accelerators])
