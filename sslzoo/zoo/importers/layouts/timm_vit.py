"""Vision transformers with timm's names: DINO, DINOv2, iBOT, MAE's encoder, timm itself."""

from sslzoo.zoo.importers.layout import Layout

RULES = (
    (r"^head_dense1", "head"),
    (r"^patch_embed", "patch_embed.proj"),
    (r"^features", "fc_norm"),
    (r"^block(\d+)_", lambda m: f"blocks.{int(m[1]) - 1}."),
    (r"qkv|projection", lambda m: {"qkv": "attn.qkv", "projection": "attn.proj"}[m[0]]),
    (r"mlp(\d)", r"mlp.fc\1"),
    (r"scale(\d)", r"ls\1"),
)
EXACT = {
    "tokens/class_token": "cls_token",
    "tokens/positions": "pos_embed",
    "tokens/registers": "register_tokens",
}
LAYOUT = Layout(RULES, exact=EXACT)
