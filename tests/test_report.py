"""README's table of the models is what the records say."""

from pathlib import Path

import pytest

from sslzoo import report

README = Path(__file__).parents[1] / "README.md"


def test_readme_holds_the_table_of_the_records():
    text = README.read_text(encoding="utf-8")
    assert text == report.readme_with_models(text), "stale: run `python -m sslzoo.report README.md`"


def test_a_figure_that_changed_makes_it_stale():
    rows = report.model_rows()
    assert any(row["figures"] for row in rows)
    for row in rows:
        row["figures"] = [{**figure, "value": 0.1234} for figure in row["figures"]]
    assert "**12.3 %**" in report.readme_with_models(README.read_text(encoding="utf-8"), rows)


def test_only_the_part_between_the_markers_changes():
    text = f"before {report.START}\nold\n{report.END} after"
    new = report.readme_with_models(text, [])
    assert new.startswith(f"before {report.START}\n| Model |") and new.endswith(f"\n{report.END} after") and "old" not in new


@pytest.mark.parametrize("text", ["", report.START, report.END, f"{report.END}{report.START}"])
def test_missing_markers_are_named(text):
    with pytest.raises(ValueError, match="the markers .* are missing"):
        report.readme_with_models(text)
