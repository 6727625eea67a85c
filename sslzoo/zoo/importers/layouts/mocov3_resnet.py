"""MoCo v3, ResNet-50: the base encoder."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (
    r"^module\.base_encoder\.fc\.",
    r"^module\.momentum_encoder\.",
    r"^module\.predictor\.",
)
LAYOUT = Layout(RULES, ("module.base_encoder.",), DROPPED)
