"""SimSiam: the encoder; or all networks of the method."""

from sslzoo.zoo.importers.layout import Layout, Networks
from sslzoo.zoo.importers.layouts._heads import folded, head
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (r"^module\.encoder\.fc\.", r"^module\.predictor\.")
LAYOUT = Layout(RULES, ("module.encoder.",), DROPPED)
NETWORKS = Networks(
    {
        "backbone": LAYOUT,
        "projector": head("module.encoder.fc."),
        "predictor": head("module.predictor."),
    },
    prepare=folded,  # the last dense layer of the projector
)
