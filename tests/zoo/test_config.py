"""A config says what is wrong with it; the record leaves what a person wrote untouched."""

import os
from pathlib import Path

import numpy as np
import pytest

from sslzoo.zoo import yaml_text
from sslzoo.zoo.config import (
    RECORD_HEADER,
    ConfigError,
    check_recordable,
    dump,
    parse_config,
    validate,
    write_record,
)
from sslzoo.zoo.entry import load_config

TEXT = """\
# What this costs, by hand.
description: a test
paper: {title: A Paper, year: 2020, arxiv: "2002.05709"}
licence: Apache-2.0
method: simclr
backbone: {name: resnet20, width: 16}
image_size: 32
hyperparameters: {temperature: 0.5, projection: [128, 128]}
augment: simclr_cifar
data: {name: cifar10, split: train}
optimizer:
  name: sgd
  learning_rate: 0.12
  weight_decay: 5e-4  # no dot: YAML 1.1 would read a string
schedule: {warmup_epochs: 1}
batch_size: 256
epochs: 21
precision: float32
seed: 0
evaluate:
- {protocol: knn, k: 200, train: {name: cifar10, split: train}, test: {name: cifar10, split: test}}
# the last word of the person
"""

RECORD = {
    "commit": "12345e67",  # unquoted, the loader would read the float 1.2345e71
    "backend": "tensorflow",
    "device": "2 cores",
    "versions": {"keras": "3.15.1"},
    "started": "2026-11-22T11:27:00Z",
    "wall_seconds": 12.5,
    "steps": np.int64(4095),
    "metrics": [
        {
            "protocol": "knn",
            "accuracy": np.float32(0.5),
            "settings": {"k": 200, "shape": (32, 32, 3)},
        }
    ],
    "weights": {
        "file": "x.weights.h5",
        "sha256": "0" * 64,
        "bytes": 100,
        "encoding": "fp16",
        "agreement": {"max_relative_difference": 1e-4, "mean_cosine": 1.0, "images": 1000},
    },
}


@pytest.fixture(autouse=True)
def methods(monkeypatch):
    """Two methods, whatever the package holds."""
    paths = {
        name: Path(__file__).parents[2] / "sslzoo" / f"methods/contrastive/{name}.py"
        for name in ("simclr", "moco")
    }
    monkeypatch.setattr("sslzoo.methods._methods", lambda: paths)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "simclr_resnet20.test.yaml"
    path.write_text(TEXT)
    return path


def test_a_good_config(path):
    config = load_config(path)
    assert config.backbone.name == "resnet20" and config.backbone.options() == {"width": 16}
    assert config.hyperparameters == {"temperature": 0.5, "projection": [128, 128]}
    assert config.optimizer.weight_decay == 5e-4 and config.optimizer.momentum == 0.9
    assert (config.epochs, config.schedule.warmup_epochs, config.schedule.final) == (21, 1, 0)
    assert config.evaluate[0].settings() == {"k": 200, "temperature": 0.1}
    test = config.evaluate[0].test
    assert (test.name, test.split) == ("cifar10", "test") and test.options() == {
        "on_error": "raise"
    }
    assert config.record is None and config.default is False


