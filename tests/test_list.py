"""What `sslzoo list` shows of each model, on wide and narrow terminals."""

import io
import shutil

import pytest
from rich.console import Console

import sslzoo.cli.list
from sslzoo import cli, report
from sslzoo.cli import terminal
from sslzoo.zoo.registry import resolve

ENTRY = "simclr_resnet20.digits"
MACHINE = {"device": "a processor", "cores": 2, "load": 0.5, "backend": "tensorflow"}
SPEED = {"verb": "encode", "items": "images", "shape": [16, 16, 3], "batch_size": 256}
SPEED |= MACHINE | {"per_second": 1234.5, "measured": "2026-11-27"}


@pytest.fixture
def listed(monkeypatch):
    """listed(pattern, width) -> the lines of the table."""

    def run(pattern, width):
        text = io.StringIO()
        screen = Console(file=text, width=width)
        for module in (terminal, cli.list):
            monkeypatch.setattr(module, "console", lambda: screen)
        cli.list.command(pattern)
        return text.getvalue().splitlines()

    return run


@pytest.mark.parametrize("width", [72, 80, 100, 130, 200])
def test_a_line_is_as_wide_as_the_terminal_and_names_are_whole(listed, width):
    lines = listed("*", width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert [name for name in sslzoo.list_models() if f" {name} " not in text] == []


def test_wide_terminals_show_more(listed):
    titles = {width: " ".join(listed(ENTRY, width)[1].split()) for width in (80, 100, 130, 200)}
    assert titles == {
        80: "model measured value weights",
        100: "model size measured value items/s weights",
        130: "model task data size measured value items/s weights",
        200: "model task data size measured value items/s weights baselines",
    }


def test_a_model_has_its_task_size_figure_and_place(listed):
    (line,) = (line for line in listed(ENTRY, 130) if ENTRY in line)
    for part in ("features of images", "0.86 MB", "kNN, k 20", "97.0 %", "at hand"):
        assert part in line


def test_models_of_other_people_have_their_published_figure(listed, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path))
    name = "dino_vit_base8.imagenet"
    (line,) = (line for line in listed(name, 130) if name in line)
    assert "343.23 MB" in line and "(80.1 %)" in line and "to import" in line
    assert "published by the authors" in capsys.readouterr().out
    imported = tmp_path / "weights" / "imported" / f"{name}.weights.h5"
    imported.parent.mkdir(parents=True)
    imported.touch()
    assert report.model_rows([name])[0]["at_hand"]
    assert name in sslzoo.list_models(at_hand=True)


def test_a_recorded_speed_is_listed_and_on_the_card(listed, tmp_path, monkeypatch):
    from sslzoo.zoo.recorded import add_to_record

    folder = tmp_path / "zoo_configs"
    folder.mkdir()
    path = shutil.copy(resolve(ENTRY), folder)
    monkeypatch.setenv("SSLZOO_CONFIGS", str(folder))
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    add_to_record(path, speed=SPEED)
    (line,) = (line for line in listed(ENTRY, 130) if ENTRY in line)
    assert "1,234" in line and "to fetch" in line  # this copy has no weights beside it
    said = "encode: 1,234 images of 16 x 16 x 3 a second in batches of 256, on 2 cores of"
    assert said in str(sslzoo.info(ENTRY))
