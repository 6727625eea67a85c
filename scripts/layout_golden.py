"""Names, shapes and features of published layouts, by torch: a part of `make torch-golden`.

.venv-torch/bin/python scripts/layout_golden.py OUTPUT.npz

Networks have the wrappers of their official programs, small and with all that a checkpoint holds
besides. Those of timm and of transformers come from these libraries. `value` of torch_golden.py
draws each weight from its whole published name, in the tests too, so no weights are kept.
"""

import json
import sys

import numpy as np
import timm
import torch
from torch import nn
from torch_golden import MICRO, ResNet50, ViT, image, value
from transformers import (
    Dinov2Config,
    Dinov2Model,
    Dinov2WithRegistersConfig,
    Dinov2WithRegistersModel,
    ViTConfig,
    ViTMAEConfig,
    ViTMAEForPreTraining,
    ViTModel,
)

SIZES = {"resnet": (64, 48), "vit": (16, 16)}


def resnet():
    network = ResNet50(8)
    network.fc = nn.Linear(256, 6)
    return network


def vit(*more, **options):
    network = ViT(*MICRO, "dino", *more, **options)
    network.head = nn.Linear(16, 6)
    return network


class Wrapped(nn.Module):
    """What DistributedDataParallel makes of a network: its names start with "module."."""

    def __init__(self, **parts):
        super().__init__()
        self.module = nn.Module()
        add(self.module, **parts)


def add(module, **parts):
    for name, part in parts.items():
        if isinstance(part, torch.Tensor):
            module.register_buffer(name, part)
        else:
            setattr(module, name, part)
    return module


def mlp(*widths, bias=True):
    layers = []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        layers += [nn.Linear(inputs, outputs, bias=bias), nn.BatchNorm1d(outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


# === Each returns (the whole, the network in it) ===


def moco():
    query, key = resnet(), resnet()
    for network in (query, key):  # v2
        network.fc = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), network.fc)
    queue = {"queue": torch.zeros(6, 32), "queue_ptr": torch.zeros(1, dtype=torch.long)}
    return Wrapped(encoder_q=query, encoder_k=key, **queue), query


def simsiam():
    network = resnet()
    network.fc = mlp(256, 32, 32, 32, bias=False)
    return Wrapped(encoder=network, predictor=mlp(32, 8, 32)), network


def mocov3(network, head):
    setattr(network, head, mlp(network_width(head), 32, 6, bias=False))
    momentum = resnet() if head == "fc" else vit()
    return Wrapped(base_encoder=network, momentum_encoder=momentum, predictor=mlp(6, 8, 6)), network


def network_width(head):
    return 256 if head == "fc" else 16


def bare(network):
    for name in ("fc", "head"):
        if hasattr(network, name):
            delattr(network, name)
    return network


def swav():
    network = bare(resnet())
    heads = {"projection_head": mlp(256, 32, 6), "prototypes": nn.Linear(6, 30, bias=False)}
    wrapped = Wrapped()
    wrapped.module = add(network, **heads)
    return wrapped, network


def barlow_twins():
    network = bare(resnet())
    batch_norm = nn.BatchNorm1d(32, affine=False)
    return Wrapped(backbone=network, projector=mlp(256, 32, 32), bn=batch_norm), network


def vicreg():
    network = bare(resnet())
    return Wrapped(backbone=network, projector=mlp(256, 32, 32)), network


def vissl():
    whole = nn.Module()
    whole._feature_blocks = bare(resnet())
    return whole, whole._feature_blocks


def dino():
    network, head = bare(vit()), nn.Module()
    head.mlp = nn.Sequential(nn.Linear(16, 8), nn.GELU(), nn.Linear(8, 6))
    head.last_layer = nn.utils.weight_norm(nn.Linear(6, 30, bias=False))
    return Wrapped(backbone=network, head=head), network


def dinov2():
    network = bare(vit(registers=4, scales=True))
    network.mask_token = nn.Parameter(torch.zeros(1, 16))
    return network, network