def test_a_backbone_may_be_a_name_alone():
    config = parse_config(TEXT.replace("{name: resnet20, width: 16}", "resnet20"))
    assert (config.backbone.name, config.backbone.options()) == ("resnet20", {})


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "weight_decay",
            "wheight_decay",
            "unknown key 'optimizer.wheight_decay' (value 0.0005), did you mean",
        ),
        (
            "seed: 0",
            "seeds: 0",
            "unknown key 'seeds' (value 0), did you mean 'seed'? allowed keys: description",
        ),
        ("seed: 0", "3: 0", "unknown key '3' (value 0), allowed keys"),
        (
            "k: 200",
            "neighbors: 2",
            "unknown key 'evaluate[0].neighbors' (value 2), allowed keys: protocol, train",
        ),
        ("method: simclr\n", "", "the key 'method' is missing."),
        ("  learning_rate: 0.12\n", "", "the key 'optimizer.learning_rate' is missing."),
        ("name: sgd", "momentum: 0.9", "the key 'optimizer.name' is missing."),
        ("protocol: knn, ", "", "the key 'evaluate[0].protocol' is missing."),
        (
            "name: sgd",
            "name: sdg",
            "optimizer.name: got 'sdg'; it must be one of 'sgd', 'lars', 'adam', 'adamw'",
        ),
        (
            "protocol: knn",
            "protocol: kn",
            "evaluate[0].protocol: got 'kn'; it must be one of 'accuracy', 'adaptation'",
        ),
        (
            "float32",
            "float31",
            "precision: got 'float31'; it must be one of 'float32', 'mixed_float16'",
        ),
        ("batch_size: 256", "batch_size: 0", "batch_size: got 0; it must be greater than 0."),
        (
            "batch_size: 256",
            "batch_size: abc",
            "batch_size: got 'abc'; it must be a valid integer.",
        ),
        (
            "batch_size: 256",
            'batch_size: "256"',
            "batch_size: got '256'; it must be a valid integer.",
        ),
        ("epochs: 21", "epochs: 20.5", "epochs: got 20.5; it must be a valid integer."),
        ("seed: 0", "seed: true", "seed: got True; it must be a valid integer."),
        *(
            ("seed: 0", f"seed: {text}", f"line 19: got {text}, which versions of YAML read")
            for text in ("010", "1:30", "0o17", "09", "1_000", "0b11", "yes", "off", "2026-11-22")
        ),
        ("seed: 0", 'seed: !!int "010"', "line 19: got 010, which versions of YAML read"),
        ("seed: 0", f"seed: {'[' * 900}{']' * 900}", "its values are nested too deeply."),
        ("seed: 0", "seed: -1", "seed: got -1; it must be greater than or equal to 0."),
        ("0.12", ".nan", "optimizer.learning_rate: got nan; it must be a finite number."),
        ("0.12", "-1", "optimizer.learning_rate: got -1; it must be greater than 0."),
        (
            "warmup_epochs: 1",
            "warmup_epochs: 21",
            "schedule.warmup_epochs: got 21.0; it must be below epochs = 21.",
        ),
        (
            "warmup_epochs: 1",
            "final: 0.5",
            "schedule.final: got 0.5; it must be at most optimizer.learning_rate = 0.12.",
        ),
        (
            '"2002.05709"',
            "2002.05709",
            'paper.arxiv: got 2002.05709; it must be a valid string (put it in quotes: "2',
        ),
        (
            "2002.05709",
            "abs/2",
            "paper.arxiv: got 'abs/2'; it must be an arXiv number such as \"2002.05709\".",
        ),
        (
            "method: simclr",
            "method: simclt",
            "method: Unknown method 'simclt'; did you mean simclr?",
        ),
        (
            "data: {name: cifar10, split: train}",
            "data: cifar10",
            "data: got 'cifar10'; it must be a mapping of keys.",
        ),
        (
            "data: {name: cifar10, split: train}",
            'data: {source: {name: cifar10, split: train}, target: "b"}',
            "data.target: got 'b'; it must be a mapping of keys.",
        ),
        (
            "data: {name: cifar10, split: train}",
            "data: {source: {name: a, split: train}}\n"
            "tasks: {count: 5, test: {name: a, split: test}}",
            "tasks: got data for source; it must come with one source of data.",
        ),
        ("batch_size: 256\n", "", "batch_size: missing; a method with an optimizer needs it."),
        (
            "batch_size: 256",
            "sampler: {name: paired, labels_per_class: 4}",
            "batch_size: missing; paired needs it.",
        ),
        (
            "warmup_epochs: 1",
            "name: step, milestones: [7], warmup_epochs: 1",
            "schedule.warmup_epochs: got 1.0; it must be left out of step, which reads milestones,",
        ),
        (
            "warmup_epochs: 1",
            "name: constant, final: 0.01",
            "schedule.final: got 0.01; it must be left out of constant, which reads no key.",
        ),
        (
            "warmup_epochs: 1",
            "name: polynomial, factor: 0.5",
            "schedule.factor: got 0.5; it must be left out of polynomial, which reads final, power",
        ),
        (
            "warmup_epochs: 1",
            "milestones: [7]",
            "schedule.milestones: got [7.0]; it must be left out of cosine, which reads warmup_e",
        ),
        *(
            ("warmup_epochs: 1", f"name: step, milestones: {marks}", "it must be ascending epochs")
            for marks in ("[]", "[7, 3]", "[3, 3]", "[7, 21]")
        ),
        ("{name: resnet20, width: 16}", "3", "backbone: got 3; it must be a mapping of keys."),
        (
            "augment: simclr_cifar",
            "augment: [1]",
            "augment: got [1]; it must be the name of a preset or a",
        ),
        ("seed: 0", "seed: 0\nseed: 1", "line 20: the key 'seed' stands twice."),
        (
            "seed: 0",
            "seed: &a 0\ndefault: *a",
            "line 19: YAML aliases (*name) are not allowed, write the value out.",
        ),
        ("seed: 0", "? [a]\n: 0", "got a sequence as a key; it must be a plain word."),
        ("seed: 0", "seed: [", "not readable as YAML: while parsing a flow node"),
        ("seed: 0", "seed: 0\nrecord: {}", "the key 'record.commit' is missing."),
    ],
)
def test_what_is_refused(old, new, sentence):
    assert old in TEXT
    with pytest.raises(ConfigError) as error:
        parse_config(TEXT.replace(old, new, 1), "zoo_configs/x.yaml")
    assert str(error.value).startswith("zoo_configs/x.yaml") and sentence in str(error.value)


