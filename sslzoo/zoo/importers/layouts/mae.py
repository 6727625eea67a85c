"""MAE: the encoder; the decoder and mask token are dropped."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.timm_vit import EXACT, RULES, prepared

LAYOUT = Layout(RULES, ("",), (r"^decoder[._]", r"^mask_token$"), EXACT, prepared)
