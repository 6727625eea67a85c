"""Heads and moving averages of published checkpoints: a method goes on training from them.

Each file has the names of its official code, written here, and weights drawn from these names. The
outputs of a head are compared with its official layers, computed with NumPy.
"""

import math
import zlib

import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.zoo.imported import import_checkpoint
from sslzoo.zoo.importers import layouts
from sslzoo.zoo.importers.layout import fill, fill_networks

foreign = pytest.importorskip("benchmarks.fuzz._foreign", reason="the wheel has no benchmarks")
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype("uint8")
WIDTH = 4
FEATURES = {"resnet18": 8 * WIDTH}
SETTINGS = {  # method: (network, its hyperparameters)
    "moco": ("resnet18", {"projection": [12, 8], "queue_size": 16, "groups": 1}),
    "moco_v1": ("resnet18", {"projection": [8], "queue_size": 16, "groups": 1}),
}


# === Official names ===


def norm(name, channels, affine=True):
    kinds = ("running_mean", "running_var", *(("weight", "bias") if affine else ()))
    return {f"{name}.{kind}": (channels,) for kind in kinds} | {f"{name}.num_batches_tracked": ()}


def linear(name, inputs, outputs, bias=True):
    return {f"{name}.weight": (outputs, inputs)} | ({f"{name}.bias": (outputs,)} if bias else {})


def resnet18():
    """torchvision's, without fc."""
    shapes = {"conv1.weight": (WIDTH, 3, 7, 7)} | norm("bn1", WIDTH)
    inputs = WIDTH
    for stage in range(1, 5):
        width = WIDTH * 2 ** (stage - 1)
        for block in range(2):
            name = f"layer{stage}.{block}."
            for index, channels in enumerate((inputs, width), 1):
                shapes[f"{name}conv{index}.weight"] = (width, channels, 3, 3)
                shapes |= norm(f"{name}bn{index}", width)
            if inputs != width:
                shapes[f"{name}downsample.0.weight"] = (width, inputs, 1, 1)
                shapes |= norm(f"{name}downsample.1", width)
            inputs = width
    return shapes


def under(prefix, *parts):
    return {f"{prefix}{name}": shape for part in parts for name, shape in part.items()}


def moco(features):
    """facebookresearch/moco, moco/builder.py, with --mlp."""
    fc = linear("fc.0", features, 12) | linear("fc.2", 12, 8)
    both = [under(f"module.encoder_{one}.", resnet18(), fc) for one in "qk"]
    return {"state_dict": both[0] | both[1] | {"module.queue": (8, 16), "module.queue_ptr": (1,)}}


def moco_v1(features):
    """facebookresearch/moco, moco/builder.py."""
    fc = linear("fc", features, 8)
    both = [under(f"module.encoder_{one}.", resnet18(), fc) for one in "qk"]
    return {"state_dict": both[0] | both[1] | {"module.queue": (8, 16), "module.queue_ptr": (1,)}}


FILES = {"moco": ("moco", moco), "moco_v1": ("moco", moco_v1)}  # method: (layout, its file)


# === Official layers ===


def value(name, shape):
    """A weight by its whole name."""
    if name.endswith(("num_batches_tracked", "queue_ptr")):
        return np.zeros(shape, "int64")
    x = np.random.default_rng(zlib.crc32(name.encode())).random(shape, np.float32)
    if name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
        return x / 2 + np.float32(0.5)
    if len(shape) < 2:
        return x - np.float32(0.5)
    return (2 * x - 1) * np.float32(math.sqrt(3 / np.prod(shape[1:])))


def dense(x, of, name):
    return x @ of[f"{name}.weight"].T + of.get(f"{name}.bias", 0)


def batch_norm(x, of, name):
    x = (x - of[f"{name}.running_mean"]) / np.sqrt(of[f"{name}.running_var"] + 1e-5)
    return x * of.get(f"{name}.weight", 1) + of.get(f"{name}.bias", 0)


def relu(x):
    return np.maximum(x, 0)


def two_layers(x, of, name):
    return dense(relu(dense(x, of, f"{name}.0")), of, f"{name}.2")


HEADS = {  # method: {attribute: (part, its official layers)}
    "moco": {
        "projector": ("state_dict", lambda x, of: two_layers(x, of, "module.encoder_q.fc")),
        "key_projector": ("state_dict", lambda x, of: two_layers(x, of, "module.encoder_k.fc")),
    },
    "moco_v1": {
        "projector": ("state_dict", lambda x, of: dense(x, of, "module.encoder_q.fc")),
        "key_projector": ("state_dict", lambda x, of: dense(x, of, "module.encoder_k.fc")),
    },
}
MOCO = {
    "backbone": ("state_dict", "module.encoder_q."),
    "key_backbone": ("state_dict", "module.encoder_k."),
}
BACKBONES = {"moco": MOCO, "moco_v1": MOCO}  # method: {attribute: (part, prefix)}


# === Tests ===


def published(method):
    network, _ = SETTINGS[method]
    parts = FILES[method][1](FEATURES[network])
    return {
        part: {name: value(f"{part}/{name}", shape) for name, shape in shapes.items()}
        for part, shapes in parts.items()
    }