def mae():
    network = bare(vit())
    whole = add(network, decoder_embed=nn.Linear(16, 8), decoder_norm=nn.LayerNorm(8))
    whole.mask_token = nn.Parameter(torch.zeros(1, 1, 8))
    whole.decoder_blocks = nn.ModuleList([nn.Linear(8, 8)])
    return whole, network


def of_timm(**options):
    network = timm.models.vision_transformer.VisionTransformer(
        16, 4, 3, embed_dim=16, depth=2, num_heads=2, num_classes=0, **options
    )
    return network, network


class Pooled(nn.Module):
    """The class token of a network of transformers."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def state_dict(self, *rest, **options):
        return self.network.state_dict(*rest, **options)

    def forward(self, x):
        return self.network(x, interpolate_pos_encoding=False).last_hidden_state[:, 0]


SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
SMALL |= {"image_size": 16, "patch_size": 4, "layer_norm_eps": 1e-6}


def of_transformers(kind, config, **options):
    network = Pooled(kind(config(**SMALL, **options)))
    return network, network


class Encoded(Pooled):
    """MAE's encoder without masks; its own forward draws an order, which the class token ignores
    but for rounding."""

    def forward(self, x):
        return self.network.vit(x).last_hidden_state[:, 0]


def mae_of_transformers():
    decoder = {"decoder_hidden_size": 8, "decoder_num_hidden_layers": 1}
    decoder |= {"decoder_num_attention_heads": 2, "decoder_intermediate_size": 16}
    config = ViTMAEConfig(**SMALL, intermediate_size=64, mask_ratio=0.0, **decoder)
    network = Encoded(ViTMAEForPreTraining(config))
    return network, network


LAYOUTS = {  # "layout case": how it is made
    "torchvision_resnet": lambda: (resnet(),) * 2,
    "moco": moco,
    "mocov3_resnet": lambda: mocov3(resnet(), "fc"),
    "simsiam": simsiam,
    "swav": swav,
    "barlow_twins": barlow_twins,
    "vicreg": vicreg,
    "vissl": vissl,
    "mocov3_vit": lambda: mocov3(vit(), "head"),
    "dino full": dino,
    "dino registers": dinov2,
    "mae": mae,
    "timm_vit": lambda: of_timm(),
    "dino timm": lambda: of_timm(reg_tokens=4, no_embed_class=True, init_values=1.0),
    "dino transformers": lambda: of_transformers(ViTModel, ViTConfig, intermediate_size=64),
    "dino transformers v2": lambda: of_transformers(Dinov2Model, Dinov2Config),
    "dino transformers registers": lambda: of_transformers(
        Dinov2WithRegistersModel, Dinov2WithRegistersConfig
    ),
    "mae transformers": mae_of_transformers,
}


def features(network, x):
    """Before the head, whatever it is."""
    kinds = {"fc": nn.Identity(), "head": nn.Identity()}
    for name, nothing in kinds.items():
        if hasattr(network, name) and not isinstance(network, Pooled):
            setattr(network, name, nothing)
    return network(x)


def main(path):
    torch.set_num_threads(1)
    golden = {}
    for name, make in LAYOUTS.items():
        whole, network = make()
        tensors = whole.state_dict()
        shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
        for key, tensor in tensors.items():
            if not key.endswith(("num_batches_tracked", "queue_ptr")):
                tensor.copy_(torch.from_numpy(value(key, tuple(tensor.shape))))
        x = image(*SIZES["resnet" if isinstance(network, ResNet50) else "vit"])
        network.eval()
        with torch.no_grad():
            found = features(network, torch.from_numpy(x).permute(0, 3, 1, 2))
        golden[f"{name} features"] = found.numpy()
        golden[f"{name} shapes"] = np.frombuffer(json.dumps(shapes).encode(), "u1")
    np.savez_compressed(path, **golden)


if __name__ == "__main__":
    main(sys.argv[1])
