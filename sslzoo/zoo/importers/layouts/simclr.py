"""SimCLR v1 and v2 in TensorFlow's checkpoints and SavedModels: the base network.

Layers are named by counts, in the order in which the official code makes them: the shortcut of a
block comes first. The projection head of v2 is read where the network here has a projector. Other
heads, slots of the optimizer, and the moving average of all weights are dropped.
"""

import re
from collections.abc import Iterable

import numpy as np

from sslzoo.zoo.importers.layout import Layout

IN_BLOCK = ("downsample", "1", "2", "squeeze", "mix", "3")
NAMES = {"conv": "conv2d", "bn": "batch_normalization"}
LAYER = re.compile(r"(?:stem(\d?)|stage(\d)_block(\d+)_(\w+?))_(?:conv|bn)")
LAST_TWO = re.compile(r"(?:^|/)(?:sync_)?((?:conv2d|batch_normalization)(?:_\d+)?/\w+)$")
PROJECTOR = re.compile(r"projector_(dense|bn)(\d)")
IN_HEAD = {"dense": "dense", "bn": "batch_normalization"}
DROPPED = (
    r"(^|/)ema_model/",
    r"/(\w*Momentum|ExponentialMovingAverage)(_\d+)?$",
    r"(^|/)(global_step|save_counter|iter|step)(/|$)",
    r"/\.(OPTIMIZER_SLOT|ATTRIBUTES)/",
    r"head",
)


def counted(layers: Iterable[str]) -> dict[str, str]:
    """{our layer: its published name}.

    >>> counted(["stem_conv", "stage1_block1_1_conv", "stage1_block1_downsample_conv"])
    {'stem_conv': 'conv2d', 'stage1_block1_downsample_conv': 'conv2d_1', \
'stage1_block1_1_conv': 'conv2d_2'}
    """
    heads = {layer: match for layer in layers if (match := PROJECTOR.fullmatch(layer))}
    names = {
        layer: f"head_contrastive/nl_{int(match[2]) - 1}/{IN_HEAD[match[1]]}"
        for layer, match in heads.items()
    }
    counts = dict.fromkeys(NAMES, 0)
    for layer in sorted((layer for layer in layers if layer not in heads), key=_place):
        kind = layer.rsplit("_", 1)[1]
        names[layer] = f"{NAMES[kind]}_{counts[kind]}" if counts[kind] else NAMES[kind]
        counts[kind] += 1
    return names


def short(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The network alone, by the last two parts of its names: TensorFlow 2 has more before them.

    >>> list(short({"base_model/conv2d/kernel": 0, "global_step": 0}))
    ['conv2d/kernel', 'global_step']
    """
    dropped = re.compile("|".join(DROPPED))
    names = {}
    for name, array in arrays.items():
        found = None if dropped.search(name) else LAST_TWO.search(name)
        short_name = found[1] if found else name
        names[name if short_name in names else short_name] = array
    return names


def _place(layer):
    """Where a layer stands in the order of their making."""
    match = LAYER.fullmatch(layer)
    if match[2] is None:
        return 0, 0, int(match[1] or 0)
    return int(match[2]), int(match[3]), IN_BLOCK.index(match[4])


PARTS = {}  # TensorFlow's own, as here
LAYOUT = Layout((), ("",), DROPPED, prepare=short, layers=counted, parts=PARTS, torch=False)
