"""torchvision's ResNets, with their classifier `fc`."""

from sslzoo.zoo.importers.layout import Layout

RULES = (
    (r"^head_dense1", "fc"),
    (r"^stem_(conv|bn)", r"\g<1>1"),
    (r"^stage(\d)_block(\d+)_", lambda m: f"layer{m[1]}.{int(m[2]) - 1}."),
    (r"(\d)_(conv|bn)$", r"\2\1"),
    (r"(downsample|squeeze)_conv", r"\1.0"),
    (r"(downsample|squeeze)_bn", r"\1.1"),
    (r"mix_conv", "mix"),
)
LAYOUT = Layout(RULES)
