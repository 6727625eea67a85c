"""A URL is no folder of that name, wherever something is written or read."""

import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sslzoo
from sslzoo.checks import local_path
from sslzoo.cli import app
from sslzoo.serving import export
from sslzoo.zoo import load_weights, save_weights
from sslzoo.zoo.embed import embed
from sslzoo.zoo.train import train


@pytest.mark.parametrize(
    "url",
    [
        "gs://b/x",
        "s3://b/x",
        "https://a.b/x",
        "hdfs://x",
        Path("gs://b/x"),
        "file://host/x",
        "gs:/b",
    ],
)
def test_urls_are_refused(url):
    with pytest.raises(ValueError, match="out: got .*; it must be a path on this machine, not a U"):
        local_path("out", url)


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("a/b", "a/b"),
        ("/a:b/c", "/a:b/c"),
        ("a:b", "a:b"),
        ("C:/a", "C:/a"),
        ("file:///a%20b/c", "/a b/c"),
        (Path("file:///a/b"), "/a/b"),
        (Path("a"), "a"),
        ("~/a", Path.home() / "a"),
    ],
)
def test_paths_are_what_they_name(path, local):
    assert local_path("out", path) == Path(local)


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_texts_that_name_no_place_are_refused(path):
    with pytest.raises(ValueError, match="out: got .*; it must be a path."):
        local_path("out", path)


@pytest.mark.parametrize("load", [sslzoo.load, sslzoo.data.load])
def test_what_is_no_place_of_this_machine_is_not_loaded(load, tmp_path, monkeypatch):
    """Of an empty text `load` took the folder that it was called in."""
    monkeypatch.chdir(tmp_path)
    for name in ("", "gs://bucket/x", "\0"):
        with pytest.raises(ValueError, match="got .*; it must be a path"):
            load(name)


@pytest.mark.parametrize("path", [3, None, b"a", ["a"]])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(TypeError, match="out: got .*; it must be a path."):
        local_path("out", path)


CALLS = {
    "Checkpoint": lambda model, url: sslzoo.Checkpoint(url),
    "steps_done": lambda model, url: sslzoo.Checkpoint.steps_done(url),
    "learn": lambda model, url: model.learn(np.zeros((4, 8, 8), "uint8"), folder=url),
    "save_weights": lambda model, url: model.save_weights(f"{url}.weights.h5"),
    "load_weights": lambda model, url: model.load_weights(f"{url}.weights.h5"),
    "zoo.save_weights": lambda model, url: save_weights(model, f"{url}.weights.h5"),
    "zoo.load_weights": lambda model, url: load_weights(model, f"{url}.weights.h5"),
    "export": export,
    "embed": lambda model, url: embed(model, "digits", "test", url),
    "train": lambda model, url: train("simclr_resnet20.digits", run_dir=url),
    "load": lambda model, url: sslzoo.load("simclr_resnet20.digits", weights=f"{url}.weights.h5"),
}


@pytest.mark.parametrize("name", CALLS)
def test_no_call_makes_a_folder_of_a_url(name, tmp_path, monkeypatch):
    if name == "export" and os.environ["KERAS_BACKEND"] != "tensorflow":
        pytest.skip("exports with TensorFlow")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    with pytest.raises(ValueError, match="gs:") as error:
        CALLS[name](sslzoo.build("simclr", "micro", 8), "gs://bucket/x")
    assert name == "load" or "\n" not in str(error.value)
    assert not (tmp_path / "gs:").exists()


NAME = "simclr_resnet20.digits"


@pytest.mark.parametrize(
    "command",
    [
        ["train", NAME, "--run-dir", "gs://b/x"],
        ["export", NAME, "--out", "gs://b/x"],
        ["embed", NAME, "--data", "digits", "--out", "gs://b/x.npz"],
        ["demo", "--out", "gs://b/x"],
    ],
    ids=lambda command: command[0],
)
def test_no_command_makes_a_folder_of_a_url(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, ValueError)
    assert "must be a path on this machine, not a URL" in str(result.exception)
    assert not os.listdir(tmp_path)