@pytest.mark.parametrize("text", ["5e-1", "0.5", ".5", "5.e-1", "5.0e-1", "+.5", "0.5e0"])
def test_every_form_of_a_float_is_read_as_one(text):
    changed = TEXT.replace("temperature: 0.5", f"temperature: {text}")
    assert parse_config(changed).hyperparameters["temperature"] == 0.5


def without(text, *keys):
    """The text without these keys, each of one line or with the lines that are indented below."""
    kept, skips = [], False
    for line in text.splitlines(keepends=True):
        skips = line.startswith(keys) or (skips and line.startswith(" "))
        kept += [] if skips else [line]
    return "".join(kept)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("schedule: {name: constant}", "schedule: got constant; it must come with an optimizer."),
        ("schedule: {warmup_epochs: 1}", "schedule: got cosine; it must come with an optimizer."),
        (
            "sampler: {name: paired, labels_per_class: 4}",
            "sampler: got paired; it must come with an optimizer.",
        ),
        ("epochs: 3", "epochs: got 3; it must come with an optimizer."),
    ],
)
def test_what_only_training_reads_needs_an_optimizer(key, sentence):
    text = without(TEXT, "optimizer", "schedule", "batch_size", "epochs")
    assert parse_config(text).optimizer is None
    with pytest.raises(ConfigError) as error:
        parse_config(f"{text}{key}\n")
    assert sentence in str(error.value)


def test_a_sampler_that_makes_its_own_batches_needs_no_batch_size():
    sampler = "sampler: {name: by_domain, samples: 4, periods: 2}\n"
    assert parse_config(without(TEXT, "batch_size") + sampler).batch_size is None


def test_a_value_that_may_be_of_two_types_has_one_sentence():
    with pytest.raises(ConfigError) as error:
        parse_config(TEXT.replace("image_size: 32", "image_size: 1.5"), "a.yaml")
    assert str(error.value) == "a.yaml: image_size: got 1.5; it must be a valid integer."


def test_every_mistake_is_listed():
    with pytest.raises(ConfigError) as error:
        parse_config(TEXT.replace("seed: 0", "seed: -1").replace("epochs: 21", "epochs: 0"), "x")
    lines = str(error.value).splitlines()
    assert lines == [
        "x: epochs: got 0; it must be greater than 0.",
        "x: seed: got -1; it must be greater than or equal to 0.",
    ]


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "word"])
def test_a_file_that_is_no_config(text):
    with pytest.raises(
        ConfigError,
        match=r"the key 'method' is missing|got a (sequence|scalar); the file must be a map",
    ):
        parse_config(text)


def test_python_tags_are_refused_and_never_run(path, tmp_path):
    path.write_text(
        TEXT.replace("seed: 0", f"seed: !!python/object/apply:os.mkdir [{tmp_path}/made]")
    )
    with pytest.raises(
        ConfigError, match="line 19: the YAML tag !!python/object/apply:os.mkdir is refused"
    ):
        load_config(path)
    assert not (tmp_path / "made").exists()


def test_a_file_that_is_not_text_or_not_there(path):
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not a UTF-8 text file"):
        load_config(path)
    with pytest.raises(FileNotFoundError):
        load_config(path.with_name("other.yaml"))


def test_an_error_names_the_file(path):
    path.write_text(TEXT.replace("epochs: 21", "epochs: x"))
    with pytest.raises(
        ConfigError, match=f"^{path}: epochs: got 'x'; it must be a valid integer.$"
    ):
        load_config(path)


