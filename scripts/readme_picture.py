"""Draw the picture of README: python scripts/readme_picture.py

One photograph of scikit-learn is enlarged by a model of the zoo. The bars are figures of three
records. Photograph: flower.jpg by vultilion, CC BY 2.0, cropped and enlarged.
"""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

import sslzoo
from sslzoo.plots.figure import ACCENT, GRID, INK, MUTED, empty, png
from sslzoo.report import model_rows

OUT = Path(__file__).parents[1] / "docs" / "images" / "zoo.png"
SCALE, LEFT, TOP, SIDE = 4, 246, 152, 128
BARS = {
    "simclr_resnet20.cifar10": "SimCLR: no labels (CIFAR-10, kNN)",
    "flexmatch_convnet.digits": "FlexMatch: 40 labels (digits)",
    "triplet_convnet.omniglot": "Triplet: 1 example of 5 new classes",
}


def photographs() -> dict[str, np.ndarray]:
    """{title: uint8 image} of one crop, as it was and enlarged from a sixteenth of its pixels."""
    crop = load_sample_image("flower.jpg")[TOP : TOP + SIDE, LEFT : LEFT + SIDE]
    side = SIDE // SCALE
    small = Image.fromarray(crop).resize((side, side), Image.Resampling.BICUBIC)
    bicubic = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    enlarged = sslzoo.load("srresnet_x4").upscale(np.asarray(small)[None])[0]
    return {
        f"input: {side} x {side} pixels": np.asarray(small),
        f"bicubic: {psnr(crop, bicubic):.1f} dB": bicubic,
        f"SRResNet: {psnr(crop, enlarged):.1f} dB": enlarged,
        f"original: {SIDE} x {SIDE} pixels": crop,
    }


def psnr(expected: np.ndarray, image: np.ndarray) -> float:
    """Peak signal-to-noise ratio of uint8 images over all channels, in dB."""
    error = np.mean((expected.astype(float) - image.astype(float)) ** 2)
    return 10 * np.log10(255**2 / error)


def draw_bars(axes, title: str, row: dict) -> None:
    """The first figure of a model and its baselines, in percent from 0 to 100."""
    figure = row["figures"][0]
    values = {name.replace("_", " "): value for name, value in figure["baselines"].items()}
    values["this zoo"] = figure["value"]
    colors = [MUTED] * (len(values) - 1) + [ACCENT]
    axes.barh(list(values), [100 * value for value in values.values()], color=colors, height=0.62)
    for place, value in enumerate(values.values()):
        axes.text(100 * value + 1.5, place, f"{100 * value:.1f}", va="center", color=INK, size=10)
    axes.set_xlim(0, 118)
    axes.set_xticks([0, 50, 100], ["0", "50", "100 %"])
    axes.tick_params(length=0, labelsize=10, labelcolor=INK)
    axes.set_title(title, size=11, color=INK, loc="left", pad=8)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(GRID)


figure = empty(13, 5.6)
for column, (title, image) in enumerate(photographs().items()):
    left = 0.012 + 0.248 * column
    axes = figure.add_axes((left, 0.39, 0.235, 0.55))
    axes.imshow(image, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title, size=11.5, color=INK, pad=6)
for column, (name, title) in enumerate(BARS.items()):
    axes = figure.add_axes((0.105 + 0.335 * column, 0.055, 0.205, 0.235))
    draw_bars(axes, title, model_rows([name])[0])
OUT.parent.mkdir(exist_ok=True)
OUT.write_bytes(png(figure, dpi=110))
print(f"{OUT}: {OUT.stat().st_size / 1e3:.0f} kB")
