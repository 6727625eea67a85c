"""The names that Hugging Face's transformers give to vision transformers: DINO, DINOv2, MAE.

Queries, keys and values are tensors of their own there; here they are one.
"""

import re

import numpy as np

NAMES = (  # of transformers, then of timm
    (r"^(vit|dinov2|dinov2_with_registers)\.", ""),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.(cls_token|register_tokens|mask_token)$", r"\1"),
    (r"^encoder\.layer\.(\d+)\.", r"blocks.\1."),
    (r"\.attention\.attention\.(query|key|value)\.", r".attn.\1."),
    (r"\.attention\.output\.dense\.", ".attn.proj."),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"(blocks\.\d+)\.output\.dense\.", r"\1.mlp.fc2."),
    (r"\.layernorm_(before|after)\.", lambda m: f".norm{1 if m[1] == 'before' else 2}."),
    (r"\.layer_scale(\d)\.lambda1$", r".ls\1.gamma"),
    (r"^layernorm\.", "norm."),
)


def joined(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The names of timm, and query, key and value one below the other. Names of timm stay.

    >>> one = np.zeros((2, 2), "float32")
    >>> start = "encoder.layer.0.attention.attention"
    >>> three = {f"{start}.{kind}.weight": one for kind in ("query", "key", "value")}
    >>> {name: array.shape for name, array in joined(three).items()}
    {'blocks.0.attn.qkv.weight': (6, 2)}
    """
    named = {}
    for name, array in arrays.items():
        for pattern, new in NAMES:
            name = re.sub(pattern, new, name)
        named[name] = array
    for query in [name for name in named if ".attn.query." in name]:
        three = [query.replace("query", kind) for kind in ("query", "key", "value")]
        if all(name in named for name in three):
            values = [named.pop(name) for name in three]
            named[query.replace("query", "qkv")] = np.concatenate(values)
    return named
