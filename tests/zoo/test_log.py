"""log.csv of a run: one row an epoch, and no column that holds nothing."""

import pytest

from sslzoo.zoo.log import EpochLog, column, forget_epochs


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
