"""README's table of the models is what the records say, and that of the suites what they found."""

from pathlib import Path

import pytest

from sslzoo import report
from sslzoo.cli.terminal import print_record
from sslzoo.evaluate import protocols
from sslzoo.zoo import yaml_text
from sslzoo.zoo.registry import list_models, resolve

README = Path(__file__).parents[1] / "README.md"


def test_readme_holds_the_table_of_the_records():
    text = README.read_text(encoding="utf-8")
    assert text == report.readme_with_models(text), "stale: run `python -m sslzoo.report README.md`"


def test_tables_of_the_suites_are_what_they_wrote():
    suites = pytest.importorskip("benchmarks.report", reason="the wheel has no benchmarks")
    text = (suites.RESULTS / "README.md").read_text(encoding="utf-8")
    assert text == suites.text(), "stale: run `python -m benchmarks.report`"


def test_a_figure_that_changed_makes_it_stale():
    rows = report.model_rows()
    assert any(row["figures"] for row in rows)
    for row in rows:
        row["figures"] = [{**figure, "value": 0.1234} for figure in row["figures"]]
    assert "**12.3 %**" in report.readme_with_models(README.read_text(encoding="utf-8"), rows)


def test_only_the_part_between_the_markers_changes():
    text = f"before {report.START}\nold\n{report.END} after"
    new = report.readme_with_models(text, [])
    assert (
        new.startswith(f"before {report.START}\n| Model |")
        and new.endswith(f"\n{report.END} after")
        and "old" not in new
    )


@pytest.mark.parametrize("text", ["", report.START, report.END, f"{report.END}{report.START}"])
def test_missing_markers_are_named(text):
    with pytest.raises(ValueError, match="the markers .* are missing"):
        report.readme_with_models(text)


def zoo_metrics():
    return [
        metric
        for name in list_models()
        for metric in (yaml_text.read(resolve(name)).get("record") or {}).get("metrics", ())
    ]


# Their entries are not recorded yet, or they are measured apart from the entries.
UNRECORDED = {"finetune"}


def test_the_records_of_the_zoo_cover_the_protocols():
    recorded = {metric["protocol"] for metric in zoo_metrics()}
    assert recorded >= set(protocols.names()) - UNRECORDED


@pytest.mark.parametrize("metric", zoo_metrics(), ids=lambda metric: metric["protocol"])
def test_the_terminal_shows_every_headline(metric, capsys):
    print_record(metric)
    text = capsys.readouterr().out
    for found in report.metric_figures(metric):
        assert report.number(found["value"], found["unit"]) in text
        assert all(
            report.number(value, found["unit"]) in text for value in found["baselines"].values()
        )


def test_a_baseline_belongs_to_the_figure_that_it_names():
    metric = {
        "protocol": "super_resolution",
        "psnr": 31.0,
        "ssim": 0.9,
        "settings": {"test_name": "Set5", "scale": 4},
    }
    metric["baselines"] = {"bicubic_psnr": 28.4, "bicubic_ssim": 0.8}
    psnr, ssim = report.metric_figures(metric)
    assert psnr["baselines"] == {"bicubic": 28.4} and ssim["baselines"] == {"bicubic": 0.8}
    assert (psnr["what"], report.number(psnr["value"], psnr["unit"])) == (
        "PSNR, Set5, x4",
        "31.00 dB",
    )
    metric = {"protocol": "incremental", "accuracy": 0.2, "task": {"average_accuracy": 0.9}}
    metric["baselines"] = {"naive": 0.1, "naive_task": 0.8, "joint": 0.95, "joint_task": 0.99}
    both, task = report.metric_figures(metric)
    assert both["baselines"] == {"naive": 0.1, "joint": 0.95} and task["baselines"] == {
        "naive": 0.8,
        "joint": 0.99,
    }
    assert task["value"] == 0.9 and report.metric_figures({"protocol": "mine"}) == []


def test_the_terminal_shows_what_a_method_tells_of_itself(capsys):
    print_record({"protocol": "solve", "mmd": 0.00268, "settings": {}, "baselines": {}})
    text = capsys.readouterr().out
    assert "mmd" in text and "0.00268" in text
