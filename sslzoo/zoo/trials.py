"""The trials of `sslzoo tune`: each a training in its own folder, kept once it is finished."""

import csv
import gc
import io
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from sslzoo.files import make_folder, read_own, replace_file
from sslzoo.notices import notice
from sslzoo.plots.tuned import tuned_png
from sslzoo.zoo.build import from_config
from sslzoo.zoo.changes import changed
from sslzoo.zoo.run_state import RunState, keep_config
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.sources import training_data
from sslzoo.zoo.train import check_data, learn, load_evaluations

PARTS = 9  # of a whole training, in which hyperband counts: two rounds leave a third each


class Trial(NamedTuple):
    """One training of a search.

    Attributes:
        number: 0 for the config as it is written.
        settings: {key: value} of what is searched.
        epochs: Of the training; None for a method without epochs.
        accuracy: On the held-out training data; None if the training failed.
        seconds: Of the training.
        note: Why it failed, or which trial had the same settings.

    Example:
        >>> Trial(1, {"batch_size": 64}, 5, 0.9, 60.0).accuracy
        0.9
    """

    number: int
    settings: dict[str, Any]
    epochs: int | None
    accuracy: float | None
    seconds: float
    note: str = ""


class Trials:
    """The trials of a search, kept in its folder: a finished one is not trained again.

    Args:
        out: The folder.
        config: What is searched.
        spaces: {key of the config: range or choices}.
        most_epochs: Of a whole training of hyperband; 0 for the other tuners.

    >>> from sslzoo.zoo.entry import load_config
    >>> Trials(Path("out"), load_config("simclr_resnet20.digits"), {}, 0).trials
    []
    """

    def __init__(self, out: Path, config: ZooConfig, spaces: dict, most_epochs: int) -> None:
        self.out, self.config = out, config
        self.spaces = spaces
        self.most_epochs = most_epochs  # of hyperband
        self.trials: list[Trial] = []

    def run(self, number: int, drawn: dict[str, Any]) -> Trial:
        """Train and measure what keras-tuner drew, or read what came of it."""
        folder = self.out / "trials" / f"{number:03d}"
        path = folder / "trial.json"
        kept = {"drawn": drawn}
        if path.exists():
            kept = read_own(path, lambda: json.loads(path.read_bytes()), "trial")
            # What was trained counts, should another version of keras-tuner draw otherwise.
            drawn.update(kept["drawn"])
        else:
            make_folder(folder)
            replace_file(path, json.dumps(kept).encode())
        if "accuracy" not in kept:
            kept |= self._result(number, drawn, folder)
            replace_file(path, json.dumps(kept).encode())
            (folder / "checkpoint.npz").unlink(missing_ok=True)  # as large as the model
        trial = Trial(number, self._settings(drawn), self._epochs(drawn), **_without_drawn(kept))
        self.trials.append(trial)
        self._write()
        return trial

    def best(self) -> Trial:
        """The best of the whole trainings; the first of equals."""
        done = [trial for trial in self.trials if trial.accuracy is not None]
        if not done:
            raise ValueError(f"tune: no training finished; the last one: {self.trials[-1].note}")
        longest = [trial for trial in done if trial.epochs == self.most_epochs]
        return max(longest or done, key=lambda trial: trial.accuracy)

    def _result(self, number: int, drawn: dict, folder: Path) -> dict[str, Any]:
        settings, epochs = self._settings(drawn), self._epochs(drawn)
        shown = ", ".join(f"{key} {value}" for key, value in settings.items())
        for trial in self.trials:
            if (trial.settings, trial.epochs) == (settings, epochs) and trial.accuracy is not None:
                note = f"as trial {trial.number}"
                return {"accuracy": trial.accuracy, "seconds": 0.0, "note": note}
        changes = self._changes(drawn)
        length = f", {epochs} epochs" if self.most_epochs else ""
        notice(f"Trial {number}{' (as written)' if not drawn else ''}: {shown}{length}.")
        run = RunState(folder / "run.json")
        try:
            accuracy = _measured(changed(self.config, changes, "tune"), folder, run)
        except (ValueError, FloatingPointError) as error:
            notice(f"Trial {number} failed: {error}")
            return {"accuracy": None, "seconds": run.seconds, "note": str(error)}
        known = [trial.accuracy for trial in self.trials if trial.accuracy is not None]
        highest = max([*known, accuracy])
        notice(f"Trial {number}: {accuracy:.4f}, the highest so far {highest:.4f}.")
        return {"accuracy": accuracy, "seconds": round(run.seconds, 2), "note": ""}

    def _changes(self, drawn: dict) -> dict[str, Any]:
        if not drawn:
            return {}
        epochs = {"epochs": self._epochs(drawn)} if self.most_epochs else {}
        return self._settings(drawn) | epochs

    def _settings(self, drawn: dict) -> dict[str, Any]:
        if not drawn:
            return {key: _current(self.config, key) for key in self.spaces}
        return {key: space.value(drawn[key]) for key, space in self.spaces.items()}

    def _epochs(self, drawn: dict) -> int | None:
        if not self.most_epochs or not drawn:
            return self._settings(drawn).get("epochs", self.config.epochs)
        parts = drawn["tuner/epochs"] / min(PARTS, self.most_epochs)
        return math.ceil(self.most_epochs * parts)

    def _write(self) -> None:
        """The table and the figure."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["trial", "accuracy", "epochs", "seconds", *self.spaces, "note"])
        for trial in self.trials:
            values = [trial.settings[key] for key in self.spaces]
            row = [trial.number, trial.accuracy, trial.epochs, trial.seconds, *values, trial.note]
            writer.writerow("" if value is None else value for value in row)
        replace_file(self.out / "trials.csv", text.getvalue().encode())
        logs = [key for key, space in self.spaces.items() if getattr(space, "log", False)]
        replace_file(self.out / "tune.png", tuned_png(self.trials, logs))


def _without_drawn(kept: dict) -> dict:
    return {key: value for key, value in kept.items() if key != "drawn"}


def _current(config: ZooConfig, key: str) -> Any:
    """The value of a key in a config; None where it has none."""
    value = config.model_dump()
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _measured(config: ZooConfig, folder: Path, run: RunState) -> float:
    """Train in a folder, or go on there, and return the accuracy on the held-out data."""
    model, data = from_config(config), training_data(config)
    check_data(model, config, data)
    (evaluation,) = load_evaluations(config)
    keep_config(config, folder / "config.yaml")
    learn(model, config, data, folder, [run], {"checkpoint_every": 200, "verbose": 0})
    accuracy = evaluation(model, baselines=False)["accuracy"]
    del model
    gc.collect()
    return accuracy
