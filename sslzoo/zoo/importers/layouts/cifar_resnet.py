"""ResNets of akamaster/pytorch_resnet_cifar10: torchvision's names, and a classifier `linear`."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.torchvision_resnet import RULES

LAYOUT = Layout(((r"^head_dense1", "linear"), *RULES))
