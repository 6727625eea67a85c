"""The site of the zoo: its pages, and in a real browser its table, map and slider."""

import re
import shutil

import pytest

from sslzoo.report.gallery import index_page, model_page, write_gallery
from sslzoo.report.records import model_rows

pytest.importorskip("bokeh")
DIGITS = "simclr_resnet20.digits"


def test_the_table_has_every_entry_and_escapes_what_it_shows():
    (row,) = model_rows([DIGITS])
    page = index_page([row | {"name": "<b>&", "data": "<script>alert(1)</script>"}])
    assert "<b>" not in page and "<script>alert" not in page
    assert "models/%3Cb%3E%26.html" in page and "97.0 %" in page


def test_a_model_without_its_data_has_a_page_that_says_so(monkeypatch):
    def gone(entry):
        raise ValueError("data: mnist is not <here>")

    monkeypatch.setattr("sslzoo.report.gallery.look_at", gone)
    page = model_page(DIGITS)
    assert "There are no pictures here: data: mnist is not &lt;here&gt;" in page
    assert "<h2>Map of embeddings</h2>" not in page and "<h2>Use</h2>" in page


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(ValueError, match="--out: got .*; it must be a new or empty folder"):
        write_gallery(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_site_needs_no_network_and_is_written_anew(tmp_path, command):
    for _ in range(2):
        index = write_gallery(tmp_path / "site", [DIGITS])
    page = (index.parent / "models" / f"{DIGITS}.html").read_text(encoding="utf-8")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page + index.read_text(encoding="utf-8"))
    local = [a for a in addresses if not a.startswith(("data:", "https://"))]
    assert {"../bokeh.js", "../index.html", f"models/{DIGITS}.html"} == set(local)
    assert not re.search(r"(?:<script|<img|<link)[^>]*https?://", page)
    code, _, error = command("report")
    assert code == 2 and "got neither a name nor --out" in error


@pytest.mark.slow
@pytest.mark.tensorflow
def test_in_a_browser(tmp_path):
    """Sorted and filtered by keyboard alone, on a phone and in the dark."""
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium here")
    names = [DIGITS, "srresnet_x4.t91", "flexmatch_convnet.digits"]
    index = write_gallery(tmp_path / "site", names)
    with sync_api.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 380, "height": 800}, color_scheme="dark")
        errors = []
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(index.as_uri())
        shown = page.locator("tbody tr:not([hidden]) td:first-child")
        page.get_by_role("button", name="Model").focus()
        page.keyboard.press("Enter")
        assert shown.all_inner_texts() == sorted(names)
        page.keyboard.press("Enter")
        assert shown.all_inner_texts() == sorted(names, reverse=True)
        page.get_by_label("Search").fill("resnet digits")
        assert shown.all_inner_texts() == [DIGITS]
        assert page.locator("#count").inner_text() == "1 models"
        page.get_by_label("Search").fill("")
        page.get_by_label("Family").select_option("restoring")
        shown.get_by_role("link").click()
        page.get_by_role("slider").fill("80")
        assert "80%" in page.locator("#after").get_attribute("style")
        page.goto((index.parent / "models" / f"{DIGITS}.html").as_uri())
        page.locator(".bk-Figure canvas").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(21, 25, 30)" and errors == []
        browser.close()
