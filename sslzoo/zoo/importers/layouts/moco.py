"""MoCo v1 and v2: the query encoder; or all networks of the method but the queue."""

import re

import numpy as np

from sslzoo.zoo.importers.layout import Layout, Networks
from sslzoo.zoo.importers.layouts._heads import head
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

QUERY, KEY = "module.encoder_q.", "module.encoder_k."
QUEUE = r"^module\.queue(_ptr)?$"


def numbered(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The one layer of version 1's projectors, as the first of several.

    >>> list(numbered({"module.encoder_q.fc.weight": 0}))
    ['module.encoder_q.fc.0.weight']
    """
    names = {name: re.sub(r"\.fc\.(weight|bias)$", r".fc.0.\1", name) for name in arrays}
    return {name if names[name] in arrays else names[name]: array for name, array in arrays.items()}


DROPPED = (r"^module\.encoder_q\.fc\.", r"^module\.encoder_k\.", QUEUE)
LAYOUT = Layout(RULES, (QUERY,), DROPPED)
NETWORKS = Networks(
    {
        "backbone": LAYOUT,
        "projector": head(f"{QUERY}fc.", step=2),
        "key_backbone": LAYOUT._replace(prefixes=(KEY,)),
        "key_projector": head(f"{KEY}fc.", step=2),
    },
    dropped=(QUEUE,),
    prepare=numbered,
)
