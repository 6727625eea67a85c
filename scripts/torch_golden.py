"""Outputs of published networks, computed by torch: `make torch-golden`.

.venv-torch/bin/python scripts/torch_golden.py OUTPUT.npz

The networks are written here after the published code, layer by layer, with torch's layers. Each
weight is drawn by `value` from its published name, in the tests too, so no weights are kept.
"""

import sys
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def value(name, shape):
    """The weight of a published name, in torch's layout: the same in every program."""
    x = np.random.default_rng(zlib.crc32(name.encode())).random(shape, np.float32)
    if name.endswith("running_var"):
        return x + 0.5
    if len(shape) == 1 and name.endswith(("weight", "gamma")):
        return 0.5 * x + 0.5
    if len(shape) < 4 and not name.endswith("weight"):  # biases, means, tokens, positions
        return x - 0.5
    fan_in = np.prod(shape[1:])
    return (2 * x - 1) * np.float32(np.sqrt(3 / fan_in))


def image(height, width):
    """(1, height, width, 3) in [0, 1]."""
    return np.random.default_rng(height).random((1, height, width, 3), np.float32)


def output(network, images):
    """What the network gives with the weights of `value`."""
    for name, tensor in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            tensor.copy_(torch.from_numpy(value(name, tuple(tensor.shape))))
    network.eval()
    with torch.no_grad():
        return network(torch.from_numpy(images).permute(0, 3, 1, 2))


# === ResNets ===


def same(x, kernel, stride, fill=0.0):
    """TensorFlow's "same": the odd row goes behind."""
    pads = []
    for side in (x.shape[3], x.shape[2]):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=fill)


class Conv(nn.Conv2d):
    def __init__(self, inputs, outputs, kernel, stride=1, like="torch"):
        pad = 0 if like == "byol" else kernel // 2
        super().__init__(inputs, outputs, kernel, stride, pad, bias=False)
        self.like = like

    def forward(self, x):
        kernel, stride = self.kernel_size[0], self.stride[0]
        return super().forward(same(x, kernel, stride) if self.like == "byol" else x)


class Bottleneck(nn.Module):
    """torchvision's, v1.5; with `sk` that of SimCLR v2."""

    def __init__(self, inputs, width, stride, like, sk):
        super().__init__()
        self.stride, self.sk = stride, sk
        self.conv1, self.bn1 = Conv(inputs, width, 1), nn.BatchNorm2d(width)
        streams = 2 * width if sk else width
        self.conv2, self.bn2 = Conv(width, streams, 3, stride, like), nn.BatchNorm2d(streams)
        if sk:
            middle = max(int(width * 0.0625), 32)
            self.squeeze = nn.Sequential(Conv(width, middle, 1), nn.BatchNorm2d(middle), nn.ReLU())
            self.mix = Conv(middle, 2 * width, 1)
        self.conv3, self.bn3 = Conv(width, 4 * width, 1), nn.BatchNorm2d(4 * width)
        self.downsample = None
        if stride > 1 or inputs != 4 * width:
            projection = Conv(inputs, 4 * width, 1, 1 if sk else stride)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(4 * width))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        if self.sk:
            y = torch.stack(y.chunk(2, dim=1))  # (2, N, C, H, W)
            logits = self.mix(self.squeeze(y.sum(0).mean((2, 3), keepdim=True)))
            y = (y * torch.stack(logits.chunk(2, dim=1)).softmax(0)).sum(0)
        y = self.bn3(self.conv3(y))
        return F.relu(y + self.shortcut(x))

    def shortcut(self, x):
        if self.downsample is None:
            return x
        if self.sk and self.stride == 2:
            x = F.avg_pool2d(F.pad(x, (0, 1, 0, 1)), 2, 2)
        elif self.sk:
            inside = torch.ones_like(x)
            x, inside = F.pad(x, (0, 1, 0, 1)), F.pad(inside, (0, 1, 0, 1))
            x = F.avg_pool2d(x, 2, 1) / F.avg_pool2d(inside, 2, 1)
        return self.downsample(x)


