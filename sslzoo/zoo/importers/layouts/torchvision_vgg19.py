"""torchvision's VGG-19 up to its last convolution, without its classifier."""

from sslzoo.zoo.importers.layout import Layout

CONVOLUTIONS = (2, 2, 4, 4, 4)  # of the five blocks; a pooling ends each


def _name(match):
    """ "block2_conv1" -> "features.5": torch counts convolutions, ReLUs and poolings."""
    block, conv = int(match[1]) - 1, int(match[2]) - 1
    return f"features.{sum(2 * count + 1 for count in CONVOLUTIONS[:block]) + 2 * conv}"


LAYOUT = Layout(((r"^block(\d)_conv(\d)", _name),), dropped=(r"^classifier\.",))
