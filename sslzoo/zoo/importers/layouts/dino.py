"""DINO, DINOv2 and iBOT: the encoder or the teacher; heads and mask tokens are dropped."""

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts.timm_vit import EXACT, RULES, prepared

DROPPED = (r"^(module\.)?head\.", r"^mask_token$", r"^masked_embed$", r"^pooler\.")
LAYOUT = Layout(RULES, ("module.backbone.", "backbone.", "module.", ""), DROPPED, EXACT, prepared)
