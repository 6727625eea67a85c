"""A photograph, four times larger."""

from typing import Any

from sslzoo import evaluate
from sslzoo.data import Pictures
from sslzoo.demo.steps import Chapter
from sslzoo.plots.figure import png

MODEL = "srresnet_x4"
DETAIL = (120, 190, 128, 192)  # top, left, height, width
CODE = """\
model = sslzoo.load("srresnet_x4")
large = model.upscale(small)  # uint8 (N, H, W, 3) -> (N, 4 H, 4 W, 3)"""


def chapter(model: Any) -> Chapter:
    """scikit-learn's two photographs, shrunk and enlarged again, beside bicubic.

    Example:
        >>> import sslzoo
        >>> from sslzoo.demo import enlarge
        >>> enlarge.chapter(sslzoo.load("srresnet_x4")).within  # doctest: +SKIP
        '33.37 dB'
    """
    from matplotlib import pyplot
    from sklearn.datasets import load_sample_images

    china, flower = load_sample_images().images
    record = evaluate.super_resolution(model, Pictures([flower, china], ["flower", "temple"]))
    pictures = []
    for caption, crop in (("The whole photograph", None), ("A detail", DETAIL)):
        figure = evaluate.plot_super_resolution(flower, {"SRResNet": model}, crop)
        pictures.append((caption, png(figure, 110)))
        pyplot.close(figure)
    measured = record["per_picture"]
    bicubic, ours = (measured["flower"][key] for key in ("bicubic_psnr", "psnr"))
    temple = measured["temple"]
    text = [
        f"The photograph was shrunk to a quarter of its width and height, and then enlarged. "
        f"The PSNR of the result is {ours:.2f} dB, and {bicubic:.2f} dB with bicubic "
        f"interpolation. The network has never seen the photograph: it learned from the 91 "
        f"pictures of T91.",
        f"The gain depends on the picture. For a second photograph, a temple full of fine "
        f"detail, it is {temple['psnr'] - temple['bicubic_psnr']:.2f} dB.",
    ]
    checks = [
        (
            f"SRResNet has a higher PSNR than bicubic on the {name}",
            row["psnr"] > row["bicubic_psnr"],
        )
        for name, row in measured.items()
    ]
    return Chapter(
        name="enlarge",
        title="A photograph, four times larger",
        measured="PSNR of an enlarged photograph",
        without=f"bicubic {bicubic:.2f} dB",
        within=f"{ours:.2f} dB",
        text=text,
        code=CODE,
        pictures=pictures,
        results=record,
        checks=checks,
    )
