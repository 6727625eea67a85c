"""What a run of `sslzoo train` remembers over its lives, and where it ran."""

import importlib.metadata
import importlib.util
import json
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

import sslzoo
from sslzoo.files import replace_file

VERSIONS = ("keras", "tensorflow", "jax", "numpy")


class RunState(keras.callbacks.Callback):
    """Keeps in run.json when a run began, from which commit, on which others it went on, and how
    many seconds it has trained over all its lives.

    Args:
        path: of run.json.

    Example:
        >>> from pathlib import Path
        >>> from sslzoo.zoo.run_state import RunState
        >>> RunState(Path("runs/mine/run.json")).seconds
        0.0
    """

    def __init__(self, path: Path) -> None:
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
            "versions": {
                name: importlib.metadata.version(name)
                for name in VERSIONS
                if importlib.util.find_spec(name)
            },
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

    def write(self) -> None:
        """Put the state on the disk."""
        self.state["seconds"] = self.before + time.monotonic() - self.since
        replace_file(self.path, json.dumps(self.state).encode())

    def on_train_begin(self, logs: Any = None) -> None:
        self.begin()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.write()

    def on_train_end(self, logs: Any = None) -> None:
        self.write()


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
        >>> isinstance(device(), str)
        True
    """
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(k.split(":")[1].strip() for k in lines if k.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    accelerators = [d for d in keras.distribution.list_devices() if "cpu" not in d.lower()]
    return ", ".join([cpu, *accelerators])
