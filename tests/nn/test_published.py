"""Networks that published checkpoints have, held against torch (`make torch-golden`)."""

import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from PIL import Image

import sslzoo
from sslzoo import nn
from sslzoo.evaluate.image_quality import luminance, psnr
from sslzoo.nn.positions import resize_matrix, sincos_positions
from sslzoo.zoo.importers import layout as layout_module
from sslzoo.zoo.importers import layouts, tensors

GOLDEN = np.load(Path(__file__).parent / "golden" / "torch_networks.npz")


def value(name, shape):
    """That of scripts/torch_golden.py: a weight by its published name, in torch's layout."""
    x = np.random.default_rng(zlib.crc32(name.encode())).random(shape, np.float32)
    if name.endswith("running_var"):
        return x + 0.5
    if len(shape) == 1 and name.endswith(("weight", "gamma")):
        return 0.5 * x + 0.5
    if len(shape) < 4 and not name.endswith("weight"):
        return x - 0.5
    return (2 * x - 1) * np.float32(np.sqrt(3 / np.prod(shape[1:])))


def image(height, width):
    return np.random.default_rng(height).random((1, height, width, 3), np.float32)


# ---- names of torch -------------------------------------------------------------------

RESNET, VIT = layouts.find("torchvision_resnet"), layouts.find("timm_vit")
GENERATOR = layouts.find("fast_srgan")
SK_STEM = ((r"^(stem\d)_conv", r"\1.0"), (r"^(stem\d)_bn", r"\1.1"))
RESNET_SK = RESNET._replace(rules=(*SK_STEM, *RESNET.rules))


def shape_of_torch(variable):
    shape = tuple(variable.shape)
    if "prelu" in variable.path:
        return (1,)
    if len(shape) == 4:  # (out, in, H, W) of (H, W, in, out)
        return (shape[3], shape[2], *shape[:2])
    return shape[::-1] if len(shape) == 2 else shape


def fill(network, layout, value=value):
    """Give each variable the value of its published name, `value(name, torch's shape)`."""
    names = {layout.name(variable.path): variable for variable in network.weights}
    arrays = {name: value(name, shape_of_torch(v)) for name, v in names.items()}
    layout_module.fill(network.weights, arrays, layout, "test")
    return network


SMALL = {"width": 16, "stem": "imagenet"}
NETWORKS = {  # name in the golden file: (backbone, options, rules)
    "resnet50": ("resnet50", {"stem": "imagenet"}, RESNET),
    "resnet50_simclr": ("resnet50", SMALL | {"padding": "simclr"}, RESNET),
    "resnet50_byol": ("resnet50", SMALL | {"padding": "byol"}, RESNET),
    "resnet50_sk": ("resnet50_sk", SMALL, RESNET_SK),
    "resnet20_zeros": ("resnet20", {"shortcuts": "zeros"}, RESNET),
    "vit_small16_dino": (
        "vit_small",
        {"patch": 16, "positions_size": 224, "resizing": "dino"},
        VIT,
    ),
    "vit_small14_registers": (
        "vit_small",
        {"patch": 14, "positions_size": 518, "resizing": "antialias", "registers": 4}
        | {"layer_scale": 1e-5},
        VIT,
    ),
    "vit_small16_mocov3": (
        "vit_small",
        {"patch": 16, "heads": 12, "positions": "sincos_rows"},
        VIT,
    ),
    "vit_base16_mae": (
        "vit_base",
        {"patch": 16, "positions": "sincos", "positions_size": 224},
        VIT,
    ),
    "vit_micro_mean": (
        "vit_micro",
        {"positions_size": 16, "resizing": "dino", "pool": "mean"},
        VIT,
    ),
    "vit_micro_mean_norm": (
        "vit_micro",
        {"positions_size": 16, "resizing": "antialias", "pool": "mean_norm"}
        | {"registers": 2, "layer_scale": 1.0},
        VIT,
    ),
}
CASES = [key for key in GOLDEN if key.split()[0] in NETWORKS]
QUICK = ("vit_micro", "resnet20")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=() if case.startswith(QUICK) else pytest.mark.slow)
        for case in CASES
    ],
)
def test_features_are_those_of_torch(case):
    key, sizes = case.split()
    name, options, rules = NETWORKS[key]
    height, width = map(int, sizes.split("x"))
    network = fill(nn.backbone(name, (height, width), **options), rules)
    found = ops.convert_to_numpy(network(image(height, width), training=False))
    difference = np.abs(found - GOLDEN[case]).max() / np.abs(GOLDEN[case]).max()
    print(f"{case}: {difference:.1e}")
    assert difference < 1e-5  # GELU's approximation alone is 7e-5 away


