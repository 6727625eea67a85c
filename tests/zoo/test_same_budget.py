"""`sslzoo compare METHOD METHOD --data DATA`: methods trained on one budget."""

import json
import time

import pytest
from PIL import Image

from sslzoo.cli.compare import command
from sslzoo.zoo import same_budget as module
from sslzoo.zoo.config import read_config
from sslzoo.zoo.same_budget import EpochSeconds, same_budget


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Two methods on the digits for one epoch, the first with labels."""
    folder = tmp_path_factory.mktemp("compare") / "out"
    return folder, same_budget(["sup_con", "moco"], "digits", 1, folder=folder, verbose=0)


@pytest.mark.slow
def test_each_method_has_a_run_with_the_same_budget(found):
    folder, (labels, without) = found
    one, other = (read_config(folder / f"{name}.yaml") for name in ("sup_con", "moco"))
    for key in ("backbone", "image_size", "data", "batch_size", "epochs", "seed", "evaluate"):
        assert getattr(one, key) == getattr(other, key)
    assert (labels.method, without.method) == ("sup_con", "moco")
    assert labels.untrained == without.untrained
    for row in found[1]:
        assert 0 < row.seconds == row.curve[-1][0] and len(row.curve) == 1
        metric = json.loads((folder / row.method / "metrics.json").read_text())[0]
        assert row.accuracy == metric["accuracy"] > 0.4
    assert json.loads((folder / "compare.json").read_text())[1]["method"] == "moco"
    assert (folder / "compare.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.slow
def test_the_same_call_again_trains_nothing(found, monkeypatch, capsys):
    folder, rows = found
    monkeypatch.setattr(module, "train", None)
    command(["sup_con", "moco"], data="digits", epochs=1, out=folder)
    shown = capsys.readouterr().out
    assert f"{100 * rows[1].accuracy:.1f} %" in shown and "times sup_con" in shown
    with pytest.raises(ValueError, match="sup_con.yaml: got epochs.*use another --out"):
        same_budget(["sup_con", "moco"], "digits", 2, folder=folder)


def test_the_first_step_counts_as_the_others():
    clock, logs = EpochSeconds(), {}
    clock.on_train_begin()
    clock.on_epoch_begin(0)
    time.sleep(0.2)  # compiles
    for batch in range(4):
        clock.on_train_batch_end(batch)
    clock.on_epoch_end(0, logs)
    assert logs["epoch_seconds"] < 0.1


def test_a_resumed_epoch_counts_whole():
    clock, logs = EpochSeconds(), {}
    clock.set_params({"steps": 10})
    clock.on_train_begin()
    clock.on_epoch_begin(4)
    clock.on_train_batch_end(7)
    time.sleep(0.05)
    clock.on_train_batch_end(8)
    clock.on_epoch_end(4, logs)
    assert 0.5 <= logs["epoch_seconds"] < 2


@pytest.mark.parametrize(
    ("methods", "data", "message"),
    [
        (["simclr"], "digits", "methods: got simclr; it must be at least two"),
        (["simclr", "tca"], "digits", "method: got 'tca'"),
        (["simclr", "byol"], "digit", "did you mean digits"),
    ],
)
def test_what_it_does_not_compare(methods, data, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        same_budget(methods, data, 1, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_images_without_labels_are_refused(tmp_path):
    for number in range(8):
        Image.new("RGB", (16, 16), (30 * number, 0, 0)).save(tmp_path / f"{number}.png")
    with pytest.raises(ValueError, match="has no labels"):
        same_budget(["simclr", "byol"], str(tmp_path), 1, folder=tmp_path / "out")
