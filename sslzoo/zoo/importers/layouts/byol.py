"""BYOL's ResNets, of Haiku: the network; or the online and the target network with their heads.

The classifiers are dropped, and the predictor that the target has and does not use.

Statistics of BatchNorm are the `average` of Haiku's moving averages, without its bias.
"""

import re

import numpy as np

from sslzoo.zoo.importers.layout import Layout, Networks

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


def folded(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`short`, and the bias before each BatchNorm of a head as a part of its mean: layers before a
    BatchNorm have none here.

    >>> name = "projector/batch_norm/~/mean_ema/average"
    >>> folded({"projector/linear/b": np.ones(2), name: np.zeros((1, 2))})
    {'projector/batch_norm/mean_ema/average': array([-1., -1.])}
    """
    arrays = short(arrays)
    for head in ("projector", "predictor"):
        bias, mean = f"{head}/linear/b", f"{head}/batch_norm/mean_ema/average"
        if bias in arrays and mean in arrays and arrays[bias].size == arrays[mean].size:
            arrays[mean] = arrays[mean].reshape(-1) - arrays.pop(bias).reshape(-1)
    return arrays


LAYOUT = Layout(RULES, ("",), DROPPED, prepare=short, parts=PARTS, torch=False)
HEAD = Layout(
    (
        (r"^\w+_dense1$", "linear"),
        (r"^\w+_dense2$", "linear_1"),
        (r"^\w+_bn1$", "batch_norm"),
    ),
    parts=PARTS,
    torch=False,
)
NETWORKS = Networks(
    {
        "backbone": LAYOUT._replace(prefixes=("online/",)),
        "projector": HEAD._replace(prefixes=("online/projector/",)),
        "predictor": HEAD._replace(prefixes=("online/predictor/",)),
        "target_backbone": LAYOUT._replace(prefixes=("target/",)),
        "target_projector": HEAD._replace(prefixes=("target/projector/",)),
    },
    dropped=(r"/hidden$", r"/counter$", r"classifier", r"logits", r"^target/predictor/"),
    parts=("online", "target"),
    prepare=folded,
)
