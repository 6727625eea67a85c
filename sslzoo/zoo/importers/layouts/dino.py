"""DINO, DINOv2 and iBOT: the encoder or the teacher; or student and teacher of DINO's full
checkpoints, with their heads.

The last layer of a head has directions alone here, so published ones must have the length 1.
"""

import re

import numpy as np

from sslzoo.checks import refused
from sslzoo.zoo.importers.layout import Layout, Networks
from sslzoo.zoo.importers.layouts.timm_vit import EXACT, RULES, prepared

DROPPED = (r"^(module\.)?head\.", r"^mask_token$", r"^masked_embed$", r"^pooler\.")
LAYOUT = Layout(RULES, ("module.backbone.", "backbone.", "module.", ""), DROPPED, EXACT, prepared)
LENGTHS = re.compile(r"head\.last_layer\.weight_g$")
HEAD = Layout(
    ((r"^head_dense(\d+)$", lambda match: f"mlp.{2 * int(match[1]) - 2}"),),
    exact={"head_last/kernel": "last_layer.weight_v"},
)


def of_length_1(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All but the lengths of the last layer. Raises ValueError where they are not 1.

    >>> of_length_1({"head.last_layer.weight_g": np.ones((4, 1))})
    {}
    """
    for name in filter(LENGTHS.search, arrays):
        if not np.allclose(arrays[name], 1.0):
            needed = "be 1, as with --norm_last_layer true; import this file as an encoder"
            raise refused(name, "lengths other than 1", needed)
    return {name: array for name, array in arrays.items() if not LENGTHS.search(name)}


def _behind(part, network):
    return f"{part}/module.{network}.", f"{part}/{network}."


NETWORKS = Networks(
    {
        "backbone": LAYOUT._replace(prefixes=_behind("student", "backbone")),
        "head": HEAD._replace(prefixes=_behind("student", "head")),
        "teacher_backbone": LAYOUT._replace(prefixes=_behind("teacher", "backbone")),
        "teacher_head": HEAD._replace(prefixes=_behind("teacher", "head")),
    },
    parts=("student", "teacher"),
    prepare=of_length_1,
)
