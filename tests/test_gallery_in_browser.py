"""The site of the zoo in a real browser, without a mouse, on a phone and in the dark."""

import shutil

import pytest

import sslzoo
from sslzoo.data import Dataset
from sslzoo.files import replace_file
from sslzoo.report.gallery import index_page, write_gallery
from sslzoo.report.hover import bokeh_scripts, hover_maps
from sslzoo.report.pages import page as filled
from sslzoo.report.pictures import Look
from sslzoo.report.records import model_rows

pytest.importorskip("bokeh")
sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]
HOSTILE = '</script><img src=x onerror="window.taken=1"><script>window.taken=2</script>'
# Where the item 3 is on the screen, in the first map.
PLACE = """() => {
  const map = [...Bokeh.index.roots][0];
  const items = Bokeh.documents[0].get_model_by_name("items");
  map.el.scrollIntoView();
  const box = map.canvas_view.el.getBoundingClientRect();
  const x = map.frame.x_scale.compute(items.data.pca_x[3]);
  return [box.x + x, box.y + map.frame.y_scale.compute(items.data.pca_y[3])];
}"""


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as browsers:
        yield browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def phone(browser):
    """A page of a phone in the dark. An error of its scripts is an error of the test."""
    context = browser.new_context(
        viewport={"width": 380, "height": 800}, color_scheme="dark", has_touch=True
    )
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(error))
    yield page
    context.close()
    assert errors == []


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth") <= 380


def row(name, unit=None, value=None, size=None, **changes):
    figures = [{"what": "figure", "unit": unit, "value": value, "baselines": {}}]
    (known,) = model_rows(["simclr_resnet20.digits"])
    known |= {"name": name, "figures": figures if unit is not None else [], "bytes": size}
    return known | changes


ROWS = [
    row("b", "%", 0.9, 2_000_000, backbone="resnet20"),
    row("c", "%", 0.25, 900_000, backbone="resnet110", family="metric"),
    row("a"),
    row("d", "dB", 31.0, 10_000_000, backbone="resnet50"),
    row("e", "%", 0.1, 30_000_000, backbone="", family="metric"),
    row("f", "dB", 28.5, 1_000, backbone="resnet9"),
]


@pytest.fixture
def table(phone, tmp_path):
    replace_file(tmp_path / "index.html", index_page(ROWS).encode())
    phone.goto((tmp_path / "index.html").as_uri())
    return phone


def names(page):
    return "".join(page.locator("tbody tr:not([hidden]) td:first-child").all_inner_texts())


def press_until(page, key, role, name):
    """Press a key until the focus is where it is wanted: as who has no mouse does."""
    wanted = page.get_by_role(role, name=name, exact=True)
    for _ in range(30):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never reaches {name}")


def test_the_table_is_sorted_by_keyboard(table):
    assert names(table) == "bcadef" and fits(table)
    press_until(table, "Tab", "button", "Model")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert table.evaluate(outline) == "solid"
    table.keyboard.press("Enter")
    assert names(table) == "abcdef"
    table.keyboard.press("Space")
    assert names(table) == "fedcba"
    press_until(table, "Tab", "button", "Network")
    table.keyboard.press("Enter")
    assert names(table) == "fbadce"  # resnet9, 20, 20 with a width, 50, 110, none


def test_figures_of_one_unit_stay_together_and_missing_ones_come_last(table):
    here = table.get_by_role("button", name="Here", exact=True)
    here.press("Enter")
    assert names(table) == "ecbfda"  # 10, 25, 90 %, then 28.5 and 31 dB, then nothing
    assert table.get_by_role("columnheader", name="Here").get_attribute("aria-sort") == "ascending"
    here.press("Enter")
    assert names(table) == "bcedfa"
    table.get_by_role("button", name="Weights", exact=True).press("Enter")
    assert names(table) == "fcbdea"  # by bytes, not by their text


def test_the_table_is_filtered_by_keyboard(table):
    press_until(table, "Tab", "searchbox", "Search")
    table.keyboard.type("digits RESNET1")
    assert names(table) == "c" and table.locator("#count").inner_text() == "1 of 6 models"
    for _ in "digits RESNET1":
        table.keyboard.press("Backspace")
    press_until(table, "Tab", "combobox", "Family")
    table.keyboard.type("metric")
    assert names(table) == "ce"
    table.get_by_label("Search").fill("nothing like this")
    assert names(table) == "" and fits(table)


