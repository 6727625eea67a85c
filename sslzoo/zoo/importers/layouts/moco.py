"""MoCo v1 and v2: the query encoder; its projection, the key encoder and the queue are dropped."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

DROPPED = (r"^module\.encoder_q\.fc\.", r"^module\.encoder_k\.", r"^module\.queue")
LAYOUT = Layout(RULES, ("module.encoder_q.",), DROPPED)
