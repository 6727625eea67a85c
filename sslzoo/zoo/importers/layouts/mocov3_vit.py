"""MoCo v3, vision transformers: the base encoder."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.timm_vit import EXACT, RULES

DROPPED = (
    r"^module\.base_encoder\.head\.",
    r"^module\.momentum_encoder\.",
    r"^module\.predictor\.",
)
LAYOUT = Layout(RULES, ("module.base_encoder.",), DROPPED, EXACT)
