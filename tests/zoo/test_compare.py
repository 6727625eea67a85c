"""Runs beside each other."""

import json

import pytest

from sslzoo.zoo.compare import compare, sparkline

CONFIG = """\
method: simclr
backbone: {name: micro, width: 4}
image_size: 8
data: {name: digits, split: train}
optimizer: {name: sgd, learning_rate: 0.1}
batch_size: 512
epochs: 2
"""


def run(folder, text, log):
    folder.mkdir()
    (folder / "config.yaml").write_text(text)
    (folder / "run.json").write_text(json.dumps({"seconds": 1.0}))
    (folder / "log.csv").write_text(log)
    return folder


def test_settings_that_differ_and_curves(tmp_path):
    first = run(tmp_path / "a", CONFIG, "epoch,loss,rank\n0,4.0,1\n1,3.0,NA\n")
    text = CONFIG.replace("0.1", "0.2").replace("width: 4", "channels: 1") + "seed: 3\n"
    second = run(tmp_path / "b", text, "")
    result = compare([first, second])
    assert result.settings == {
        "backbone.width": [4, None],
        "backbone.channels": [None, 1],
        "optimizer.learning_rate": [0.1, 0.2],
        "seed": [0, 3],
    }
    assert result.curves == {"loss": [[4.0, 3.0], []], "rank": [[1.0], []]}
    assert result.metrics == [[], []]
    with pytest.raises(ValueError, match="compare: got 1; it must be at least two runs."):
        compare([first])


def test_a_curve_keeps_its_last_value_and_its_width():
    assert sparkline([1.0] * 3, 1.0, 1.0) == "▁▁▁"
    line = sparkline(list(range(100)), 0, 99)
    assert len(line) <= 32 and line[0] == "▁" and line[-1] == "█"
