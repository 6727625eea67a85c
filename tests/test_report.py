"""README's table and the generated pages are what the records and docstrings say."""

from pathlib import Path

import pytest

from sslzoo import report
from sslzoo.cli.terminal import print_record
from sslzoo.evaluate import protocols
from sslzoo.methods import list_methods
from sslzoo.report.__main__ import pages, update
from sslzoo.zoo import yaml_text
from sslzoo.zoo.registry import list_models, resolve

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
if not README.is_file():
    pytest.skip("the wheel has no README and docs", allow_module_level=True)


PAGES = pages(ROOT)  # made once, for all of their tests


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_generated_pages_are_up_to_date(path):
    assert path.is_file(), "missing: run `make docs`"
    assert path.read_text(encoding="utf-8") == PAGES[path], "stale: run `make docs`"


def test_every_method_has_a_page_and_no_page_is_left_over():
    assert {path.stem for path in (ROOT / "docs/methods").iterdir()} == {*list_methods(), "index"}


@pytest.mark.slow
def test_writing_the_pages_mends_a_stale_one_and_deletes_a_left_over_one(tmp_path):
    (tmp_path / "README.md").write_text(f"{report.START}{report.END}", encoding="utf-8")
    left_over = tmp_path / "docs/methods/gone.md"
    left_over.parent.mkdir(parents=True)
    left_over.write_text("of a method that is gone")
    (tmp_path / "docs/zoo.md").write_text("stale")
    update(tmp_path)
    assert not left_over.exists()
    for path, text in pages(tmp_path).items():
        assert path.read_text(encoding="utf-8") == text


def test_the_page_of_a_method_has_its_paper_arguments_example_and_figures():
    text = PAGES[ROOT / "docs" / "methods" / "simclr.md"]
    for part in ("arXiv:2002.05709", "- `temperature`: ", "```pycon\n>>> ", "**61.1 %**"):
        assert part in text


def test_references_have_the_unit_of_the_figures():
    zoo = PAGES[ROOT / "docs" / "zoo.md"]
    for part in ("| 86.9 %: kNN", "| 95.0 %: accuracy", "| 26.02 dB: PSNR", "| 86.76 nats: "):
        assert part in zoo


def test_readme_shows_one_recorded_model_of_each_family_and_the_page_all():
    rows = report.model_rows(report.SHOWN)
    families = [row["family"] for row in rows]
    recorded = [row for row in report.model_rows() if row["figures"]]
    assert sorted(families) == sorted({row["family"] for row in recorded})
    page = PAGES[ROOT / "docs" / "zoo.md"]
    assert [name for name in list_models() if f"`{name}`" not in page] == []


def test_tables_of_the_suites_are_what_they_wrote():
    suites = pytest.importorskip("benchmarks.report", reason="the wheel has no benchmarks")
    text = (suites.RESULTS / "README.md").read_text(encoding="utf-8")
    assert text == suites.text(), "stale: run `python -m benchmarks.report`"


def test_a_figure_that_changed_makes_it_stale():
    rows = report.model_rows(report.SHOWN)
    for row in rows:
        row["figures"] = [{**figure, "value": 0.1234} for figure in row["figures"]]
    assert "**12.3\N{NO-BREAK SPACE}%**" in report.readme_with_models(
        README.read_text(encoding="utf-8"), rows
    )
    assert "**12.3 %**" in report.models_markdown(rows)


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


# They are measured apart from the entries.
UNRECORDED = {"detection", "finetune", "generalization", "safety", "segmentation"}


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
    metric["baselines"] |= {"plain": 30.0, "plain_ssim": 0.7}
    psnr, ssim = report.metric_figures(metric)
    assert psnr["baselines"] == {"bicubic": 28.4, "plain": 30.0}
    assert ssim["baselines"] == {"bicubic": 0.8, "plain": 0.7}
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
