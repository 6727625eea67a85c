"""MoCo v3, vision transformers: the base encoder; or all networks of the method."""

from sslzoo.zoo.importers.layout import Layout, Networks
from sslzoo.zoo.importers.layouts._heads import head
from sslzoo.zoo.importers.layouts.timm_vit import EXACT, RULES

BASE, MOMENTUM = "module.base_encoder.", "module.momentum_encoder."
DROPPED = (
    r"^module\.base_encoder\.head\.",
    r"^module\.momentum_encoder\.",
    r"^module\.predictor\.",
)
LAYOUT = Layout(RULES, (BASE,), DROPPED, EXACT)
NETWORKS = Networks(
    {
        "backbone": LAYOUT,
        "projector": head(f"{BASE}head."),
        "predictor": head("module.predictor."),
        "key_backbone": LAYOUT._replace(prefixes=(MOMENTUM,)),
        "key_projector": head(f"{MOMENTUM}head."),
    }
)
