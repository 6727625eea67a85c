"""What are features worth for every pixel and for objects? Linear segmentation of CamVid (240x180)
and detection of blood cells in BCCD (320x240), on the maps of frozen encoders.

The encoders learned on CIFAR-10 at 24 or 32 px without labels. Beside each stands the same network
before training, and beside all of them raw pixels, in patches of 4x4. Networks that start with the
same weights share the untrained one. Heads see each place alone. All have the defaults of the
protocols; the learning rate is chosen on held-out training images. The vision transformer sees
images of at most 160 px: attention over four times the tokens would cost sixteen times as much.
"""

import functools
import json

import numpy as np

import sslzoo
from benchmarks.kept import kept
from benchmarks.report import RESULTS
from benchmarks.targets import target
from sslzoo.evaluate import protocols
from sslzoo.evaluate.encoders import RawPixels

DATA = {"segmentation": "camvid", "detection": "bccd"}
LONGEST, SMALL = 320, 160  # pixels of the longer side
# {encoder: (its network, pixels)}; those of one network start with the same weights.
ENCODERS = {
    "simclr_resnet20.cifar10": ("resnet20", LONGEST),
    "byol_resnet20.cifar10": ("resnet20", LONGEST),
    "moco_resnet20.cifar10": ("resnet20", LONGEST),
    "denoising_autoencoder_resnet20.cifar10_width8": ("resnet20, width 8", LONGEST),
    "inpainting_resnet20.cifar10_width8": ("resnet20, width 8", LONGEST),
    "colorization_resnet20.cifar10_width8": ("resnet20, width 8, gray", LONGEST),
    "mae_vit_mini.cifar10": ("vit_mini", SMALL),
    "simclr_resnet50.cifar10_width32": ("resnet50, width 32", LONGEST),
}
RAW = "raw pixels"
FIGURES = {
    "segmentation": ("miou", "confidence_95", "pixel_accuracy", "per_class"),
    "detection": ("map_50", "confidence_95", "map_coco", "per_class"),
}
SHOWN = "simclr_resnet20.cifar10"
PICTURES = {"segmentation": (30, 150), "detection": (5, 40)}  # rows of the test sets
COLORS = ("#1f77b4", "#d62728", "#2ca02c")


def run(runs, encoders=tuple(ENCODERS)):
    """{"rows": one of each encoder, each untrained network and raw pixels, "targets"}."""
    rows = [row(runs, RAW, False, LONGEST)]
    for name in encoders:
        network, longest = ENCODERS[name]
        if network not in [known["encoder"] for known in rows]:
            rows.append(row(runs, network, False, longest, name))
        rows.append(row(runs, name, True, longest, name))
    return {"rows": rows, "targets": targets(rows)}


def row(runs, encoder, trained, longest, name=None):
    """The figures of an encoder by both protocols, measured or kept."""
    found = {}
    for protocol, data in DATA.items():
        settings = {"data": data, "longest": longest}
        file = runs / f"{protocol}, {encoder}.json"
        found[protocol] = kept(file, settings, measured, protocol, name, trained, longest)
        print(encoder, protocol, json.dumps(found[protocol]), flush=True)
    network = ENCODERS[name][0] if trained else None
    return {"encoder": encoder, "network": network, "longest": longest, **found}


def measured(protocol, name, trained, longest):
    """The figures of an encoder, of its untrained network, or without a name of raw pixels."""
    model = encoder_of(name, trained)
    judge = getattr(sslzoo.evaluate, protocol)
    record = judge(model, *sets(protocol), longest=longest, baselines=False)
    rate = record["settings"]["learning_rate"]
    found = {figure: record[figure] for figure in FIGURES[protocol]}
    return found | {"learning_rate": rate, "seconds": record["seconds"]}


def encoder_of(name, trained):
    """An encoder of the zoo, before or after its training; without a name raw pixels."""
    if name is None:
        return RawPixels()
    model = sslzoo.load(name)
    return model if trained else model.untrained()


@functools.cache
def sets(protocol):
    """(training set, test set)."""
    return tuple(sslzoo.data.load(DATA[protocol], split) for split in ("train", "test"))


