"""The generator of HasnainRaz/Fast-SRGAN."""

from sslzoo.zoo.importers.layout import Layout

RULES = (
    (r"^first_conv", "neck.0"),
    (r"^first_prelu", "neck.1"),
    (r"^block(\d+)_(\d)_conv", lambda m: f"stem.{int(m[1]) - 1}.conv{m[2]}"),
    (r"^block(\d+)_1_prelu", lambda m: f"stem.{int(m[1]) - 1}.relu1"),
    (r"^trunk_conv", "bottleneck.0"),
    (r"^upsample(\d)_conv", lambda m: f"upsampling.{int(m[1]) - 1}.conv"),
    (r"^upsample(\d)_prelu", lambda m: f"upsampling.{int(m[1]) - 1}.relu"),
    (r"^last_conv", "head.0"),
)
LAYOUT = Layout(RULES)
