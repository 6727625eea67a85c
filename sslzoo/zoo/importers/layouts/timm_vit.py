"""Vision transformers with timm's names: DINO, DINOv2, iBOT, MAE's encoder, timm itself.

Those of Hugging Face's transformers become timm's first.
"""

import numpy as np

from sslzoo.zoo.importers.layout import Layout
from sslzoo.zoo.importers.layouts._huggingface import joined

RULES = (
    (r"^head_dense1", "head"),
    (r"^patch_embed", "patch_embed.proj"),
    (r"^features", "fc_norm"),
    (r"^block(\d+)_", lambda m: f"blocks.{int(m[1]) - 1}."),
    (r"qkv|projection", lambda m: {"qkv": "attn.qkv", "projection": "attn.proj"}[m[0]]),
    (r"mlp(\d)", r"mlp.fc\1"),
    (r"scale(\d)", r"ls\1"),
)
DROPPED = (r"^mask_token$", r"^pooler\.")  # transformers' own
EXACT = {
    "tokens/class_token": "cls_token",
    "tokens/positions": "pos_embed",
    "tokens/registers": "register_tokens",
}


def prepared(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """DINOv2's names, whoever saved the file.

    timm's networks with registers have positions of the patches alone; that of the class token is
    already added to the token. It becomes 0 here.

    >>> arrays = {"pos_embed": np.ones((1, 4, 2)), "reg_token": np.ones((1, 4, 2))}
    >>> prepared(arrays)["pos_embed"].shape
    (1, 5, 2)
    """
    named = joined(arrays)
    if "reg_token" in named and "register_tokens" not in named:
        named["register_tokens"] = named.pop("reg_token")
        positions = named.get("pos_embed")
        if positions is not None and positions.ndim == 3:
            named["pos_embed"] = np.pad(positions, ((0, 0), (1, 0), (0, 0)))
    return named


LAYOUT = Layout(RULES, dropped=DROPPED, exact=EXACT, prepare=prepared)
