"""VICReg: the network; or, of its full checkpoint, with the projector."""

from sslzoo.zoo.importers.layout import Layout, Networks
from sslzoo.zoo.importers.layouts._heads import folded, head
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (r"^module\.projector\.", r"^module\.bn\.")
LAYOUT = Layout(RULES, ("module.backbone.", ""), DROPPED)
NETWORKS = Networks(
    {"backbone": LAYOUT, "projector": head("module.projector.")},
    prepare=folded,  # its hidden layers
)
