"""MoCo v3, ResNet-50: the base encoder.

Its heads are dropped. Versions of the official code differ in whether the predictor ends in a
BatchNorm, as that of `moco_v3` does, and which of them made the file is not known.
"""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (
    r"^module\.base_encoder\.fc\.",
    r"^module\.momentum_encoder\.",
    r"^module\.predictor\.",
)
LAYOUT = Layout(RULES, ("module.base_encoder.",), DROPPED)
