"""Protocols are found by their files, and say themselves what they take."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from sslzoo import evaluate, report
from sslzoo.errors import UnknownName
from sslzoo.evaluate import protocols

NAMES = protocols.names()
FOLDER = Path(protocols.__file__).parent


def imported_by(code):
    """Which of the heavy modules a new process has after running `code`."""
    heavy = ("numpy", "keras", "sklearn", "tensorflow", "jax", "matplotlib")
    code += f"\nimport sys; print(*[m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_every_file_is_a_protocol():
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert files == set(NAMES) and sorted(NAMES) == NAMES
    assert {"accuracy", "finetune", "incremental", "knn", "super_resolution"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_has_one_function_of_its_name_that_is_annotated_to_the_last_parameter(name):
    function = getattr(evaluate, name)
    assert function.__name__ == name and function.__module__.endswith(f"protocols.{name}")
    signature = inspect.signature(function)
    assert next(iter(signature.parameters)) == "model" and signature.return_annotation is dict
    bare = [
        p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty
    ]
    assert bare == []


@pytest.mark.parametrize("name", NAMES)
def test_its_headlines_are_read_without_importing_it(name):
    headlines = protocols.headlines(name)
    assert headlines == protocols.import_module(f"sslzoo.evaluate.protocols.{name}").HEADLINES
    assert all(len(headline) == 3 for headline in headlines) and headlines


def test_the_roles_of_data_are_the_parameters_without_a_default():
    assert protocols.roles("finetune") == ("train", "test")
    assert protocols.roles("retrieval") == ("test",)
    assert protocols.roles("incremental") == ("stream",)


def test_how_a_protocol_is_run_is_no_setting():
    settings = {name: list(protocols.settings(name)) for name in NAMES}
    assert settings["knn"] == ["k", "temperature"]
    assert settings["accuracy"] == []
    assert settings["incremental"] == ["epochs", "joint"]


def as_config(name):
    """The pydantic model that the zoo makes of the settings."""
    strict = ConfigDict(strict=True, extra="forbid")
    fields = {key: (kind, default) for key, (kind, default) in protocols.settings(name).items()}
    return create_model(name, __config__=strict, **fields)


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_are_in_their_own_range(name):
    config: type[BaseModel] = as_config(name)
    defaults = {key: default for key, (_, default) in protocols.settings(name).items()}
    assert config(**defaults).model_dump() == defaults


BAD: list[tuple[str, str, Any]] = [
    ("knn", "k", 0),
    ("knn", "temperature", 0.0),
    ("linear_probe", "validation_fraction", 1.0),
    ("linear_probe", "penalties", [0.1, 0.0]),
    ("linear_probe", "seed", -1),
    ("finetune", "fraction", 1.5),
    ("finetune", "labels_per_class", 0),
    ("finetune", "epochs", 0),
    ("finetune", "learning_rate", 0.0),
    ("few_shot", "ways", 1),
    ("few_shot", "shots", 0),
    ("few_shot", "similarity", "dot"),
    ("retrieval", "ranks", [0]),
    ("verification", "pairs", 0),
    ("super_resolution", "shave", -1),
    ("segmentation", "longest", 0),
    ("segmentation", "learning_rates", [0.0]),
    ("detection", "validation_fraction", 0.0),
    ("detection", "epochs", 0),
]


@pytest.mark.parametrize(("name", "setting", "value"), BAD)
def test_a_value_out_of_range_is_refused_by_the_annotation(name, setting, value):
    with pytest.raises(ValidationError):
        as_config(name)(**{setting: value})


def test_lists_of_a_config_are_taken():
    assert as_config("retrieval")(ranks=[1, 2]).ranks == [1, 2]
    assert as_config("linear_probe")(penalties=[1, 0.1]).penalties == [1, 0.1]
    assert as_config("finetune")(augment={"preset": "digits"}, fraction=1.0).fraction == 1.0


@pytest.mark.parametrize("what", [protocols.find, protocols.roles, protocols.headlines])
def test_an_unknown_name_gets_the_nearest_ones(what):
    with pytest.raises(UnknownName, match="Unknown protocol 'linear_prob'; did you mean linear_"):
        what("linear_prob")


def test_what_the_package_promises_is_there():
    logs = {"AccuracyLog", "AlignmentLog", "KNNLog", "LinearProbeLog", "ProjectorLog"}
    without_labels = {"a_distance", "mutual_information", "neighborhood_density"}
    audits = {"fgsm", "inheritance", "penultimate", "pgd", "poisoned", "triggered"}
    others = {*logs, *without_labels, *audits, "features", "labeled_subset"}
    others |= {"attention_maps", "plot_super_resolution"}
    assert {*NAMES, *others} == set(evaluate.__all__) <= set(dir(evaluate))
    assert all(callable(getattr(evaluate, name)) for name in evaluate.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'kn'"):
        evaluate.kn  # noqa: B018


def test_imports_stay_light():
    assert imported_by("from sslzoo import evaluate; dir(evaluate)") == set()
    line = (
        "from sslzoo.evaluate import protocols; [protocols.headlines(n) for n in protocols.names()]"
    )
    assert imported_by(line) == set()
    line = (
        "from sslzoo.evaluate import protocols; [protocols.settings(n) for n in protocols.names()]"
    )
    assert imported_by(line) == {"numpy"}
    assert imported_by("import sslzoo.report") == set()


def test_figures_of_a_protocol_that_is_not_known_are_none():
    assert report.metric_figures({"protocol": "mine", "accuracy": 1.0}) == []
