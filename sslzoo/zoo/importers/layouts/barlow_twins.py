"""Barlow Twins: the network; or, of its full checkpoint, with the projector.

The BatchNorm `bn` has no weights but statistics. The loss here standardizes over the batch instead.
"""

from sslzoo.zoo.importers.layout import Layout, Networks
from sslzoo.zoo.importers.layouts._heads import head
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (r"^module\.projector\.", r"^module\.bn\.")
LAYOUT = Layout(RULES, ("module.backbone.", ""), DROPPED)
NETWORKS = Networks(
    {"backbone": LAYOUT, "projector": head("module.projector.")}, dropped=DROPPED[1:]
)
