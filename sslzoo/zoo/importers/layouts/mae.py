"""MAE: the encoder; the decoder and mask token are dropped."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.timm_vit import EXACT, RULES

LAYOUT = Layout(RULES, ("",), (r"^decoder_", r"^mask_token$"), EXACT)
