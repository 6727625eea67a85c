"""log.csv of a run: one row an epoch, and no column that holds nothing."""

import numpy as np
import pytest

from sslzoo.zoo.log import EpochLog, column, curves, forget_epochs


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.csv"


def test_columns_are_those_that_hold_something(path):
    path.write_text("epoch,loss,val_loss\n0,4.0,NA\n1,3.0,NA\n")  # as earlier versions wrote it
    EpochLog(path).on_epoch_end(2, {"loss": 2.0})
    assert path.read_text() == "epoch,loss\n0,4.0\n1,3.0\n2,2.0\n"
    EpochLog(path).on_epoch_end(3, {"loss": 1.0, "accuracy": 0.5})
    assert path.read_text().splitlines()[0] == "epoch,loss,accuracy"
    assert column(path, "loss") == [4.0, 3.0, 2.0, 1.0] and column(path, "accuracy") == [0.5]
    assert column(path, "val_loss") is None


def test_a_resumed_run_writes_its_epochs_again(path):
    for epoch in range(3):
        EpochLog(path).on_epoch_end(epoch, {"loss": float(epoch)})
    forget_epochs(path, 1)
    EpochLog(path).on_epoch_end(1, {"loss": 7.0})
    assert column(path, "loss") == [0.0, 7.0]


def test_a_record_keeps_the_first_the_last_and_evenly_spaced_epochs(path):
    rows = [f"{epoch},{100 - epoch / 3},0.1,{epoch or ''}" for epoch in range(201)]
    path.write_text("\n".join(["epoch,loss,learning_rate,val_loss", *rows]))
    kept = curves(path)
    assert list(kept) == ["epoch", "loss"]  # one never changes, one lacks an epoch
    assert len(kept["epoch"]) == 50 and kept["epoch"][::49] == [1, 201]
    assert set(np.diff(kept["epoch"])) == {4, 5}
    expected = [100 - (epoch - 1) / 3 for epoch in kept["epoch"]]
    np.testing.assert_allclose(kept["loss"], expected, rtol=1e-3)
    assert kept["loss"][-1] == 33.33


@pytest.mark.parametrize("text", ["", "epoch,loss\n", "epoch,loss\n0,1.5\n"])
def test_there_is_no_curve_before_the_second_epoch(path, text):
    path.write_text(text)
    assert curves(path) == {} == curves(path.parent / "none.csv")
