"""The demo at a tiny size: everything is measured, written and checked; the page needs nothing but
itself.
"""

import json
import re

import numpy as np
import pytest

CONFIG = """\
description: a model of the tests
paper: {title: A Paper}
licence: Apache-2.0
default: true
method: simclr
backbone: {name: micro, width: 16}
image_size: 8
hyperparameters: {projection: [32, 32]}
augment: digits
data: {name: digits, split: train}
optimizer: {name: sgd, learning_rate: 0.1}
batch_size: 256
epochs: 4
evaluate: []
"""


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """A zoo whose digits model is small and whose flagship has no weights."""
    (tmp_path / "configs").mkdir()
    for name in ("simclr_resnet20.digits", "simclr_resnet50.cifar10", "simclr_resnet20.cifar10"):
        text = CONFIG if name != "simclr_resnet20.digits" else CONFIG.replace("default: true\n", "")
        (tmp_path / f"configs/{name}.yaml").write_text(text)
    monkeypatch.setenv("SSLZOO_CONFIGS", str(tmp_path / "configs"))
    monkeypatch.delenv("SSLZOO_MIRRORS", raising=False)
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.tensorflow
def test_without_published_weights_it_says_so_and_writes_nothing(zoo):
    from sslzoo import demo

    with pytest.raises(
        ValueError,
        match=r"simclr_resnet20.digits has no published weights yet; make them: sslzoo train",
    ):
        demo.run(zoo / "demo")
    assert not (zoo / "demo").exists()


class Died(Exception):
    """What stands here for a kill."""


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_demo_that_died_after_its_export_is_cleared_and_a_stranger_s_folder_is_not(
    zoo, monkeypatch
):
    from sslzoo import demo
    from sslzoo.zoo.train import train

    def dies(*_):
        raise Died

    train("simclr_resnet20.digits", run_dir=zoo / "run", record=True, verbose=0)
    monkeypatch.setattr(demo, "clean_process", dies)
    monkeypatch.setattr(demo, "DRAWS", 1)
    monkeypatch.setattr(demo, "map_2d", lambda features: features[:, :2])
    for _ in range(2):
        with pytest.raises(Died):
            demo.run(zoo / "demo", seconds=0.1)
    (zoo / "other/saved_model").mkdir(parents=True)
    with pytest.raises(
        ValueError, match="out: got .*other; it must be another folder: .* no demo wrote"
    ):
        demo.run(zoo / "other")
    assert [path.name for path in (zoo / "other").iterdir()] == ["saved_model"]


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_whole_demo(zoo, capfd):
    from sslzoo import demo
    from sslzoo.zoo.train import train

    train("simclr_resnet20.digits", run_dir=zoo / "run", record=True, verbose=0)
    passed = demo.run(zoo / "demo", seconds=2)
    results = json.loads((zoo / "demo/results.json").read_text())
    checks = {entry["check"]: entry["passed"] for entry in results["checks"]}
    assert passed == all(checks.values()) and len(checks) >= 10

    # what does not depend on how good four epochs make a network of two convolutions
    failed = {
        check
        for check, good in checks.items()
        if not good and "beats the untrained encoder" not in check
    }
    assert not failed
    assert (
        results["flagship"]["name"] == "simclr_resnet20.digits"
        and results["flagship"]["difference"] <= 1e-5
    )
    assert [row["name"] for row in results["rows"]][:2] == ["raw pixels", "untrained encoder"]
    for row in results["rows"]:
        for protocol in ("knn", "linear_probe"):
            assert row[protocol]["mean"] == pytest.approx(np.mean(row[protocol]["accuracies"]))
            assert 0.2 < row[protocol]["mean"] < 1
    # 8x8 digits are easy for pixels: a wrong split or label would show
    assert results["rows"][0]["knn"]["mean"] > 0.8
    assert 2 <= results["further"]["seconds"] < 4 and results["further"]["steps"] >= 1

    page = (zoo / "demo/report.html").read_text()
    assert not re.search(demo.LOADS, page) and "its weights are not at hand here" in page
    for row in results["rows"]:
        assert f"{100 * row['linear_probe']['mean']:.1f}&nbsp;%" in page
    assert "Demo finished" in capfd.readouterr().out
    assert list((zoo / "demo/saved_model").rglob("saved_model.pb"))


def test_neighbours_are_by_cosine_and_never_the_query_itself():
    from sslzoo.demo_figures import neighbours

    rows = np.array([[1, 0], [10, 1], [0, 1], [1, 9]], "float32")
    labels = np.array([0, 0, 1, 0])
    found = neighbours(rows, rows, labels, labels, 1, leave_out_self=True)
    assert [int(nearest[0]) for nearest, _ in found["rows"]] == [1, 0, 3, 2]
    assert found["agreement"] == 0.5


def test_patches_of_the_bundled_photographs():
    from sslzoo.demo_steps import patches

    found = patches()
    assert found["images"].shape == (48, 106, 106, 3) and found["images"].dtype == np.uint8
    assert np.bincount(found["photo"]).tolist() == [24, 24]
