"""MAE: the encoder, where the decoder and the mask token are dropped; or both networks."""

from sslzoo.zoo.importers.layout import Layout, Networks
from sslzoo.zoo.importers.layouts.timm_vit import EXACT, RULES, prepared

LAYOUT = Layout(RULES, ("",), (r"^decoder[._]", r"^mask_token$"), EXACT, prepared)
DECODER = (
    (r"^decoder_values", "decoder_pred"),
    (r"^decoder_block(\d+)_", lambda m: f"decoder_blocks.{int(m[1]) - 1}."),
    *RULES,
)
TOKENS = {"decoder_tokens/mask_token": "mask_token"}
FIXED = (r"^decoder_pos_embed$",)  # they are computed here
NETWORKS = Networks(
    {"backbone": LAYOUT, "decoder": Layout(DECODER, ("",), exact=TOKENS)}, dropped=FIXED
)
