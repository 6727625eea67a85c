"""SimSiam: the encoder; its projection and the predictor are dropped."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (r"^module\.encoder\.fc\.", r"^module\.predictor\.")
LAYOUT = Layout(RULES, ("module.encoder.",), DROPPED)