def built(method):
    network, settings = SETTINGS[method]
    backbone = {"name": network, "stem": "imagenet", "width": WIDTH, "mean": MEAN, "std": STD}
    return sslzoo.build(method, backbone, image_size=32, **settings)


def tensors_of(method, file):
    return layouts.networks(FILES[method][0]).tensors(lambda part: file[part or [*file][0]])


@pytest.fixture(scope="module")
def filled():
    """Each method is filled once."""
    known = {}

    def find(method):
        if method not in known:
            known[method] = built(method)
            arrays = tensors_of(method, published(method))
            fill_networks(known[method], arrays, layouts.networks(FILES[method][0]), "net.pth")
        return known[method]

    return find


@pytest.mark.parametrize("method", HEADS)
def test_a_head_computes_what_its_official_layers_do(method, filled):
    model, file = filled(method), published(method)
    for attribute, (part, official) in HEADS[method].items():
        head = getattr(model, attribute)
        x = np.random.default_rng(1).normal(size=(5, head.input_shape[-1])).astype("float32")
        found = ops.convert_to_numpy(head(x, training=False))
        np.testing.assert_allclose(found, official(x, file[part]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", BACKBONES)
def test_each_backbone_has_its_own_weights_and_reads_images_as_the_checkpoint_did(method, filled):
    network, _ = SETTINGS[method]
    bare = nn.backbone(network, 32, stem="imagenet", width=WIDTH)
    images = IMAGES[:2] / np.float32(255)
    for attribute, (part, prefix) in BACKBONES[method].items():
        arrays = {name: array for name, array in published(method)[part].items()}
        names = resnet18()
        fill(bare.weights, {n: arrays[prefix + n] for n in names}, layouts.find("vissl"), "")
        normal = ((images - MEAN) / STD).astype("float32")
        expected = ops.convert_to_numpy(bare(normal, training=False))
        found = getattr(filled(method), attribute)(images, training=False)
        np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("method", HEADS)
def test_a_tensor_of_any_part_more_or_less_is_named(method):
    model = built(method)
    before = [ops.convert_to_numpy(variable).copy() for variable in model.variables]
    whole = layouts.networks(FILES[method][0])
    arrays = tensors_of(method, published(method))
    with pytest.raises(ValueError, match=r"net: got .* 1 left over \(another\.weight\)"):
        fill_networks(model, arrays | {"another.weight": np.ones(3)}, whole, "net")
    dropped = ("queue", "num_batches_tracked")
    lasts = {name.rsplit("/", 1)[0].split(".")[1]: name for name in arrays if "track" not in name}
    for name in [name for name in lasts.values() if not any(word in name for word in dropped)]:
        less = {key: array for key, array in arrays.items() if key != name}
        with pytest.raises(ValueError, match=rf"1 missing \({name}\)"):
            fill_networks(model, less, whole, "net")
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, ops.convert_to_numpy(variable))


@pytest.mark.parametrize("method", [name for name in HEADS if name != "moco_v1"])
def test_an_imported_method_goes_on_training(method, filled, tmp_path, monkeypatch):
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    network, settings = SETTINGS[method]
    path = tmp_path / "theirs_net.test.yaml"
    path.write_text(
        f"method: {method}\nimage_size: 32\nhyperparameters: {settings}\n"
        f"backbone: {{name: {network}, stem: imagenet, width: {WIDTH}, mean: {MEAN}, std: {STD}}}\n"
        "data: {name: imagenet, split: train}\n"
        f"checkpoint: {{layout: {FILES[method][0]}}}\n".replace("'", "")
    )
    file = tmp_path / "net.pth"
    file.write_bytes(foreign.torch_zip({"epoch": 3} | published(method)))
    import_checkpoint(file, path)
    model = sslzoo.load(path)
    networks = layouts.networks(FILES[method][0]).layouts
    for name in networks:
        for mine, theirs in zip(
            getattr(model, name).weights, getattr(filled(method), name).weights, strict=True
        ):
            np.testing.assert_array_equal(*map(ops.convert_to_numpy, (mine, theirs)))
    before = model.backbone.get_weights()
    history = model.fit(IMAGES, batch_size=8, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert any((a != b).any() for a, b in zip(before, model.backbone.get_weights(), strict=True))


def test_every_table_of_networks_is_tried():
    known = {name for name in layouts.names() if layouts.networks(name)}
    assert {layout for layout, _ in FILES.values()} == known


def test_a_layout_that_does_not_know_all_networks_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    path = tmp_path / "theirs_net.test.yaml"
    path.write_text(
        "method: dino\nbackbone: micro\nimage_size: 8\n"
        "hyperparameters: {projection: [8, 4], outputs: 8, small_views: 0}\n"
        "data: {name: imagenet, split: train}\ncheckpoint: {layout: vissl}\n"
    )
    file = tmp_path / "net.pth"
    file.write_bytes(foreign.torch_zip({"conv1.weight": np.ones((2, 3, 3, 3), "float32")}))
    with pytest.raises(ValueError, match="layout: got vissl, which does not know .* of dino; it"):
        import_checkpoint(file, path)
    assert not list((tmp_path / "home").rglob("*.h5"))