def targets(rows):
    """Every encoder is above its untrained network in mIoU."""
    known = {row["encoder"]: row["segmentation"]["miou"] for row in rows}
    return [
        target(f"{row['encoder']}: mIoU less untrained", gain(row, known), 0.0)
        for row in rows
        if row["network"]
    ]


def gain(row, known):
    return known[row["encoder"]] - known[row["network"]]


def heads(protocol, trained, rows):
    """(what a head on the encoder that is shown finds in the images that are shown, those
    images). It is trained as the one whose figures are in the rows.
    """
    from sslzoo.evaluate.detection_head import DetectionHead
    from sslzoo.evaluate.feature_maps import FeatureMaps
    from sslzoo.evaluate.segmentation_head import SegmentationHead

    kind = {"segmentation": SegmentationHead, "detection": DetectionHead}[protocol]
    own = SHOWN if trained else ENCODERS[SHOWN][0]
    rate = next(row for row in rows if row["encoder"] == own)[protocol]["learning_rate"]
    epochs = protocols.settings(protocol)["epochs"][1]
    train, test = sets(protocol)
    shown = test.take(list(PICTURES[protocol]))
    maps = FeatureMaps(encoder_of(SHOWN, trained), train.images, LONGEST, kind.CELL)
    known, classes = maps.kept(train, 8), len(train.classes)
    head = kind(known, maps.size, train.images.shape[1:3], classes)
    head.fit(known, train.fields[kind.FIELD], learning_rate=rate, epochs=epochs, seed=0)
    return head.predict(maps.kept(shown, len(shown))), shown


def picture(result):
    """Images, the truth, and what heads find on an encoder and on the untrained network."""
    from matplotlib.figure import Figure

    columns = ("truth", SHOWN.partition(".")[0], "the same, untrained")
    figure = Figure(figsize=(11, 9.6), layout="constrained")
    grid = figure.subplots(4, 4)
    for place, protocol in enumerate(DATA):
        both = [heads(protocol, trained, result["rows"]) for trained in (True, False)]
        found, shown = zip(*both, strict=True)
        data = shown[0]
        answers = (data.masks if protocol == "segmentation" else data.boxes, *found)
        for row in range(len(data)):
            line = grid[2 * place + row]
            line[0].imshow(data.images[row])
            for axes, title, answer in zip(line[1:], columns, answers, strict=True):
                draw = masked if protocol == "segmentation" else boxed
                draw(axes, data.images[row], answer[row])
                axes.set_title(title if row == 0 else "", fontsize="small")
            for axes in line:
                axes.set_axis_off()
        legend(grid[2 * place][0], data.classes, protocol)
    return figure


def palette(count):
    from matplotlib import colormaps

    return np.array([colormaps["tab20"](number)[:3] for number in range(count)])


def masked(axes, image, mask):
    """An image under the colors of its classes; white where there is none."""
    colors = np.concatenate([palette(20), np.ones((236, 3))])
    axes.imshow(0.35 * image / 255 + 0.65 * colors[mask], interpolation="nearest")


def boxed(axes, image, boxes, least=0.3):
    """An image with its boxes; of predictions those whose score is at least `least`."""
    from matplotlib.patches import Rectangle

    axes.imshow(image)
    for box in boxes:
        if box[0] >= 0 and (len(box) == 5 or box[5] >= least):
            side = box[3:5] - box[1:3]
            color = COLORS[int(box[0])]
            axes.add_patch(Rectangle(box[1:3], *side, fill=False, edgecolor=color, linewidth=1.2))


def legend(axes, classes, protocol):
    from matplotlib.patches import Patch

    colors = palette(len(classes)) if protocol == "segmentation" else COLORS
    marks = [Patch(color=color, label=name) for color, name in zip(colors, classes, strict=True)]
    options = {"fontsize": "x-small", "loc": "lower center", "bbox_to_anchor": (2.2, 1.08)}
    axes.legend(handles=marks, ncols=len(classes), frameon=False, **options)


if __name__ == "__main__":
    result = json.loads((RESULTS / "dense.json").read_text())
    picture(result).savefig(RESULTS / "dense.png", dpi=100)
