"""`sslzoo tune`: settings of a config, searched by keras-tuner on held-out training data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras_tuner
from filelock import FileLock, Timeout
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.errors import FailedTrialError, FatalError

from sslzoo.checks import local_path, one_of, refused, whole
from sslzoo.files import make_folder, read_own, replace_file
from sslzoo.zoo.build import from_config
from sslzoo.zoo.changes import changed
from sslzoo.zoo.config import dump
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.judged import judged
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.search_space import search_space
from sslzoo.zoo.sources import training_data
from sslzoo.zoo.train import check_data, load_evaluations
from sslzoo.zoo.trials import PARTS, Trial, Trials

TUNERS = ("bayesian", "random", "hyperband")
TRIALS = 20
NO_LIMIT = 2**31  # of failed trials: each is in the table


class Tuned(NamedTuple):
    """What `tune` found.

    Attributes:
        config: Path of the new config.
        best: The trial whose settings it has.
        trials: All of them, in their order.

    Example:
        >>> Tuned(Path("mine.tuned.yaml"), Trial(0, {}, 5, 0.9, 60.0), []).best.number
        0
    """

    config: Path
    best: Trial
    trials: list[Trial]


def tune(
    name: str | Path,
    search: Mapping[str, Any],
    out: str | Path | None = None,
    tuner: str = "bayesian",
    trials: int | None = None,
    objective: str = "knn",
    hold_out: float = 0.2,
    seed: int = 0,
    changes: Mapping[str, Any] | None = None,
) -> Tuned:
    """Search settings of a config. Each trial is a training without a part of the training data; on
    this part it is measured. Test data are never read.

    The same call again goes on where an interrupted search stopped, inside a training too. More
    `trials` continue a finished search.

    Args:
        name: An entry of the zoo, or the path of a config or of a run.
        search: {key: range}. A key is a field as `--set` takes it. A range is a text such as
            "0.1..0.5", "log:0.01..1" or "64..256", or a list of choices.
        out: Folder of the search. Default: runs/tune/NAME. Holds `trials.csv`, `tune.png`, the new
            config `NAME.tuned.yaml`, and a folder with the log of each trial.
        tuner: "bayesian", "random" or "hyperband". The last one trains many settings for a ninth of
            the epochs, and the better ones anew for a third and for all.
        trials: Number of trainings beside that of the config as it is written. Default: 20.
            Hyperband decides it itself.
        objective: "knn", "linear_probe" or "accuracy".
        hold_out: Share of each class of the labeled training data to measure on.
        seed: Random seed of the search. The training has that of its config.
        changes: {key: value} of the config before the search.

    Raises:
        ValueError: The input is bad, no training finished, or the folder holds another search.

    Example:
        >>> from sslzoo.zoo.tune import tune
        >>> search = {"optimizer.learning_rate": "log:0.01..1"}
        >>> tune("simclr_resnet20.digits", search, trials=10)  # doctest: +SKIP
    """
    entry = Entry.find(name)
    config = changed(entry.config, changes or {})
    config = config.model_copy(update={"record": None, "default": False, "aliases": []})
    spaces = search_space(config, search)
    _check_tuner(config, spaces, tuner, trials)
    whole("--seed", seed, 0)
    trial_config = judged(config, objective, hold_out)
    _check_trainings(trial_config, spaces)
    out = local_path("out", out or Path("runs/tune") / entry.name)
    make_folder(out)
    settings = {
        "config": dump(trial_config),
        "search": {key: str(values) for key, values in search.items()},
        "tuner": tuner,
        "seed": seed,
    }
    try:
        with FileLock(out / ".lock", timeout=0):
            _keep_settings(out / "tune.json", settings)
            store = Trials(out, trial_config, spaces, config.epochs if tuner == "hyperband" else 0)
            store.run(0, {})  # the config as it is written
            _search(store, _oracle(spaces, tuner, trials or TRIALS, seed, config))
    except Timeout:
        raise refused("out", f"{out}, where another process tunes", "be used by one") from None
    best = store.best()
    path = out / f"{entry.name}.tuned.yaml"
    told = f"# By sslzoo tune: trial {best.number} of {len(store.trials) - 1}, {objective} "
    told += f"{best.accuracy:.4f} on {hold_out:g} of the training data, held out for the choice.\n"
    settings = best.settings if best.number else {}
    replace_file(path, (told + dump(changed(config, settings))).encode())
    return Tuned(path, best, store.trials)


def _search(store: Trials, oracle: keras_tuner.Oracle) -> None:
    """Let keras-tuner draw until it has enough. What it keeps is made anew from the trials."""

    class Search(BaseTuner):
        def run_trial(self, trial: Any, **_: Any) -> dict[str, float]:
            try:
                done = store.run(int(trial.trial_id) + 1, trial.hyperparameters.values)
            except Exception as error:  # else keras-tuner would go on with the next trial
                raise FatalError(str(error)) from error
            if done.accuracy is None:
                raise FailedTrialError(done.note)
            return {"accuracy": done.accuracy}

    try:
        search = Search(oracle, directory=store.out, project_name="keras_tuner", overwrite=True)
        search.search(verbose=0)
    except FatalError as error:
        raise error.__cause__ from None


def _oracle(
    spaces: dict, tuner: str, trials: int, seed: int, config: ZooConfig
) -> keras_tuner.Oracle:
    space = keras_tuner.HyperParameters()
    for key, values in spaces.items():
        values.declare(space, key)
    settings = {
        "objective": keras_tuner.Objective("accuracy", "max"),
        "hyperparameters": space,
        "seed": seed + 1,  # keras-tuner draws another one for 0
        "max_consecutive_failed_trials": NO_LIMIT,
    }
    oracles = keras_tuner.oracles
    if tuner == "hyperband":
        return oracles.HyperbandOracle(max_epochs=min(PARTS, config.epochs), **settings)
    kinds = {
        "bayesian": oracles.BayesianOptimizationOracle,
        "random": oracles.RandomSearchOracle,
    }
    return kinds[tuner](max_trials=trials, **settings)


def _check_tuner(config: ZooConfig, spaces: dict, tuner: str, trials: int | None) -> None:
    one_of("--tuner", tuner, TUNERS)
    if trials is not None:
        whole("--trials", trials, 1)
    if tuner != "hyperband":
        return
    if trials is not None:
        raise refused("--trials", trials, "be left out: hyperband decides it")
    if "epochs" in spaces:
        raise refused("--search epochs", "a range", "be left out: hyperband decides them")
    if (config.epochs or 0) < 3:
        raise refused("epochs", config.epochs, "be at least 3 for hyperband")


def _check_trainings(config: ZooConfig, spaces: dict) -> None:
    """What any training would refuse is refused before the first."""
    data = training_data(config)
    (evaluation,) = load_evaluations(config)
    ends = [{key: end} for key, space in spaces.items() for end in space.ends]
    for changes in [{}, *ends]:
        model = from_config(changed(config, changes, "--search"))
        if not changes:
            check_data(model, config, data)
        evaluation(model, dry_run=True)


def _keep_settings(path: Path, settings: dict) -> None:
    """A folder belongs to one search."""
    if path.exists():
        kept = read_own(path, lambda: json.loads(path.read_bytes()), "search")
        differing = [key for key, value in settings.items() if kept.get(key) != value]
        if differing:
            needed = "be a folder of its own, or be removed"
            raise refused("out", f"{path.parent} of another search ({differing[0]})", needed)
    replace_file(path, json.dumps(settings, indent=1).encode())