class ResNet50(nn.Module):
    def __init__(self, width=64, like="torch", sk=False):
        super().__init__()
        self.like, self.sk = like, sk
        if sk:
            sizes = ((3, width // 2, 2), (width // 2, width // 2, 1), (width // 2, width, 1))
            layers = [
                nn.Sequential(Conv(a, b, 3, stride), nn.BatchNorm2d(b), nn.ReLU())
                for a, b, stride in sizes
            ]
            self.stem1, self.stem2, self.stem3 = layers
        else:
            self.conv1, self.bn1 = Conv(3, width, 7, 2, like), nn.BatchNorm2d(width)
        inputs = width
        for stage, depth in enumerate((3, 4, 6, 3)):
            blocks = []
            for index in range(depth):
                stride = 2 if stage and not index else 1
                blocks.append(Bottleneck(inputs, width * 2**stage, stride, like, sk))
                inputs = 4 * width * 2**stage
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))

    def forward(self, x):
        x = self.stem(x)
        if self.like == "torch" and not self.sk:
            x = F.max_pool2d(x, 3, 2, 1)
        else:
            x = F.max_pool2d(same(x, 3, 2, -torch.inf), 3, 2)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean((2, 3))

    def stem(self, x):
        if self.sk:
            return self.stem3(self.stem2(self.stem1(x)))
        return F.relu(self.bn1(self.conv1(x)))


class BlockA(nn.Module):
    """akamaster/pytorch_resnet_cifar10, option A."""

    def __init__(self, inputs, width):
        super().__init__()
        self.new = width - inputs
        stride = 2 if self.new else 1
        self.conv1, self.bn1 = Conv(inputs, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = Conv(width, width, 3), nn.BatchNorm2d(width)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.new:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.new // 2, self.new // 2))
        return F.relu(y + x)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = Conv(3, 16, 3), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(BlockA(16, 16), BlockA(16, 16), BlockA(16, 16))
        self.layer2 = nn.Sequential(BlockA(16, 32), BlockA(32, 32), BlockA(32, 32))
        self.layer3 = nn.Sequential(BlockA(32, 64), BlockA(64, 64), BlockA(64, 64))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.layer3(self.layer2(self.layer1(x))).mean((2, 3))


# === Vision transformers: the names of DINO and DINOv2 ===


class Gamma(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * self.gamma


class SelfAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        n, t, d = x.shape
        qkv = self.qkv(x).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(*qkv)
        return self.proj(y.transpose(1, 2).reshape(n, t, d))


class MLP(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads, scales):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, 1e-6), nn.LayerNorm(dim, 1e-6)
        self.attn, self.mlp = SelfAttention(dim, heads), MLP(dim)
        self.ls1, self.ls2 = (Gamma(dim) if scales else nn.Identity() for _ in range(2))

    def forward(self, x):
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class PatchEmbed(nn.Module):
    def __init__(self, dim, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, patch)

    def forward(self, x):
        return self.proj(x)


class ViT(nn.Module):
    def __init__(self, dim, depth, heads, patch, stored, rule, registers=0, scales=False, pool=""):
        super().__init__()
        self.grid, self.rule, self.pool = stored // patch, rule, pool
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.grid**2, dim))
        if registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, registers, dim))
        self.registers = registers
        self.patch_embed = PatchEmbed(dim, patch)
        self.blocks = nn.ModuleList(Block(dim, heads, scales) for _ in range(depth))
        if pool == "mean_norm":
            self.fc_norm = nn.LayerNorm(dim, 1e-6)
        else:
            self.norm = nn.LayerNorm(dim, 1e-6)

    def positions(self, height, width):
        places = self.pos_embed[:, 1:].reshape(1, self.grid, self.grid, -1).permute(0, 3, 1, 2)
        if (height, width) != (self.grid, self.grid):
            places = resized(places, (height, width), self.rule)
        assert places.shape[2:] == (height, width)
        return places.flatten(2).transpose(1, 2)

    def forward(self, x):
        x = self.patch_embed(x)
        height, width = x.shape[2:]
        x = x.flatten(2).transpose(1, 2) + self.positions(height, width)
        tokens = [self.cls_token + self.pos_embed[:, :1]]
        tokens += [self.register_tokens] if self.registers else []
        x = torch.cat([*tokens, x], dim=1)
        for block in self.blocks:
            x = block(x)
        if self.pool == "mean_norm":
            return self.fc_norm(x[:, 1 + self.registers :].mean(1))
        x = self.norm(x)
        return x[:, 1 + self.registers :].mean(1) if self.pool == "mean" else x[:, 0]


