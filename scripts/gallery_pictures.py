"""Photograph a site of the zoo for the docs: python scripts/gallery_pictures.py SITE

SITE is a folder that `sslzoo report --out SITE` wrote. Needs playwright and Chromium.
Photographs: flower.jpg by vultilion and china.jpg by danielbuechele, CC BY 2.0.
"""

import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

OUT = Path(__file__).parents[1] / "docs" / "images"
WIDE, PHONE = (1200, 760), (390, 760)
POINT = """() => {
  const map = [...Bokeh.index.roots][1];
  const items = Bokeh.documents[0].get_model_by_name("items");
  const box = map.canvas_view.el.getBoundingClientRect();
  const kind = "umap_x" in items.data ? "umap" : "tsne";
  const [x, y] = [items.data[`${kind}_x`][17], items.data[`${kind}_y`][17]];
  return [box.x + map.frame.x_scale.compute(x), box.y + map.frame.y_scale.compute(y)];
}"""


def show_table(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    page.get_by_label("Weights").select_option("at hand")
    page.get_by_label("Search").fill("resnet")
    for _ in "up", "down":
        page.get_by_role("button", name="Here").press("Enter")


def show_model(page: Page, site: Path) -> None:
    page.goto((site / "models" / "simclr_resnet20.digits.html").as_uri())
    page.locator(".bk-Figure canvas").nth(1).wait_for()
    page.mouse.move(*page.evaluate(POINT))
    page.locator(".bk-Tooltip img").wait_for()


def show_sliders(page: Page, site: Path) -> None:
    page.goto((site / "models" / "srresnet_x4.t91.html").as_uri())


PICTURES = {
    "gallery_table": (show_table, WIDE, "light"),
    "gallery_dark": (show_table, WIDE, "dark"),
    "gallery_model": (show_model, WIDE, "light"),
    "gallery_phone": (show_sliders, PHONE, "dark"),
}


def main(site: Path) -> None:
    """Write the pictures as PNG of 256 colors, which are a third as large."""
    with sync_playwright() as browsers:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (show, (width, height), scheme) in PICTURES.items():
            viewport = {"width": width, "height": height}
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            show(page, site)
            page.screenshot(path=OUT / f"{name}.png")
            page.close()
            path = OUT / f"{name}.png"
            Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
