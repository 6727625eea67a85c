"""A class from one example: digits, for a network that has only seen letters of alphabets."""

from typing import Any

import numpy as np

from sslzoo import data, evaluate
from sslzoo.data import Dataset, Episodes
from sslzoo.demo.drawn import bars, per_cent, show
from sslzoo.demo.steps import Chapter
from sslzoo.plots.figure import INK, RIGHT, WRONG, empty, png
from sslzoo.rows import unit_rows

MODEL = "triplet_convnet.omniglot"
WAYS, EPISODES = 5, 300
FRAME, SIDES = 28, (16, 23)  # pixels: of the frame, and from .. below of a digit in it
CODE = """\
model = sslzoo.load("triplet_convnet")
examples, queries = model.encode(one_image_of_each_class), model.encode(others)
# A query belongs to the class whose example is nearest."""


def chapter(model: Any) -> Chapter:
    """One-shot recognition of digits at random places, and of centered ones.

    Example:
        >>> from sslzoo.demo import one_example
        >>> one_example.chapter(model).within  # doctest: +SKIP
        '75.2 %'
    """
    centered = data.load("digits", "test")
    free = _scattered(centered)
    settings = {"ways": WAYS, "shots": 1, "queries": 15, "episodes": EPISODES}
    records = {
        "anywhere in the frame": evaluate.few_shot(model, free, **settings),
        "centered": evaluate.few_shot(model, centered, **settings),
    }
    right = {
        place: {
            "raw pixels": record["baselines"]["raw_pixels"],
            "untrained network": record["baselines"]["untrained_encoder"],
            "triplet network": record["accuracy"],
        }
        for place, record in records.items()
    }
    free_right, still = right.values()
    pixels, ours = free_right["raw pixels"], free_right["triplet network"]
    untrained = free_right["untrained network"]
    episode = Episodes(free.labels, WAYS, shots=1, queries=6, seed=0)[0]
    words = "better" if still["triplet network"] > still["raw pixels"] else "worse"
    return Chapter(
        name="one_example",
        title="A class from one example",
        measured="digits recognized from one example of each of five",
        without=f"raw pixels {per_cent(pixels)}",
        within=per_cent(ours),
        text=[
            f"The triplet network learned from the characters of 30 alphabets and was never "
            f"trained on digits. It gets one example of each of five digits, and then names "
            f"others. {per_cent(ours)} are right, and chance is {per_cent(1 / WAYS)}. The "
            f"nearest image by pixels is right in {per_cent(pixels)}, and the same network "
            f"without training in {per_cent(untrained)}. The digits have different sizes and may "
            f"be anywhere in the frame.",
            f"With the digits in the center, all of one size, the network is {words} than raw "
            f"pixels: {per_cent(still['triplet network'])} against "
            f"{per_cent(still['raw pixels'])}. Pixels fail when things move.",
        ],
        code=CODE,
        pictures=[
            (
                "Left: one such task. The first image of a row is the one example, and wrong "
                "answers have a red frame",
                _drawn(model, free, episode, right),
            )
        ],
        results=records,
        checks=[
            ("one example serves the triplet network better than pixels", ours > pixels),
            ("and better than the network without training", ours > untrained),
        ],
    )


def _scattered(digits):
    """Each digit in a random size, somewhere in a larger frame."""
    from PIL import Image

    rng, frames = np.random.default_rng(0), []
    for image in digits.images:
        side = int(rng.integers(*SIDES))
        left, top = (int(place) for place in rng.integers(0, FRAME - side + 1, 2))
        frame = Image.new("L", (FRAME, FRAME))
        frame.paste(Image.fromarray(image).resize((side, side)), (left, top))
        frames.append(np.asarray(frame))
    return Dataset(np.stack(frames), digits.labels, digits.classes, "scattered digits", "test")


def _drawn(model, digits, episode, right):
    """An episode, its answers and the accuracy over many."""
    features = unit_rows(model.encode(digits.images))
    examples = features[episode.support[:, 0]]  # (ways, D)
    answers = (features[episode.query] @ examples.T).argmax(axis=-1)  # (ways, queries)
    figure = empty(11, 4.2)
    left, side = figure.subfigures(1, 2, width_ratios=[1.25, 1])
    grid = left.subplots(WAYS, 7)
    for way, row in enumerate(grid):
        show(row[0], digits.images[episode.support[way, 0]])
        for axes, query, answer in zip(row[1:], episode.query[way], answers[way], strict=True):
            show(axes, digits.images[query], RIGHT if answer == way else WRONG)
    grid[0, 0].set_title("example", fontsize=10, color=INK)
    grid[0, 1].set_title("queries", fontsize=10, color=INK)
    left.subplots_adjust(left=0.02, right=0.97, top=0.92, bottom=0.03, wspace=0.08, hspace=0.12)
    for axes, (place, shares) in zip(side.subplots(len(right), 1), right.items(), strict=True):
        bars(axes, shares, f"right, digits {place}", ours=1)
        axes.axvline(1 / WAYS, color=INK, linewidth=1, linestyle=":")
    axes.text(1 / WAYS, 2.6, "chance", ha="center", va="top", fontsize=9, color=INK)
    side.subplots_adjust(left=0.27, right=0.98, top=0.92, bottom=0.09, hspace=0.5)
    return png(figure)
