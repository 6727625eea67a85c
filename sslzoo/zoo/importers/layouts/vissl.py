"""The trunk of VISSL's ResNets."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

LAYOUT = Layout(RULES, prefixes=("_feature_blocks.", ""))
