"""SwAV and DeepCluster v2: the network without projection head and prototypes."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (r"^(module\.)?projection_head\.", r"^(module\.)?prototypes")
LAYOUT = Layout(RULES, ("module.", ""), DROPPED)