def test_dump_reads_back(path):
    config = load_config(path)
    text = dump(config)
    assert parse_config(text) == config and dump(parse_config(text)) == text
    assert (
        text.splitlines()[0] == "description: a test"
        and "data: {name: cifar10, split: train, on_error: raise}" in text
    )


def test_a_config_is_not_changed_in_place(path):
    with pytest.raises(ValueError, match="frozen"):
        load_config(path).seed = 3


def test_a_changed_copy_is_checked(path):
    data = load_config(path).model_dump(mode="json", exclude_none=True)
    assert validate({**data, "seed": 3}).seed == 3
    with pytest.raises(ConfigError, match="config: seed: got 'x'"):
        validate({**data, "seed": "x"})


@pytest.mark.parametrize("text", [TEXT, TEXT.rstrip("\n"), TEXT.replace("\n", "\r\n")])
def test_the_record_leaves_the_written_part_as_it_is(path, text):
    path.write_bytes(text.encode())
    before = path.read_bytes()
    for commit in ("12345e67", "ab" * 20, "12e4"):
        write_record(path, {**RECORD, "commit": commit})
        assert path.read_bytes().startswith(before)
        assert load_config(path).record.commit == commit
    content = path.read_bytes().decode()
    assert content.count("record:") == 1 and content.count(RECORD_HEADER) == 1
    record = load_config(path).record
    assert record.steps == 4095 and record.started == "2026-11-22T11:27:00Z"
    assert record.metrics == [
        {"protocol": "knn", "accuracy": 0.5, "settings": {"k": 200, "shape": [32, 32, 3]}}
    ]
    assert record.weights.agreement.max_relative_difference == 1e-4
    write_record(path, record)
    assert path.read_bytes().decode().replace("12e4", "") == content.replace("12e4", "")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"knots": 3},
            "record: unknown key 'knots' (value 3), allowed keys: commit, continued, backend",
        ),
        (
            {"backend": "torch"},
            "record: backend: got 'torch'; it must be one of 'tensorflow' or 'jax'",
        ),
        (
            {"wall_seconds": float("nan")},
            "record: wall_seconds: got nan; it must be a finite number",
        ),
        (
            {"weights": {**RECORD["weights"], "sha256": "AB"}},
            "record: weights.sha256: got 'AB'; it must match pattern",
        ),
        (
            {"weights": {**RECORD["weights"], "file": "../x.weights.h5"}},
            "record: weights.file: got '../x.weights.h5",
        ),
    ],
)
def test_a_bad_record_leaves_the_file_as_it_is(path, change, sentence):
    with pytest.raises(ConfigError) as error:
        write_record(path, {**RECORD, **change})
    assert sentence in str(error.value)
    assert path.read_text() == TEXT and os.listdir(path.parent) == [path.name]


def test_the_record_must_come_last(path):
    write_record(path, RECORD)
    text = path.read_text() + "default: true\n"
    path.write_text(text)
    with pytest.raises(
        ConfigError, match="the key 'default' stands below the record, which must be the last key"
    ):
        write_record(path, RECORD)
    with pytest.raises(ConfigError, match="the key 'default' stands below the record"):
        check_recordable(path)
    assert path.read_text() == text


def test_a_name_that_no_weights_can_have(path):
    check_recordable(path)
    with pytest.raises(ConfigError, match="the name is 'my model'; it must be letters, digits"):
        check_recordable(path.rename(path.with_name("my model.yaml")))


def test_numbers_without_a_dot_and_strings_like_them():
    data = {
        "a": 5e-4,
        "b": "5e-4",
        "c": "1e5",
        "d": [1, 2],
        "e": "12345e67",
        "f": "yes",
        "g": "2026-01-01",
        "h": 1e-5,
    }
    assert yaml_text.parse(yaml_text.write(data), "x") == data
    assert yaml_text.parse("a: 5e-4\nb: 1E+3\nc: -2e3", "x") == {
        "a": 5e-4,
        "b": 1000.0,
        "c": -2000.0,
    }


@pytest.mark.parametrize("key", ["description", "paper", "licence"])
def test_only_what_is_published_needs_words_about_it(path, key):
    path.write_text(without(TEXT, key))
    assert load_config(path).method == "simclr"
    with pytest.raises(ConfigError, match=f"the key '{key}' is missing; what is recorded needs"):
        check_recordable(path)
