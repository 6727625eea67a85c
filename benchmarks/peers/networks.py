"""`sslzoo.nn.resnet`'s networks in plain torch: the same convolutions, BatchNorms and shortcuts."""

from torch import nn
from torch.nn import functional as F


def conv_bn(inputs, outputs, kernel, stride):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = conv_bn(inputs, outputs, 3, stride)
        self.conv2 = conv_bn(outputs, outputs, 3, 1)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else conv_bn(inputs, outputs, 1, stride)

    def forward(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


def resnet(widths, depth):
    """A 3x3 stem, a stage of `depth` basic blocks for every width, the mean over the map."""
    layers = [conv_bn(3, widths[0], 3, 1), nn.ReLU()]
    inputs = widths[0]
    for stage, width in enumerate(widths):
        for index in range(depth):
            layers.append(Block(inputs, width, 2 if stage > 0 and index == 0 else 1))
            inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


NETWORKS = {
    "resnet20": lambda: resnet((16, 32, 64), 3),
    "resnet18": lambda: resnet((64, 128, 256, 512), 2),  # the CIFAR stem
}
