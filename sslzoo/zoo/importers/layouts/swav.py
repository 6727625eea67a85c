"""SwAV and DeepCluster v2: the network; or, of SwAV, with projection head and prototypes."""

from sslzoo.zoo.importers.layout import Layout, Networks
from sslzoo.zoo.importers.layouts._heads import folded, head
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (r"^(module\.)?projection_head\.", r"^(module\.)?prototypes")
LAYOUT = Layout(RULES, ("module.", ""), DROPPED)
NETWORKS = Networks(
    {
        "backbone": LAYOUT,
        "projector": head("module.projection_head.", "projection_head."),
        "prototypes": Layout((), ("module.", "")),
    },
    prepare=folded,  # the hidden layer of the head
)
