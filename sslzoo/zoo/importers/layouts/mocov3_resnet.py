"""MoCo v3, ResNet-50: the base encoder.

Its heads are dropped: the official predictor ends without the BatchNorm that `moco_v3` has here.
"""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (
    r"^module\.base_encoder\.fc\.",
    r"^module\.momentum_encoder\.",
    r"^module\.predictor\.",
)
LAYOUT = Layout(RULES, ("module.base_encoder.",), DROPPED)