def fast_srgan(width, blocks):
    trunk = {"width": width, "blocks": blocks, "norm": "instance", "first_kernel": 3}
    trunk = nn.backbone("srresnet", 8, slopes="one", signed=True, **trunk)
    return nn.srresnet_generator(nn.feature_map(trunk), 4, 3, slopes="one", image="tanh")


def test_generator_is_that_of_torch():
    found = ops.convert_to_numpy(fill(fast_srgan(8, 2), GENERATOR)(image(6, 10)))
    np.testing.assert_allclose(found.transpose(0, 3, 1, 2), GOLDEN["generator 6x10"], atol=1e-5)


@pytest.mark.parametrize("case", [key for key in GOLDEN if key.startswith("resize")])
def test_positions_are_resized_as_by_torch(case):
    _, rule, old, new = case.split()
    found = resize_matrix(int(old), int(new), rule)
    np.testing.assert_allclose(found, GOLDEN[case], atol=2e-5)


def test_sincos_positions_are_those_of_mae_and_moco_v3():
    """Their formulas, place by place."""
    for rows_first in (False, True):
        found = sincos_positions(3, 4, 8, rows_first).reshape(3, 4, 8)
        for row in range(3):
            for column in range(4):
                first, second = (row, column) if rows_first else (column, row)
                expected = [
                    wave(place / 10000 ** (k / 2))
                    for place in (first, second)
                    for wave in (np.sin, np.cos)
                    for k in range(2)
                ]
                np.testing.assert_allclose(found[row, column], expected, atol=1e-6)


# ---- real files -----------------------------------------------------------------------

SHARED = Path(__file__).parents[3] / "shared" / "data" / "checkpoints"
SETS = {name for name, _, _ in sslzoo.data.available()}


def published(name, data):
    """The tensors of a published file without their prefix, and a function that hands them out."""
    if not (SHARED / name).is_file() or data not in SETS:
        pytest.skip(f"needs {SHARED / name} and {data}")
    arrays = {key.split(".", 1)[1]: array for key, array in tensors(SHARED / name).items()}
    left = {key for key in arrays if not key.endswith("num_batches_tracked")}

    def take(key, shape):
        left.remove(key)
        assert arrays[key].shape == shape, key
        return arrays[key]

    return arrays, left, take


@pytest.mark.slow
def test_the_published_resnet20_has_its_published_accuracy():
    arrays, left, take = published("resnet20-12fca82f.th", "cifar10")
    network = fill(nn.backbone("resnet20", 32, shortcuts="zeros"), RESNET, take)
    assert left == {"linear.weight", "linear.bias"}
    test = sslzoo.data.load("cifar10", split="test")
    mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    right = 0
    for start in range(0, 10_000, 1_000):
        images = test.images[start : start + 1_000] / np.float32(255)
        features = ops.convert_to_numpy(network((images - mean) / std, training=False))
        logits = features @ arrays["linear.weight"].T + arrays["linear.bias"]
        right += (logits.argmax(axis=1) == test.labels[start : start + 1_000]).sum()
    assert abs(right - 9173) <= 2  # 91.73 %; a tie may fall either way


@pytest.mark.slow
def test_the_published_generator_has_its_published_psnr():
    """Its 8-bit images were cut, not rounded; rounded ones have 29.40 dB."""
    _, left, take = published("fast_srgan_model.pt", "super_resolution")
    generator = fill(fast_srgan(64, 8), GENERATOR, take)
    assert not left
    figures = []
    folder = Path(os.environ["SSLZOO_DATA"]) / "super_resolution" / "Set5"
    for path in sorted(folder.glob("*.png")):
        high = Image.open(path).convert("RGB")
        width, height = (side // 4 for side in high.size)
        high = high.crop((0, 0, 4 * width, 4 * height))
        low = np.asarray(high.resize((width, height), Image.Resampling.BICUBIC))
        made = ops.convert_to_numpy(generator(low[None] / np.float32(255)))[0]
        pair = luminance(np.floor(255 * made)), luminance(np.asarray(high))
        figures.append(psnr(*(y[4:-4, 4:-4] for y in pair)))
    np.testing.assert_allclose(figures, [30.46, 31.57, 26.11, 30.09, 28.39], atol=0.006)