@pytest.fixture
def map_page(tmp_path):
    """A page whose classes, title and sentences are code of somebody else."""
    digits = sslzoo.data.load("digits", "test").take(slice(30))
    data = Dataset(digits.images, digits.labels, [f"{HOSTILE}{label}" for label in range(10)])
    maps = hover_maps(Look(None, data, digits.images.reshape(30, -1).astype("float32")))
    card = {"title": HOSTILE, "lead": HOSTILE, "sections": []}
    card["metadata"] = {"tags": [HOSTILE], "pipeline_tag": ""}
    others = dict.fromkeys(("pictures", "curves", "enlarged"), ())
    page = filled("model.html", card=card, maps=maps, missing=[HOSTILE], **others)
    (tmp_path / "models").mkdir()
    replace_file(tmp_path / "models" / "a.html", page.encode())
    replace_file(tmp_path / "bokeh.js", bokeh_scripts().encode())
    return (tmp_path / "models" / "a.html").as_uri(), data


def test_names_are_text_and_nothing_else(phone, map_page):
    address, data = map_page
    phone.goto(address)
    phone.locator(".bk-Figure canvas").first.wait_for()
    assert phone.locator("h1").inner_text() == HOSTILE
    assert phone.get_by_label("Classes").locator("li").all_inner_texts() == data.classes
    phone.mouse.move(*phone.evaluate(PLACE))
    tooltip = phone.locator(".bk-Tooltip")
    tooltip.get_by_text(data.classes[data.labels[3]]).wait_for()
    assert tooltip.locator("img").get_attribute("src").startswith("data:image/jpeg")
    assert fits(phone)
    assert phone.evaluate("window.taken") is None


def test_the_items_of_a_map_are_shown_to_fingers_and_keys(phone, map_page):
    address, data = map_page
    phone.goto(address)
    phone.locator(".bk-Figure canvas").first.wait_for()
    picture = phone.locator("#picture")
    assert not picture.is_visible()
    phone.touchscreen.tap(*phone.evaluate(PLACE))
    shown = phone.locator("#label")
    sync_api.expect(shown).to_have_text(data.classes[data.labels[3]])
    first = picture.get_attribute("src")
    slider = phone.get_by_role("slider")
    assert slider.input_value() == "3"
    slider.press("ArrowRight")
    sync_api.expect(shown).to_have_text(data.classes[data.labels[4]])
    assert picture.is_visible() and picture.get_attribute("src") != first
    assert phone.evaluate("window.taken") is None


@pytest.mark.slow
def test_the_pages_of_a_site(phone, tmp_path):
    entries = ["simclr_resnet20.digits", "srresnet_x4.t91", "vae_mlp.mnist", "mae_vit_mini.cifar10"]
    index = write_gallery(tmp_path / "site", entries)
    phone.goto(index.as_uri())
    phone.get_by_label("Search").fill("srresnet")
    phone.get_by_role("link", name="srresnet_x4.t91").click()
    sliders = phone.get_by_role("slider")
    assert sliders.count() == 2
    sliders.nth(1).press("ArrowRight")
    cuts = [each.get_attribute("style") for each in phone.locator(".slider img + img").all()]
    assert cuts == [None, "clip-path: inset(0px 0px 0px 51%);"] and fits(phone)
    phone.get_by_role("link", name="All models").click()
    assert phone.url == index.as_uri()
    for name in entries:
        phone.goto((index.parent / "models" / f"{name}.html").as_uri())
        broken = "[...document.images].filter(image => image.src && !image.naturalWidth).length"
        assert fits(phone) and phone.evaluate(broken) == 0, name
        assert all(image.get_attribute("alt") is not None for image in phone.locator("img").all())
        for link in phone.get_by_label("On this page").get_by_role("link").all():
            assert phone.locator(link.get_attribute("href")).count() == 1
        ground = phone.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(21, 25, 30)"
    phone.goto((index.parent / "models" / "vae_mlp.mnist.html").as_uri())
    assert phone.get_by_role("img", name="Samples").is_visible()  # with or without MNIST
