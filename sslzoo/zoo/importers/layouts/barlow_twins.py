"""Barlow Twins: the network without its projector, also of its full checkpoint."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (r"^module\.projector\.", r"^module\.bn\.")
LAYOUT = Layout(RULES, ("module.backbone.", ""), DROPPED)