def resized(places, sizes, rule):
    """Positions (1, D, H, W) by the rules of DINO, DINOv2 with registers, and MAE."""
    if rule == "dino":
        factors = [(new + 0.1) / old for new, old in zip(sizes, places.shape[2:], strict=True)]
        return F.interpolate(places, scale_factor=factors, mode="bicubic")
    antialias = rule == "antialias"
    return F.interpolate(places, sizes, mode="bicubic", align_corners=False, antialias=antialias)


# === Fast-SRGAN's generator ===


class GeneratorBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.conv2 = Conv(width, width, 3), Conv(width, width, 3)
        self.bn1, self.bn2 = nn.InstanceNorm2d(width), nn.InstanceNorm2d(width)
        self.relu1 = nn.PReLU()

    def forward(self, x):
        return x + self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))


class Enlarging(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, 4 * width, 3, padding=1)
        self.relu = nn.PReLU()

    def forward(self, x):
        return self.relu(F.pixel_shuffle(self.conv(x), 2))


class Generator(nn.Module):
    def __init__(self, width, blocks):
        super().__init__()
        self.neck = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.PReLU())
        self.stem = nn.Sequential(*[GeneratorBlock(width) for _ in range(blocks)])
        self.bottleneck = nn.Sequential(Conv(width, width, 3), nn.InstanceNorm2d(width))
        self.upsampling = nn.Sequential(Enlarging(width), Enlarging(width))
        self.head = nn.Sequential(nn.Conv2d(width, 3, 3, padding=1), nn.Tanh())

    def forward(self, x):
        first = self.neck(2 * x - 1)
        x = self.bottleneck(self.stem(first)) + first
        return (self.head(self.upsampling(x)) + 1) / 2


MICRO = (16, 2, 2, 4, 16)  # width, blocks, heads, patch, stored size
NETWORKS = {  # name: (network, sizes of images)
    "resnet50": (lambda: ResNet50(), [(224, 224), (161, 130)]),
    "resnet50_simclr": (lambda: ResNet50(16, "simclr"), [(64, 64), (97, 97)]),
    "resnet50_byol": (lambda: ResNet50(16, "byol"), [(64, 64), (97, 97)]),
    "resnet50_sk": (lambda: ResNet50(16, sk=True), [(64, 64), (97, 97)]),
    "resnet20_zeros": (lambda: ResNet20(), [(32, 32)]),
    "vit_small16_dino": (lambda: ViT(384, 12, 6, 16, 224, "dino"), [(224, 224), (160, 240)]),
    "vit_small14_registers": (
        lambda: ViT(384, 12, 6, 14, 518, "antialias", 4, True),
        [(224, 224), (98, 98)],
    ),
    "vit_small16_mocov3": (lambda: ViT(384, 12, 12, 16, 224, "bicubic"), [(224, 224)]),
    "vit_base16_mae": (lambda: ViT(768, 12, 12, 16, 224, "bicubic"), [(224, 224), (192, 192)]),
    "vit_micro_mean": (lambda: ViT(*MICRO, "dino", pool="mean"), [(16, 16), (24, 8)]),
    "vit_micro_mean_norm": (
        lambda: ViT(*MICRO, "antialias", 2, True, "mean_norm"),
        [(16, 16), (24, 8)],
    ),
    "generator": (lambda: Generator(8, 2), [(6, 10)]),
}


def main(path):
    torch.set_num_threads(1)
    golden = {}
    for name, (build, sizes) in NETWORKS.items():
        network = build()
        for height, width in sizes:
            found = output(network, image(height, width)).numpy()
            golden[f"{name} {height}x{width}"] = found
    for rule in ("bicubic", "dino", "antialias"):
        for old, new in ((14, 10), (14, 17), (37, 16), (5, 12)):
            units = torch.eye(old).reshape(1, old, old, 1).repeat(1, 1, 1, old)
            rows = resized(units, (new, new), rule)[0, :, :, 0].T  # all columns are alike
            golden[f"resize {rule} {old} {new}"] = rows.numpy()
    np.savez_compressed(path, **golden)


if __name__ == "__main__":
    main(sys.argv[1])
