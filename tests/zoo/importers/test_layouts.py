"""Layouts of torch, against what modules with the official names computed: `make torch-golden`.

Each weight is drawn from its whole published name, so that another network of the same file, such
as the key encoder, would give other features.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from sslzoo import nn
from sslzoo.zoo.importers import layouts, tensors
from sslzoo.zoo.importers.layout import fill

foreign = pytest.importorskip("benchmarks.fuzz._foreign", reason="the wheel has no benchmarks")
GOLDEN = np.load(Path(__file__).parent / "golden" / "layouts.npz")
CASES = [name.removesuffix(" features") for name in GOLDEN if name.endswith(" features")]
RESNET = ("resnet50", (64, 48), {"stem": "imagenet", "width": 8})
VIT = ("vit_micro", (16, 16), {"patch": 4, "positions_size": 16, "resizing": "dino"})
SCALED = ("vit_micro", (16, 16), VIT[2] | {"layer_scale": 1.0})
REGISTERS = ("vit_micro", (16, 16), SCALED[2] | {"registers": 4})
NETWORKS = {
    "mocov3_vit": VIT,
    "dino full": VIT,
    "dino registers": REGISTERS,
    "mae": VIT,
    "timm_vit": VIT,
    "dino timm": REGISTERS,
    "dino transformers": VIT,
    "dino transformers v2": SCALED,
    "dino transformers registers": REGISTERS,
    "mae transformers": VIT,
}
PLACES = {  # in the file, where it is not the whole of it
    **dict.fromkeys(("moco", "mocov3_resnet", "mocov3_vit", "simsiam"), "state_dict"),
    **dict.fromkeys(("barlow_twins", "vicreg", "mae"), "model"),
    "vissl": "model_state_dict",
    "dino full": "teacher",
}


def value(name, shape):
    """That of scripts/torch_golden.py: a weight by its published name, in torch's layout."""
    if name.endswith(("num_batches_tracked", "queue_ptr")):
        return np.zeros(shape, "int64")
    x = np.random.default_rng(zlib.crc32(name.encode())).random(shape, np.float32)
    if name.endswith("running_var"):
        return x + 0.5
    if len(shape) == 1 and name.endswith(("weight", "gamma")):
        return 0.5 * x + 0.5
    if len(shape) < 4 and not name.endswith("weight"):
        return x - 0.5
    return (2 * x - 1) * np.float32(np.sqrt(3 / np.prod(shape[1:])))


@pytest.fixture(scope="module")
def networks():
    """Each is built once; every fill sets all its variables."""
    return {}


@pytest.fixture(scope="module")
def network_of(networks):
    def find(case):
        name, size, options = NETWORKS.get(case, RESNET)
        key = str((name, options))
        if key not in networks:
            networks[key] = nn.backbone(name, size, **options)
        return networks[key]

    return find


def layout_of(case):
    """That of the encoder: torchvision's classifier is a part of its layout."""
    layout = layouts.find(case.split()[0])
    return layout._replace(dropped=(r"^fc\.",)) if case == "torchvision_resnet" else layout


def published(case):
    shapes = json.loads(GOLDEN[f"{case} shapes"].tobytes())
    return {name: value(name, tuple(shape)) for name, shape in shapes.items()}


@pytest.mark.parametrize("case", CASES)
def test_features_are_those_of_the_official_modules(case, network_of, tmp_path):
    arrays, network = published(case), network_of(case)
    path = tmp_path / "net.pth"
    place = PLACES.get(case)
    path.write_bytes(foreign.torch_zip({"epoch": 3, place: arrays} if place else arrays))
    fill(network.weights, tensors(path), layout_of(case), case)
    _, (height, width), _ = NETWORKS.get(case, RESNET)
    image = np.random.default_rng(height).random((1, height, width, 3), np.float32)
    found = ops.convert_to_numpy(network(image, training=False))
    features = GOLDEN[f"{case} features"]
    difference = np.abs(found - features).max() / np.abs(features).max()
    print(f"{case}: {difference:.1e}")
    assert difference < 1e-5


@pytest.mark.parametrize("case", CASES)
def test_a_tensor_more_or_less_is_named(case, network_of):
    arrays, network = published(case), network_of(case)
    with pytest.raises(ValueError, match=r"1 left over \(another\.weight\)"):
        fill(network.weights, arrays | {"another.weight": np.ones(3)}, layout_of(case), case)
    first = ("conv1.weight", "patch_embed.proj.weight", "projection.weight")
    del arrays[next(name for name in arrays if name.endswith(first))]
    with pytest.raises(
        ValueError, match=r"tensors 1 missing \(\S+\.weight\); it must hold exactly"
    ):
        fill(network.weights, arrays, layout_of(case), case)


def test_every_layout_of_torch_encoders_is_here():
    of_others = {"fast_srgan", "cifar_resnet", "simclr", "byol", "torchvision_vgg19"}
    assert {case.split()[0] for case in CASES} | of_others == {*layouts.names()}
