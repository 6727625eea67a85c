"""The demo, with a training of seconds: everything is measured, written and checked, and the page
needs nothing but itself.
"""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sslzoo.demo.steps import Chapter, Steps

ENTRY = Path(__file__).parents[1] / "zoo_configs/srresnet_x4.t91.yaml"


def nearest_pixels(images):
    """The worst way to enlarge four times."""
    return images.repeat(4, axis=1).repeat(4, axis=2)


def test_a_check_that_fails_is_named_and_fails_the_demo(capsys):
    told = Chapter("a", "A", "right", "50 %", "40 %", [], "", [], {}, [("it is better", False)])
    steps = Steps()
    steps.chapter("A step", lambda: told)
    steps.checks.append(("the page is whole", True))
    assert not steps.finish(Path("report.html"))
    said = capsys.readouterr().out
    assert "right: 50 %, here 40 %" in said
    assert "not so: it is better" in said and "1 of 2 checks failed" in said


def test_a_network_that_is_worse_than_bicubic_fails_its_checks():
    from sslzoo.demo import enlarge

    told = enlarge.chapter(SimpleNamespace(scale=4, upscale=nearest_pixels))
    assert [passed for _, passed in told.checks] == [False, False]
    assert float(told.within.removesuffix(" dB")) < float(told.without.split()[1])
    assert all(picture.startswith(b"\x89PNG") for _, picture in told.pictures)


def test_the_bars_of_the_demo_start_at_zero():
    from sslzoo.demo.drawn import bars
    from sslzoo.plots.figure import empty

    axes = empty(3, 2).add_subplot()
    bars(axes, {"pixels": 0.914, "model": 0.931}, "right", ours=1)
    assert axes.get_xlim()[0] == 0
    assert [bar.get_width() for bar in axes.patches] == [0.914, 0.931]


def test_a_copy_has_the_label_of_the_piece_that_it_was_made_from():
    from sslzoo.demo import find_again

    pieces = find_again._pieces()
    copies = find_again._copies(pieces)
    assert np.array_equal(copies.labels, np.arange(len(pieces)))
    assert (copies.images == copies.images[..., :1]).all()  # gray
    light = [part.images.mean(axis=(1, 2, 3)) for part in (pieces, copies)]
    assert np.corrcoef(*light)[0, 1] > 0.9


def test_scattered_digits_keep_their_labels_and_lie_in_different_places():
    from sslzoo import data
    from sslzoo.demo import one_example

    digits = data.load("digits", "test").take(slice(20))
    free = one_example._scattered(digits)
    assert np.array_equal(free.labels, digits.labels)
    places = {
        np.argwhere(image).mean(axis=0).round().astype(int).tobytes() for image in free.images
    }
    assert len(places) > 10


def test_a_demo_that_died_is_cleared_and_a_stranger_s_folder_is_not(tmp_path):
    from sslzoo import demo

    begun = {"started": "2026-11-27", "finished": False}
    demo._clear(tmp_path / "demo", begun["started"])
    (tmp_path / "demo/saved_model/flexmatch").mkdir(parents=True)
    demo._clear(tmp_path / "demo", begun["started"])
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["results.json"]
    assert json.loads((tmp_path / "demo/results.json").read_text()) == begun

    (tmp_path / "other/saved_model").mkdir(parents=True)
    needed = "out: got .*other; it must be another folder: .* no demo wrote"
    with pytest.raises(ValueError, match=needed):
        demo._clear(tmp_path / "other", begun["started"])
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["saved_model"]


def test_without_published_weights_it_says_so_and_writes_nothing(tmp_path, monkeypatch):
    from sslzoo import demo

    config = ENTRY.read_text(encoding="utf-8").partition("# Written by `sslzoo train")[0]
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / ENTRY.name).write_text(config)
    monkeypatch.setenv("SSLZOO_CONFIGS", str(tmp_path / "configs"))
    with pytest.raises(ValueError, match=r"srresnet_x4.t91 has no published weights"):
        demo.run(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_whole_demo(tmp_path, monkeypatch, capfd):
    from sslzoo import demo

    monkeypatch.setattr(demo.few_labels, "STEPS", 3)
    monkeypatch.setattr(demo.one_example, "EPISODES", 40)
    monkeypatch.delenv("SSLZOO_DATA", raising=False)
    passed = demo.run(tmp_path / "demo", epochs=2)
    results = json.loads((tmp_path / "demo/results.json").read_text())
    checks = {entry["check"]: entry["passed"] for entry in results["checks"]}
    assert passed == all(checks.values()) and len(checks) >= 12
    # Six steps are too few for FlexMatch to win.
    assert {check for check, good in checks.items() if not good} <= {
        "FlexMatch beats the labels alone"
    }

    assert results["enlarge"]["per_picture"]["flower"]["psnr"] > 30
    wrong = results["few_labels"]["wrong"]
    assert 0.05 < wrong["pixels, logistic regression"] < 0.3
    assert wrong["FlexMatch, from the zoo"] < 0.05
    assert results["find_again"]["first"]["SimCLR"] > 0.3
    assert results["serve"]["difference"] <= demo.serve.EXACT

    page = (tmp_path / "demo/report.html").read_text()
    assert not re.search(demo.LOADS, page) and page.count("<figure>") == 7
    assert f"{results['enlarge']['per_picture']['flower']['psnr']:.2f} dB" in page
    assert f"{100 * (1 - wrong['FlexMatch, trained here']):.1f} %" in page
    assert len(list((tmp_path / "demo").glob("*.png"))) == 7
    assert list((tmp_path / "demo/saved_model").rglob("saved_model.pb"))
    assert "Demo finished" in capfd.readouterr().out
