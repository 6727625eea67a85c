"""Names: found without importing keras, resolved by tag and default, and the nearest ones
suggested.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sslzoo.errors import UnknownName
from sslzoo.methods import list_methods, method_class, method_family
from sslzoo.words import duration
from sslzoo.zoo import registry
from sslzoo.zoo.config import dump, parse_config, write_record
from sslzoo.zoo.entry import Entry, info, load_config
from sslzoo.zoo.registry import entry_name, former_versions, list_models, resolve

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = """\
description: a test
paper: {title: A Paper, arxiv: "2002.05709"}
licence: Apache-2.0
method: simclr
backbone: {name: resnet20, width: 16}
image_size: 32
hyperparameters: {temperature: 0.5, projection: [128, 128]}
data: {name: cifar10, split: train}
optimizer: {name: sgd, learning_rate: 0.12}
batch_size: 256
epochs: 21
"""
FAMILIES = (("simclr", "contrastive"), ("byol", "asymmetric"))
METRIC = {
    "protocol": "knn",
    "accuracy": 0.5,
    "confidence_95": [0.49, 0.51],
    "per_class": {"cat": 0.1},
    "settings": {"k": 200},
    "baselines": {"untrained_encoder": 0.33, "raw_pixels": 0.34},
    "seconds": 3.0,
}
RECORD = {
    "commit": "ab" * 20,
    "backend": "tensorflow",
    "device": "2 cores",
    "versions": {"keras": "3.15.1"},
    "started": "2026-11-22T11:27:00Z",
    "wall_seconds": 12.5,
    "steps": 4095,
    "metrics": [METRIC],
    "weights": {"file": "x.weights.h5", "sha256": "0" * 64, "bytes": 100, "encoding": "fp16"},
}


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """A zoo of its own: two tags of one model, one of them the default, and a model with a single
    tag.
    """
    folder = tmp_path / "entries"
    folder.mkdir()
    monkeypatch.setenv("SSLZOO_CONFIGS", str(folder))
    monkeypatch.setattr(registry, "PACKAGE", tmp_path / "package")
    paths = {n: tmp_path / f"package/methods/{f}/{n}.py" for n, f in FAMILIES}
    monkeypatch.setattr("sslzoo.methods._methods", lambda: paths)
    for name, default in (
        ("simclr_resnet20.a", "default: true"),
        ("simclr_resnet20.b", ""),
        ("byol_resnet50.c", ""),
    ):
        text = TEXT.replace("method: simclr", f"method: {name.split('_')[0]}")
        (folder / f"{name}.yaml").write_text(f"{default}\n{text}")
    return folder


def test_listing(zoo):
    assert list_models() == ["byol_resnet50.c", "simclr_resnet20.a", "simclr_resnet20.b"]
    assert list_models("*.b") == ["simclr_resnet20.b"]
    assert list_models(family="asymmetric") == ["byol_resnet50.c"]
    assert list_models("*.a", family="asymmetric") == []
    assert list_methods() == ["byol", "simclr"] and list_methods("contrastive") == ["simclr"]
    with pytest.raises(ValueError, match="Unknown family 'contrastiv'; did you mean contrastive?"):
        list_methods("contrastiv")
    with pytest.raises(ValueError, match="Unknown family 'contrastiv'"):
        list_models(family="contrastiv")


def test_the_family_of_an_entry_is_that_of_its_method_however_it_is_named(zoo):
    for name in ("byol.d", "my_best"):
        text = TEXT.replace("method: simclr", "method: byol")
        (zoo / f"{name}.yaml").write_text(text)
    assert list_models(family="asymmetric") == ["byol.d", "byol_resnet50.c", "my_best"]
    assert list_models(family="contrastive") == ["simclr_resnet20.a", "simclr_resnet20.b"]


def test_entries_with_a_property(zoo, tmp_path, monkeypatch):
    (zoo / "simclr_resnet20.wide.yaml").write_text(
        TEXT.replace("image_size: 32", "image_size: [32, 64]").replace("cifar10", "mine")
    )
    assert list_models(data="mine") == list_models(image_size=(32, 64)) == ["simclr_resnet20.wide"]
    assert "simclr_resnet20.wide" not in list_models(image_size=32)
    assert list_models("*.b", data="cifar10", licence="Apache-2.0") == ["simclr_resnet20.b"]
    assert list_models(family="asymmetric", data="mine") == []
    with pytest.raises(ValueError, match="Unknown data 'cifar'; did you mean cifar10?"):
        list_models(data="cifar")
    with pytest.raises(ValueError, match="Unknown licence 'GPL'; allowed: Apache-2.0."):
        list_models(licence="GPL")


def test_models_with_weights_on_this_machine(zoo, tmp_path, monkeypatch):
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "cache"))
    for name in ("simclr_resnet20.a", "simclr_resnet20.b"):
        weights = RECORD["weights"] | {"file": f"{name}.weights.h5"}
        write_record(zoo / f"{name}.yaml", RECORD | {"weights": weights})
    assert list_models(at_hand=True) == []
    (zoo / "simclr_resnet20.b.weights.h5").write_bytes(bytes(100))
    assert list_models(at_hand=True) == ["simclr_resnet20.b"]
    (tmp_path / "cache" / "weights").mkdir(parents=True)
    cached = tmp_path / "cache" / "weights" / f"simclr_resnet20.a-{'0' * 12}.weights.h5"
    cached.write_bytes(bytes(99))  # a part
    assert list_models(at_hand=True) == ["simclr_resnet20.b"]
    cached.write_bytes(bytes(100))
    assert list_models(at_hand=True) == ["simclr_resnet20.a", "simclr_resnet20.b"]


def test_models_that_compute_something():
    assert "flexmatch_convnet.digits" in list_models(verb="classify")
    with pytest.raises(ValueError, match="Unknown verb 'clasify'; did you mean classify?"):
        list_models(verb="clasify")


def test_a_method_without_a_network_is_in_its_family():
    assert "tca.office_caltech10" in list_models(family="transfer")
    assert "tca.office_caltech10" not in list_models(family="metric")


@pytest.mark.parametrize("name", list_models())
def test_every_entry_of_the_zoo_is_valid_also_with_its_defaults_written_out(name):
    config = load_config(name)
    assert dump(parse_config(dump(config))) == dump(config)


def test_resolving(zoo):
    assert resolve("simclr_resnet20.b") == zoo / "simclr_resnet20.b.yaml"
    assert resolve("simclr_resnet20") == zoo / "simclr_resnet20.a.yaml"  # marked default
    assert resolve("byol_resnet50") == zoo / "byol_resnet50.c.yaml"  # the only one
    assert load_config("byol_resnet50").method == "byol"


def test_a_path_is_a_config_wherever_it_lies(zoo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mine.yaml", "mine.yml", "entries/mine"):
        (tmp_path / name).write_text(TEXT)
        assert resolve(name).samefile(tmp_path / name) and load_config(name).method == "simclr"
        assert info(name).name == entry_name(name) == "mine"
    for name in ("no.yaml", "no.yml", "no/no"):
        with pytest.raises(FileNotFoundError, match=f"config: there is no file {name}"):
            resolve(name)
    with pytest.raises(FileNotFoundError, match="config: entries/ is a folder without a config.ya"):
        resolve("entries/")


def test_weights_lie_beside_the_config_or_beside_zoo_configs(tmp_path, monkeypatch):
    (tmp_path / "zoo_configs").mkdir()
    for path in (tmp_path / "zoo_configs/a.yaml", tmp_path / "x.yaml"):
        path.write_text(TEXT)
    folder = Entry.find(tmp_path / "zoo_configs/a.yaml").weights_folder
    assert folder == tmp_path / "weights"
    assert Entry.find(tmp_path / "x.yaml").weights_folder == tmp_path
    monkeypatch.chdir(tmp_path / "zoo_configs")
    assert Entry.find("a.yaml").weights_folder == tmp_path / "weights"


@pytest.mark.parametrize(
    "name", ["simclr_resnet2", "simclr_resnet20.", "simclr_resnet20.aa", "SimCLR_resnet20"]
)
def test_an_unknown_name_suggests_the_nearest(zoo, name):
    with pytest.raises(UnknownName) as error:
        resolve(name)
    assert isinstance(error.value, KeyError) and isinstance(error.value, ValueError)
    message = str(error.value)
    assert (
        message.startswith(f"Unknown model '{name}'; did you mean") and "simclr_resnet20" in message
    )


def test_a_name_without_a_clear_default(zoo):
    path = zoo / "simclr_resnet20.a.yaml"
    path.write_text(path.read_text().replace("default: true", "default: false"))
    with pytest.raises(
        UnknownName, match="stands for simclr_resnet20.a, simclr_resnet20.b, and none of them"
    ):
        resolve("simclr_resnet20")
    for tag in "ab":
        path = zoo / f"simclr_resnet20.{tag}.yaml"
        path.write_text("default: true\n" + path.read_text().replace("default: false", ""))
    with pytest.raises(
        UnknownName, match="and 2 of them are marked `default: true`; name one in full"
    ):
        resolve("simclr_resnet20")


def test_an_entry_of_ones_own_hides_the_packaged_one(zoo, tmp_path):
    packaged = tmp_path / "package" / "zoo_configs"
    packaged.mkdir(parents=True)
    for name in ("simclr_resnet20.a", "simclr_resnet18.z"):
        (packaged / f"{name}.yaml").write_text(TEXT)
    assert (
        resolve("simclr_resnet20.a").parent == zoo and resolve("simclr_resnet18").parent == packaged
    )


def test_a_folder_of_entries_that_is_not_there(monkeypatch):
    monkeypatch.setenv("SSLZOO_CONFIGS", "/nowhere")
    with pytest.raises(
        ValueError, match=r"SSLZOO_CONFIGS: got '/nowhere'; it must be an existing folder"
    ):
        list_models()


def test_a_card_before_and_after_the_recorded_run(zoo):
    before = info("simclr_resnet20")
    assert (before.name, before.metrics, before.sha256, before.bytes) == (
        "simclr_resnet20.a",
        [],
        None,
        None,
    )
    assert "none yet: `sslzoo train simclr_resnet20.a --record` makes them" in str(before)
    write_record(zoo / "simclr_resnet20.a.yaml", RECORD)
    after = info("simclr_resnet20")
    assert (after.sha256, after.bytes) == ("0" * 64, 100)
    assert after.metrics == [METRIC]
    for text in (
        "knn accuracy 0.5 (95 % 0.490-0.510; untrained_encoder 0.33, raw_pixels 0.34; k 200)",
        "0" * 64,
    ):
        assert text in str(after)
    for text in (
        "arXiv:2002.05709",
        "simclr (contrastive), temperature 0.5",
        "cifar10, split train",
        "Apache-2.0",
    ):
        assert text in str(after)
    path = zoo / "simclr_resnet20.a.yaml"
    figure = "reference:\n- {what: kNN of another, value: 0.847, source: lightly}\n"
    path.write_text(
        figure + path.read_text().replace("  backend:", "  continued: [cdcdcdcdcdcdcd]\n  backend:")
    )
    text = str(info("simclr_resnet20"))
    assert (
        "reference 0.847: kNN of another (lightly)" in text
        and "commit abababababab, continued on cdcdcdcdcdcd" in text
    )
    assert info("simclr_resnet20").as_dict()["reference"][0]["value"] == 0.847
    assert (
        after.as_dict()["family"] == "contrastive"
        and after.as_dict()["record"]["commit"] == "ab" * 20
    )


def test_a_card_on_a_terminal(zoo, capsys):
    import rich

    rich.print(info("simclr_resnet20.b"))
    printed = capsys.readouterr().out
    assert "simclr_resnet20.b" in printed and "[128, 128]" in printed


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.23, "1.2 s"), (12.4, "12 s"), (125, "2 min 5 s"), (7290, "2 h 1 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_the_package_s_own_entries():
    for name in list_models():
        config = load_config(name)
        if "scale" in config.hyperparameters:
            what = f"_x{config.hyperparameters['scale']}"
        else:
            what = f"_{config.backbone.name}" if config.backbone else ""
        named = name.startswith(f"{config.method}{what}.")
        assert named or config.checkpoint, name  # others' have the method that trained them
        assert method_family(config.method) and info(name).name == name
        assert resolve(name.split(".")[0]).exists()
        if config.record:
            version = len(former_versions(resolve(name))) + 1
            part = f"@v{version}" if version > 1 else ""
            assert config.record.weights.file == f"{name}{part}.weights.h5"


def test_a_method_is_the_class_named_like_its_file():
    assert method_class("simclr").__name__ == "SimCLR"
    with pytest.raises(UnknownName, match="Unknown method 'simclear'; did you mean simclr"):
        method_class("simclear")


def test_a_file_without_a_method_is_refused(monkeypatch):
    import types

    monkeypatch.setattr("sslzoo.methods.import_module", lambda name: types.ModuleType(name))
    with pytest.raises(TypeError, match="simclr.py defines no class named like its file"):
        method_class("simclr")


LISTING = """
import sys
import sslzoo
sslzoo.list_models(), sslzoo.list_methods()
print(sorted({"keras", "tensorflow", "jax", "numpy", "pydantic", "h5py"} & set(sys.modules)))
"""


def test_listing_imports_nothing_heavy():
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    environment.pop("SSLZOO_CONFIGS", None)
    command = [sys.executable, "-c", LISTING]
    result = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    assert result.stdout == "[]\n"


@pytest.mark.parametrize("name", ["simclr_resnet20.digits", "simclr_resnet20.digits@v1"])
def test_an_entry_comes_before_a_folder_of_its_name(tmp_path, monkeypatch, caplog, name):
    monkeypatch.chdir(tmp_path)
    for folder in (name, "mine", "mine@v2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / registry.FOLDER_DESCRIPTION).touch()
    assert registry.saved_kind(name) is registry.saved_kind(name) is None
    assert [record.message for record in caplog.records] == [
        f"{name}: the entry of the zoo is used; the folder of that name here is ./{name}."
    ]
    for other in (f"./{name}", tmp_path / name, "mine", "mine@v2"):
        assert registry.saved_kind(other) == "folder"


def test_addresses_of_models_elsewhere():
    for name in ("hf://ann/mine", "https://example.org/mine", "http://localhost:8000/mine.keras"):
        assert registry.saved_kind(name) == "remote"
    with pytest.raises(ValueError, match="model: got 's3://mine'; it must be a path on this"):
        registry.saved_kind("s3://mine")
