"""What a run of `sslzoo train` remembers over its lives, and where it ran."""

import importlib.metadata
import json
import math
import platform
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

import sslzoo
from sslzoo.files import read_own, replace_file
from sslzoo.zoo.config import dump, read_config
from sslzoo.zoo.schema import ZooConfig

MOST_SECONDS = 60  # of training that a killed run forgets
# Pillow decides the pixels that are read, scikit-learn the probes.
VERSIONS = ("keras", "tensorflow", "jax", "numpy", "pillow", "scikit-learn")


class RunState(keras.callbacks.Callback):
    """Keeps in run.json when a run began, from which commit, on which others it went on, and how
    many seconds it has trained over all its lives.

    Args:
        path: Path of run.json.

    Example:
        >>> from pathlib import Path
        >>> from sslzoo.zoo.run_state import RunState
        >>> RunState(Path("runs/mine/run.json")).seconds
        0.0
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.state = read_state(path) if path.exists() else first_life()

    @property
    def seconds(self) -> float:
        """Trained so far."""
        return self.state["seconds"]

    def record(self) -> dict[str, Any]:
        """The part of a record that says how, where and when the weights were made."""
        return {
            **self.commits(),
            "backend": keras.backend.backend(),
            "device": device(),
            "versions": versions(),
            "started": self.state["started"],
            "wall_seconds": round(self.seconds, 1 if self.seconds > 1 else 4),
        }

    def commits(self) -> dict[str, Any]:
        """From which sources the weights come."""
        return {key: self.state[key] for key in ("commit", "continued") if self.state[key]}

    def begin(self) -> None:
        """Training begins, or goes on."""
        self.before, self.since = self.seconds, time.monotonic()
        now = commit()
        if now not in (self.state["commit"], *self.state["continued"]):
            self.state["continued"].append(now)
        self.write()

    def restart(self) -> None:
        """Training begins anew: what earlier runs in this folder did does not count."""
        self.state = first_life()
        self.begin()

    def write(self) -> None:
        """Put the state on the disk."""
        self.written = time.monotonic()
        self.state["seconds"] = self.before + self.written - self.since
        replace_file(self.path, json.dumps(self.state).encode())

    def on_train_begin(self, logs: Any = None) -> None:
        self.begin()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if time.monotonic() - self.written > MOST_SECONDS:
            self.write()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.write()

    def on_train_end(self, logs: Any = None) -> None:
        self.write()


def read_state(path: Path) -> dict[str, Any]:
    """The state in a run.json.

    Raises:
        ValueError: the file is damaged.

    Example:
        >>> from sslzoo.zoo.run_state import read_state
        >>> read_state(Path("runs/mine/run.json"))["seconds"]  # doctest: +SKIP
        12.5
    """

    def state():
        saved = {"continued": []} | json.loads(path.read_text())
        words = [saved["commit"], *saved["continued"]]
        if not all(isinstance(word, str) for word in words):
            raise ValueError("commit and continued must be words")
        datetime.fromisoformat(saved["started"])
        if not 0 <= saved["seconds"] < math.inf:
            raise ValueError("seconds must be a number of at least 0")
        return saved

    return read_own(path, state, "state of a run: restore it, or remove its folder to begin anew")


def versions() -> dict[str, str]:
    """{package: version} of those installed that change what a run computes.

    Example:
        >>> from sslzoo.zoo.run_state import versions
        >>> sorted(versions() | {"tensorflow": "2", "jax": "0"})
        ['jax', 'keras', 'numpy', 'pillow', 'scikit-learn', 'tensorflow']
    """
    installed = {}
    for name in VERSIONS:
        with suppress(importlib.metadata.PackageNotFoundError):
            installed[name] = importlib.metadata.version(name)
    return installed


def first_life() -> dict[str, Any]:
    """The state of a run that begins now.

    Example:
        >>> from sslzoo.zoo.run_state import first_life
        >>> first_life()["seconds"]
        0.0
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {"started": started, "commit": commit(), "seconds": 0.0, "continued": []}


def keep_config(config: ZooConfig, path: Path) -> None:
    """Write the config of a run into its directory, which belongs to one recipe. What else a config
    says may change. A run that is finished, so that its record.json is there, may be given more
    epochs; the record is then taken away.

    Raises:
        ValueError: the directory holds the run of another recipe.

    Example:
        >>> import sslzoo
        >>> from sslzoo.zoo.run_state import keep_config
        >>> config = sslzoo.info("simclr_resnet20.digits").config
        >>> keep_config(config, Path("runs/mine/config.yaml"))  # doctest: +SKIP
    """
    record, more = path.with_name("record.json"), False
    if path.exists():
        before = read_config(path)
        changed = config.differing(before)
        warmup = {"warmup_epochs": before.schedule.warmup_epochs}  # it follows a few epochs
        schedule = config.schedule.model_copy(update=warmup)
        as_before = config.model_copy(update={"schedule": schedule}).differing(before)
        longer = as_before == ["epochs"] and config.epochs > before.epochs
        more = longer and not config.tasks
        if changed and not (more and record.exists()):
            raise ValueError(
                f"{path}: another config was trained in this folder ({', '.join(changed)} differ); "
                "use another --run-dir, or remove this one."
                + (" A run that is finished may be given more epochs." if more else "")
            )
    replace_file(path, dump(config).encode())
    if more:
        record.unlink()


def commit() -> str:
    """The commit of the source checkout, marked if anything in it differs from that; outside a
    checkout, the version.

    Example:
        >>> from sslzoo.zoo.run_state import commit
        >>> len(commit()) > 5
        True
    """
    checkout = Path(sslzoo.__file__).resolve().parents[1]

    def git(*arguments):
        command = ["git", "-C", checkout, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        # not a project that we are installed in
        if Path(git("rev-parse", "--show-toplevel")).resolve() == checkout:
            return git("rev-parse", "HEAD") + ("-modified" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        pass
    return f"sslzoo {sslzoo.__version__}"


def device() -> str:
    """The processor, and the accelerators, that this process runs on.

    Example:
        >>> from sslzoo.zoo.run_state import device
        >>> device()  # doctest: +SKIP
        'AMD EPYC'
    """
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(k.split(":")[1].strip() for k in lines if k.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    accelerators = [d for d in keras.distribution.list_devices() if "cpu" not in d.lower()]
    return ", ".join([cpu, *accelerators])
