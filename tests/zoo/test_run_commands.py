"""A run is a model for every command: train, then eval, embed, export, info, compare, report."""

import json
import shutil
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from sslzoo import cli

CONFIG = """\
method: fixmatch
backbone: {name: micro}
image_size: 8
hyperparameters: {classes: 10}
augment: digits
data: {name: digits, split: train}
sampler: {name: paired, labels_per_class: 4, ratio: 3, steps_per_epoch: 2}
optimizer: {name: sgd, learning_rate: 0.1}
batch_size: 8
epochs: 2
evaluate:
- {protocol: accuracy, test: {name: digits, split: test}}
"""


@pytest.fixture
def command(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["sslzoo", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capsys.readouterr()
        assert not stopped.value.code, err
        return out

    return run


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(4):
        path = tmp_path / "photos" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (8, 8), "uint8")).save(path)
    (tmp_path / "photos" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "photos"


@pytest.mark.slow
def test_a_run_is_a_model(command, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(CONFIG)
    trained = json.loads(command("train", "mine.yaml", "--json"))
    for name in ("mine.yaml", "runs/mine"):
        result = json.loads(command("eval", name, "--json"))
        assert result["accuracy"] == pytest.approx(trained["metrics"][0]["accuracy"], abs=0.01)
    assert json.loads(command("info", "runs/mine", "--json"))["record"]["steps"] == 4

    out = command("embed", "runs/mine", "--data", "digits")
    assert "1,297 x 16 of split train" in out and "Not written: test." in out
    command("embed", "mine.yaml", "--data", photos, "--on-error", "skip")
    assert len(np.load("embeddings.npz")["files"]) == 4

    command("classify", "runs/mine", photos, "--on-error", "skip")
    lines = (tmp_path / "classes.csv").read_text().splitlines()
    assert lines[0] == "item,class,probability" and lines[1].startswith("0.png,")
    assert len(lines) == 5

    out = command("train", "mine.yaml", "--run-dir", "other", "--set", "epochs=1")
    assert "2 steps" in out
    out = command("compare", "runs/mine", "other")
    assert "epochs" in out and "▁" in out and "accuracy" in out

    command("report", "other")
    page = (tmp_path / "other" / "report.html").read_text()
    assert "Map of embeddings" in page and "Confusion matrix" in page and "epochs" in page
    if keras.backend.backend() == "tensorflow":
        command("export", "runs/mine", "--out", "served")
        assert "x 16" in command("embed", "served", "--data", "digits")
        assert json.loads(command("eval", "served", "--data", "digits", "--json"))["protocol"]


def test_upscale(command, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (photos / "broken.png").unlink()
    command("upscale", "srresnet_x4.t91", photos, "--weights", "none")
    assert Image.open("upscaled/3.png").size == (32, 32)


def test_a_folder_of_classes_without_a_test_is_evaluated(command, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(CONFIG)
    shutil.copytree(photos, "classes/a", ignore=shutil.ignore_patterns("broken*"))
    shutil.copytree("classes/a", "classes/b")
    asked = ["eval", "mine.yaml", "--weights", "none", "--data", "classes", "--protocol", "knn"]
    settings = json.loads(command(*asked, "--hold-out", "0.5", "--json"))["settings"]
    assert (settings["n_train"], settings["n_test"]) == (4, 4)
    with pytest.raises(AssertionError, match="hold_out: got 2"):
        command(*asked, "--hold-out", "2")


@pytest.mark.parametrize(
    "asked",
    [
        ["eval", "simclr_resnet20.cifar10"],
        ["train", "simclr_resnet20.cifar10"],
        ["embed", "simclr_resnet20.digits", "--data", "cifar10"],
        ["classify", "flexmatch_convnet.digits", "cifar10"],
    ],
)
def test_data_that_are_elsewhere_are_asked_for(asked, monkeypatch, capsys):
    pytest.importorskip("tensorflow_datasets")
    monkeypatch.delenv("SSLZOO_DATA", raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", "/nowhere")
    asked = ["sslzoo", *asked]
    monkeypatch.setattr(sys, "argv", asked)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1
    assert "cifar10 is not on this machine; a download of 170 MB gets it: give --download" in err

    def unreachable(*_, **__):
        raise OSError("no route")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    monkeypatch.setattr(sys, "argv", [*asked, "--download"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1 and "cannot be downloaded" in capsys.readouterr().err
