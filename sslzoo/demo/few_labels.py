"""Forty labels: the same labels alone, and FlexMatch."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import sslzoo
from sslzoo import data, evaluate
from sslzoo.demo.drawn import bars, per_cent, show
from sslzoo.demo.steps import Chapter
from sslzoo.plots.figure import ACCENT, GRID, INK, MUTED, empty, png

MODEL = "flexmatch_convnet.digits"
STEPS = 50  # of an epoch
NETWORK = {"name": "convnet", "width": 32, "channels": 1}
SAME = 0.005  # two of 500 images: float32 sums differ from one processor to another
CAPTION = "All the labels that there are, and what was learned from them"
CODE = """\
batches = sslzoo.data.Paired(train, labels_per_class=4, batch_size=32, ratio=3)
model = sslzoo.build("flexmatch", backbone, image_size=16, classes=10, unlabeled_size=len(train))
model.fit(batches, epochs=20)
model.classify(images)"""


def train(epochs: int, advance: Callable) -> dict:
    """A network on the labels alone, and FlexMatch.

    Args:
        epochs: of 50 steps, for each.
        advance: is called with the share of each that is done.

    Returns:
        {"model": FlexMatch, "alone", "flexmatch": the share of test digits that is wrong, after
        each epoch}.

    Example:
        >>> from sslzoo.demo import few_labels
        >>> trained = few_labels.train(20, advance=print)  # doctest: +SKIP
    """
    _, alone = _learn("fixmatch", epochs, advance, unlabeled_weight=0.0)
    size = len(data.load("digits", "train"))
    model, flexmatch = _learn("flexmatch", epochs, advance, unlabeled_size=size)
    return {"model": model, "alone": alone, "flexmatch": flexmatch}


def _learn(method, epochs, advance, **options):
    keras.utils.set_random_seed(0)
    settings = {"image_size": 16, "classes": 10, "augment": "digits"}
    model = sslzoo.build(method, NETWORK, **settings, **options)
    log = evaluate.AccuracyLog(data.load("digits", "test"))
    bar = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: advance((epoch + 1) / epochs)
    )
    history = model.fit(_batches(), epochs=epochs, callbacks=[log, bar], verbose=0).history
    return model, [1 - accuracy for accuracy in history["test_accuracy"]]


def _batches():
    digits = data.load("digits", "train")
    return data.Paired(
        digits, batch_size=32, ratio=3, labels_per_class=4, draw=0, steps_per_epoch=STEPS
    )


def chapter(trained: dict, published: Any) -> Chapter:
    """Forty labels alone, and FlexMatch beside them.

    Args:
        trained: what `train` gives.
        published: FlexMatch of the zoo.

    Example:
        >>> from sslzoo.demo import few_labels
        >>> few_labels.chapter(trained, published).within  # doctest: +SKIP
        '97.2 %'
    """
    digits, test = data.load("digits", "train"), data.load("digits", "test")
    labeled = digits.take(_batches().labeled)
    zoo = float((published.classify(test.images).argmax(axis=1) != test.labels).mean())
    alone, flexmatch = trained["alone"][-1], trained["flexmatch"][-1]
    wrong = {
        "pixels, logistic\nregression": _logistic_regression(labeled, test),
        "a network, the\nlabels alone": alone,
        "FlexMatch,\ntrained here": flexmatch,
        "FlexMatch,\nfrom the zoo": zoo,
    }
    curves = {"the labels alone": trained["alone"], "FlexMatch": trained["flexmatch"]}
    recorded = sslzoo.info(MODEL).metrics[0]["accuracy"]
    steps = STEPS * len(trained["alone"])
    return Chapter(
        name="few_labels",
        title="Forty labels",
        measured="test digits recognized, with 40 labels",
        without=f"the labels alone {per_cent(1 - alone)}",
        within=per_cent(1 - flexmatch),
        text=[
            f"Of {len(digits):,} handwritten digits only 40 have a label, four of each class. A "
            f"network that learns from these labels alone gets {per_cent(alone)} of {len(test)} "
            f"test digits wrong. FlexMatch also learns from the digits without a label. It gets "
            f"{per_cent(flexmatch)} wrong. Both networks were trained here, for {steps:,} steps "
            f"each.",
            f"The model of the zoo learned from the same 40 labels for 1,500 steps. It gets "
            f"{per_cent(zoo)} wrong. Another choice of labels gives other results.",
        ],
        code=CODE,
        pictures=[(CAPTION, _drawn(labeled, curves, wrong))],
        results={
            "steps": steps,
            "wrong": {name.replace("\n", " "): share for name, share in wrong.items()},
            "wrong_after_each_epoch": curves,
        },
        checks=[
            ("FlexMatch beats the labels alone", flexmatch < alone),
            (
                "the published FlexMatch is as good as its record says",
                abs(1 - zoo - recorded) <= SAME,
            ),
        ],
    )


def _logistic_regression(labeled, test):
    from sklearn.linear_model import LogisticRegression

    rows, queries = (part.images.reshape(len(part), -1) / 255 for part in (labeled, test))
    fitted = LogisticRegression(max_iter=1000).fit(rows, labeled.labels)
    return float((fitted.predict(queries) != test.labels).mean())


def _drawn(labeled, curves, wrong):
    figure = empty(11, 3.2)
    panels = figure.subplots(1, 3, width_ratios=[1.5, 1.2, 1])
    _draw_labels(panels[0], labeled)
    _draw_curves(panels[1], curves)
    bars(panels[2], wrong, "wrong at the end", ours=2, top=max(wrong.values()))
    figure.tight_layout(w_pad=2)
    return png(figure)


def _draw_labels(axes, labeled):
    order = np.argsort(labeled.labels, kind="stable")
    framed = np.pad(labeled.images[order], [(0, 0), (1, 1), (1, 1)], constant_values=255)
    columns = framed.reshape(-1, 4, *framed.shape[1:])  # (classes, 4, H, W)
    show(axes, np.concatenate([np.concatenate(column) for column in columns], axis=1))
    axes.set_anchor("N")
    axes.set_title("all the labels", fontsize=11, color=INK, loc="left", pad=8)


def _draw_curves(axes, curves):
    for (name, errors), color in zip(curves.items(), (MUTED, ACCENT), strict=False):
        axes.plot(range(1, len(errors) + 1), errors, color=color, linewidth=2, label=name)
    axes.set_ylim(0, 1.1 * max(max(errors) for errors in curves.values()))
    axes.set_title("wrong on test digits", fontsize=11, color=INK, loc="left", pad=8)
    axes.set_xlabel(f"epoch of {STEPS} steps", color=MUTED)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.grid(axis="y", color=GRID)
    axes.tick_params(colors=MUTED, labelsize=9, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(frameon=False, fontsize=10, labelcolor=INK)
