"""BYOL's ResNets, of Haiku: the network without projector, predictor and classifier.

Statistics of BatchNorm are the `average` of Haiku's moving averages, without its bias.
"""

import re

import numpy as np

from sslzoo.zoo.importers.layout import Layout

RULES = (
    (r"^stem_(conv|bn)$", r"initial_\1"),
    (r"^stage(\d)_block(\d+)_", lambda m: f"block_group_{int(m[1]) - 1}/block_{int(m[2]) - 1}/"),
    (r"(\d)_(conv|bn)$", lambda m: f"{m[2]}_{int(m[1]) - 1}"),
    (r"downsample_(conv|bn)$", r"shortcut_\1"),
    (r"bn(_\d)?$", r"batchnorm\1"),
)
PARTS = {"kernel": "/w", "gamma": "/scale", "beta": "/offset"}
PARTS |= {"moving_mean": "/mean_ema/average", "moving_variance": "/var_ema/average"}
DROPPED = (r"/hidden$", r"/counter$", r"projector", r"predictor", r"classifier", r"logits")


def short(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Names from the first layer on, without Haiku's "~".

    >>> list(short({"res_net50/~/block_group_0/~/block_0/~/conv_0/w": 0}))
    ['block_group_0/block_0/conv_0/w']
    """
    names = {}
    for name, array in arrays.items():
        name = name.replace("/~/", "/")
        network = re.search(r"(?:^|/)((initial_|block_group_).*)", name)
        name = re.sub(r"^(initial_\w+?)_1/", r"\1/", network[1]) if network else name
        if name in names:
            raise ValueError(f"two tensors {name}")
        names[name] = array
    return names


LAYOUT = Layout(RULES, ("",), DROPPED, prepare=short, parts=PARTS, torch=False)
