"""Heads and moving averages of published checkpoints: a method goes on training from them.

Each file has the names of its official code, written here, and weights drawn from these names. The
outputs of a head are compared with its official layers, computed with NumPy.
"""

import math
import zlib

import numpy as np
import pytest
import yaml
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.zoo.imported import import_checkpoint
from sslzoo.zoo.importers import layouts
from sslzoo.zoo.importers.layout import fill, fill_networks

foreign = pytest.importorskip("benchmarks.fuzz._foreign", reason="the wheel has no benchmarks")
NORMAL = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype("uint8")
WIDTH = 4
FEATURES = 8 * WIDTH
VIT = {"name": "vit_micro", "patch": 8, "positions_size": 32}
RESNET = {"name": "resnet18", "stem": "imagenet", "width": WIDTH}
BYOL = {"name": "resnet50", "stem": "imagenet", "width": WIDTH, "padding": "byol"}
HIDDEN, OUT, DIRECTIONS = 12, 8, 10
MOCO = {"queue_size": 16, "groups": 1}
SETTINGS = {  # method: (layout, network, hyperparameters)
    "moco": ("moco", RESNET, {"projection": [HIDDEN, OUT]} | MOCO),
    "moco_v1": ("moco", RESNET, {"projection": [OUT]} | MOCO),
    "simsiam": ("simsiam", RESNET, {"projection": [HIDDEN, HIDDEN, OUT], "prediction": 6}),
    "barlow_twins": ("barlow_twins", RESNET, {"projection": [HIDDEN, HIDDEN, OUT]}),
    "vicreg": ("vicreg", RESNET, {"projection": [HIDDEN, HIDDEN, OUT]}),
    "swav": (
        "swav",
        RESNET,
        {"projection": [HIDDEN, OUT], "prototypes": DIRECTIONS, "small_views": 1},
    ),
    "moco_v3": (
        "mocov3_vit",
        VIT | {"positions": "sincos_rows", "train_patches": False},
        {"projection": [HIDDEN, HIDDEN, OUT], "prediction": [HIDDEN, OUT]},
    ),
    "dino": (
        "dino",
        VIT | {"resizing": "dino"},
        {"projection": [HIDDEN, HIDDEN, OUT], "outputs": DIRECTIONS, "small_views": 1},
    ),
    "byol": ("byol", BYOL, {"projection": [HIDDEN, OUT], "prediction": [HIDDEN, OUT]}),
    "mae": (
        "mae",
        VIT | {"positions": "sincos"},
        {"decoder_width": OUT, "decoder_blocks": 1, "decoder_heads": 2},
    ),
}
TRAINED = ("moco", "swav", "dino")  # a moving average, prototypes, small views of both kinds


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


def vit():
    """timm's, without head."""
    shapes = {"cls_token": (1, 1, 16), "pos_embed": (1, 17, 16)}
    shapes |= {"patch_embed.proj.weight": (16, 3, 8, 8), "patch_embed.proj.bias": (16,)}
    for block in ("blocks.0", "blocks.1"):
        shapes |= transformer_block(block, 16)
    return shapes | {"norm.weight": (16,), "norm.bias": (16,)}


def transformer_block(name, width):
    shapes = linear(f"{name}.attn.qkv", width, 3 * width)
    shapes |= linear(f"{name}.attn.proj", width, width)
    shapes |= linear(f"{name}.mlp.fc1", width, 4 * width)
    shapes |= linear(f"{name}.mlp.fc2", 4 * width, width)
    for index in (1, 2):
        shapes |= {f"{name}.norm{index}.{kind}": (width,) for kind in ("weight", "bias")}
    return shapes


def under(prefix, *parts):
    return {f"{prefix}{name}": shape for part in parts for name, shape in part.items()}


def sequential(name, *layers):
    """nn.Sequential of layers; None has no weights. Others are (function, *its arguments)."""
    shapes = {}
    for index, (function, *sizes) in enumerate(layer or (lambda _: {},) for layer in layers):
        shapes |= function(f"{name}.{index}", *sizes)
    return shapes


def bare(name, inputs, outputs):
    return linear(name, inputs, outputs, bias=False)


def unit(name, channels):
    return norm(name, channels, affine=False)


def moco():
    """facebookresearch/moco, moco/builder.py, with --mlp."""
    fc = sequential("fc", (linear, FEATURES, HIDDEN), None, (linear, HIDDEN, OUT))
    both = [under(f"module.encoder_{one}.", resnet18(), fc) for one in "qk"]
    return {"state_dict": both[0] | both[1] | {"module.queue": (8, 16), "module.queue_ptr": (1,)}}


def moco_v1():
    """facebookresearch/moco, moco/builder.py."""
    fc = linear("fc", FEATURES, OUT)
    both = [under(f"module.encoder_{one}.", resnet18(), fc) for one in "qk"]
    return {"state_dict": both[0] | both[1] | {"module.queue": (8, 16), "module.queue_ptr": (1,)}}


def simsiam():
    """facebookresearch/simsiam, simsiam/builder.py: the last dense layer of fc has a bias."""
    hidden = (norm, HIDDEN), None
    first = (bare, FEATURES, HIDDEN), *hidden, (bare, HIDDEN, HIDDEN), *hidden
    fc = sequential("fc", *first, (linear, HIDDEN, OUT), (unit, OUT))
    predictor = sequential("predictor", (bare, OUT, 6), (norm, 6), None, (linear, 6, OUT))
    return {"state_dict": under("module.encoder.", resnet18(), fc) | under("module.", predictor)}


def projector(dense):
    hidden = (norm, HIDDEN), None
    first = (dense, FEATURES, HIDDEN), *hidden, (dense, HIDDEN, HIDDEN), *hidden
    return sequential("module.projector", *first, (bare, HIDDEN, OUT))


def barlow_twins():
    """facebookresearch/barlowtwins, main.py."""
    return {
        "model": under("module.backbone.", resnet18()) | projector(bare) | unit("module.bn", OUT)
    }


def vicreg():
    """facebookresearch/vicreg, main_vicreg.py: hidden dense layers have a bias."""
    return {"model": under("module.backbone.", resnet18()) | projector(linear)}


def swav():
    """facebookresearch/swav, src/resnet50.py."""
    layers = (linear, FEATURES, HIDDEN), (norm, HIDDEN), None, (linear, HIDDEN, OUT)
    head = sequential("projection_head", *layers) | bare("prototypes", OUT, DIRECTIONS)
    return {None: under("module.", resnet18(), head)}


def moco_v3():
    """facebookresearch/moco-v3, moco/builder.py, of vision transformers."""
    hidden = (norm, HIDDEN), None
    first = (bare, 16, HIDDEN), *hidden, (bare, HIDDEN, HIDDEN), *hidden
    head = sequential("head", *first, (bare, HIDDEN, OUT), (unit, OUT))
    both = [under(f"module.{one}_encoder.", vit(), head) for one in ("base", "momentum")]
    layers = (bare, OUT, HIDDEN), *hidden, (bare, HIDDEN, OUT), (unit, OUT)
    return {"state_dict": both[0] | both[1] | sequential("module.predictor", *layers)}


def dino():
    """facebookresearch/dino, main_dino.py and vision_transformer.py."""
    layers = (linear, 16, HIDDEN), None, (linear, HIDDEN, HIDDEN), None, (linear, HIDDEN, OUT)
    head = sequential("head.mlp", *layers)
    head |= {"head.last_layer.weight_g": (DIRECTIONS, 1)}
    head |= {"head.last_layer.weight_v": (DIRECTIONS, OUT)}
    network = under("backbone.", vit()) | head
    return {"student": under("module.", network), "teacher": network}


def mae():
    """facebookresearch/mae, models_mae.py."""
    shapes = vit() | linear("decoder_embed", 16, OUT) | linear("decoder_pred", OUT, 8 * 8 * 3)
    shapes |= {"mask_token": (1, 1, OUT), "decoder_pos_embed": (1, 17, OUT)}
    shapes |= {f"decoder_norm.{kind}": (OUT,) for kind in ("weight", "bias")}
    return {"model": shapes | transformer_block("decoder_blocks.0", OUT)}


def haiku_norm(name, channels, ones):
    shape = (*ones, channels)
    shapes = {f"{name}/{kind}": shape for kind in ("scale", "offset")}
    for kind in ("mean", "var"):
        shapes |= {f"{name}/~/{kind}_ema/{one}": shape for one in ("average", "hidden")}
        shapes |= {f"{name}/~/{kind}_ema/counter": ()}
    return shapes


def byol():
    """deepmind-research, byol/byol_experiment.py and utils/networks.py, and Haiku's ResNet-50."""
    ones = (1, 1, 1)
    shapes = {"res_net50/~/initial_conv/w": (7, 7, 3, WIDTH)}
    shapes |= haiku_norm("res_net50/~/initial_batchnorm", WIDTH, ones)
    inputs = WIDTH
    for group, depth in enumerate((3, 4, 6, 3)):
        width = WIDTH * 2**group
        for block in range(depth):
            name = f"res_net50/~/block_group_{group}/~/block_{block}/~/"
            sizes = [("0", 1, inputs, width), ("1", 3, width, width), ("2", 1, width, 4 * width)]
            for index, side, before, after in sizes:
                shapes[f"{name}conv_{index}/w"] = (side, side, before, after)
                shapes |= haiku_norm(f"{name}batchnorm_{index}", after, ones)
            if not block:
                shapes[f"{name}shortcut_conv/w"] = (1, 1, inputs, 4 * width)
                shapes |= haiku_norm(f"{name}shortcut_batchnorm", 4 * width, ones)
            inputs = 4 * width
    for head, before in {"projector": inputs, "predictor": OUT}.items():
        shapes |= {f"{head}/linear/w": (before, HIDDEN), f"{head}/linear/b": (HIDDEN,)}
        shapes |= haiku_norm(f"{head}/batch_norm", HIDDEN, (1,))
        shapes |= {f"{head}/linear_1/w": (HIDDEN, OUT)}
    shapes |= {"classifier/w": (inputs, 5), "classifier/b": (5,)}
    return {"online": shapes, "target": shapes}


FILES = (moco, moco_v1, simsiam, barlow_twins, vicreg, swav, moco_v3, dino, byol, mae)
FILES = {make.__name__: make for make in FILES}  # {method: {part: {name: shape}}}


# === Official layers ===


def value(name, shape):
    """A weight by its whole name."""
    if name.endswith(("num_batches_tracked", "queue_ptr", "counter")):
        return np.zeros(shape, "int64")
    if name.endswith("weight_g"):
        return np.ones(shape, "float32")
    x = np.random.default_rng(zlib.crc32(name.encode())).random(shape, np.float32)
    vector = max(shape) == math.prod(shape)
    if name.endswith(("running_var", "var_ema/average", "scale")) or (
        vector and name.endswith("weight")
    ):
        return x / 2 + np.float32(0.5)
    if vector:
        return x - np.float32(0.5)
    fan_in = shape[:-1] if name.endswith("/w") else shape[1:]
    return (2 * x - 1) * np.float32(math.sqrt(3 / math.prod(fan_in)))


def dense(x, of, name):
    return x @ of[f"{name}.weight"].T + of.get(f"{name}.bias", 0)


def batch_norm(x, of, name):
    x = (x - of[f"{name}.running_mean"]) / np.sqrt(of[f"{name}.running_var"] + 1e-5)
    return x * of.get(f"{name}.weight", 1) + of.get(f"{name}.bias", 0)


def relu(x):
    return np.maximum(x, 0)


def gelu(x):
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def mlp(name, layers):
    """nn.Sequential: "d" is dense, "b" BatchNorm, "r" ReLU, "g" GELU."""

    def apply(x, of):
        for index, layer in enumerate(layers):
            if layer in "db":
                x = {"d": dense, "b": batch_norm}[layer](x, of, f"{name}.{index}")
            else:
                x = {"r": relu, "g": gelu}[layer](x)
        return x

    return apply


def dino_head(start):
    """Dense layers and GELU, length 1, then a weight-normalized layer without bias."""

    def apply(x, of):
        x = mlp(f"{start}head.mlp", "dgdgd")(x, of)
        x = x / np.linalg.norm(x, axis=-1, keepdims=True)
        v, g = (of[f"{start}head.last_layer.weight_{kind}"] for kind in "vg")
        return x @ (g * v / np.linalg.norm(v, axis=1, keepdims=True)).T

    return apply


def haiku_mlp(name):
    def apply(x, of):
        x = x @ of[f"{name}/linear/w"] + of[f"{name}/linear/b"]
        mean, variance = (of[f"{name}/batch_norm/~/{one}_ema/average"] for one in ("mean", "var"))
        x = (x - mean) / np.sqrt(variance + 1e-5)
        x = x * of[f"{name}/batch_norm/scale"] + of[f"{name}/batch_norm/offset"]
        return relu(x) @ of[f"{name}/linear_1/w"]

    return apply


def layer_norm(x, of, name):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    return x * of[f"{name}.weight"] + of[f"{name}.bias"]


def attention(x, of, name, heads=2):
    n, count, width = x.shape
    qkv = dense(x, of, f"{name}.qkv").reshape(n, count, 3, heads, -1).transpose(2, 0, 3, 1, 4)
    p = np.exp(qkv[0] @ qkv[1].swapaxes(-1, -2) / math.sqrt(width / heads))
    x = (p / p.sum(-1, keepdims=True)) @ qkv[2]
    return dense(x.transpose(0, 2, 1, 3).reshape(n, count, width), of, f"{name}.proj")


def mae_decoder(inputs, of):
    tokens, order = inputs
    x = dense(tokens, of, "decoder_embed")
    hidden = np.broadcast_to(of["mask_token"], (len(x), 16 - 4, OUT))
    shuffled = np.concatenate([x[:, 1:], hidden], axis=1)
    places = np.argsort(order, axis=1)
    patches = [row[where] for row, where in zip(shuffled, places, strict=True)]
    x = np.concatenate([x[:, :1], patches], axis=1)
    x = x + np.pad(nn.positions.sincos_positions(4, 4, OUT), ((1, 0), (0, 0)))
    block = "decoder_blocks.0"
    x = x + attention(layer_norm(x, of, f"{block}.norm1"), of, f"{block}.attn")
    y = gelu(dense(layer_norm(x, of, f"{block}.norm2"), of, f"{block}.mlp.fc1"))
    x = x + dense(y, of, f"{block}.mlp.fc2")
    return dense(layer_norm(x, of, "decoder_norm"), of, "decoder_pred")[:, 1:]


def only_dense(name):
    return lambda x, of: dense(x, of, name)


STATE = "state_dict"
HEADS = {  # method: {attribute: (part of the file, its official layers)}
    "moco": {
        "projector": (STATE, mlp("module.encoder_q.fc", "drd")),
        "key_projector": (STATE, mlp("module.encoder_k.fc", "drd")),
    },
    "moco_v1": {
        "projector": (STATE, only_dense("module.encoder_q.fc")),
        "key_projector": (STATE, only_dense("module.encoder_k.fc")),
    },
    "simsiam": {
        "projector": (STATE, mlp("module.encoder.fc", "dbrdbrdb")),
        "predictor": (STATE, mlp("module.predictor", "dbrd")),
    },
    "barlow_twins": {"projector": ("model", mlp("module.projector", "dbrdbrd"))},
    "vicreg": {"projector": ("model", mlp("module.projector", "dbrdbrd"))},
    "swav": {
        "projector": (None, mlp("module.projection_head", "dbrd")),
        "prototypes": (None, only_dense("module.prototypes")),
    },
    "moco_v3": {
        "projector": (STATE, mlp("module.base_encoder.head", "dbrdbrdb")),
        "predictor": (STATE, mlp("module.predictor", "dbrdb")),
        "key_projector": (STATE, mlp("module.momentum_encoder.head", "dbrdbrdb")),
    },
    "dino": {
        "head": ("student", dino_head("module.")),
        "teacher_head": ("teacher", dino_head("")),
    },
    "byol": {
        "projector": ("online", haiku_mlp("projector")),
        "predictor": ("online", haiku_mlp("predictor")),
        "target_projector": ("target", haiku_mlp("projector")),
    },
    "mae": {"decoder": ("model", mae_decoder)},
}
BACKBONES = {  # method: {attribute: (part of the file, what stands before its names)}
    **dict.fromkeys(
        ("moco", "moco_v1"),
        {
            "backbone": (STATE, "module.encoder_q."),
            "key_backbone": (STATE, "module.encoder_k."),
        },
    ),
    "simsiam": {"backbone": (STATE, "module.encoder.")},
    **dict.fromkeys(("barlow_twins", "vicreg"), {"backbone": ("model", "module.backbone.")}),
    "swav": {"backbone": (None, "module.")},
    "moco_v3": {
        "backbone": (STATE, "module.base_encoder."),
        "key_backbone": (STATE, "module.momentum_encoder."),
    },
    "dino": {
        "backbone": ("student", "module.backbone."),
        "teacher_backbone": ("teacher", "backbone."),
    },
    "byol": {"backbone": ("online", ""), "target_backbone": ("target", "")},
    "mae": {"backbone": ("model", "")},
}


# === Tests ===


def published(method):
    """{part: {name: array}}"""
    return {
        part: {name: value(f"{part}/{name}", shape) for name, shape in shapes.items()}
        for part, shapes in FILES[method]().items()
    }


def networks_of(method):
    return layouts.networks(SETTINGS[method][0])


def built(method):
    _, network, settings = SETTINGS[method]
    return sslzoo.build(method, network | NORMAL, image_size=32, **settings)


def tensors_of(method, file):
    """As the importer reads them; a file of one part needs no name of it."""
    return networks_of(method).tensors(lambda part: file[part] if part else [*file.values()][0])


@pytest.fixture(scope="module")
def filled():
    """Each method is filled once."""
    known = {}

    def find(method):
        if method not in known:
            known[method] = built(method)
            arrays = tensors_of(method, published(method))
            fill_networks(known[method], arrays, networks_of(method), "net.pth")
        return known[method]

    return find


def example_of(head, attribute):
    rng = np.random.default_rng(1)
    if attribute == "decoder":  # tokens of visible patches, and the order of all
        tokens, (_, count) = head.input_shape
        order = rng.permuted(np.tile(np.arange(count), (5, 1)), axis=1).astype("int32")
        return [rng.normal(size=(5, *tokens[1:])).astype("float32"), order]
    width = head.dim if attribute == "prototypes" else head.input_shape[-1]
    return rng.normal(size=(5, width)).astype("float32")


@pytest.mark.parametrize("method", HEADS)
def test_a_head_computes_what_its_official_layers_do(method, filled):
    model, file = filled(method), published(method)
    for attribute, (part, official) in HEADS[method].items():
        head = getattr(model, attribute)
        x = example_of(head, attribute)
        found = ops.convert_to_numpy(head(x, training=False))
        np.testing.assert_allclose(found, official(x, file[part]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", BACKBONES)
def test_each_backbone_has_its_own_weights_and_reads_images_as_the_checkpoint_did(method, filled):
    layout, network, _ = SETTINGS[method]
    encoder = nn.backbone(network["name"], 32, **{k: network[k] for k in network if k != "name"})
    images = IMAGES[:2] / np.float32(255)
    normal = ((images - NORMAL["mean"]) / NORMAL["std"]).astype("float32")
    seen = []
    for attribute, (part, prefix) in BACKBONES[method].items():
        alone = layouts.find(layout)._replace(prefixes=(prefix,), dropped=(".",))
        fill(encoder.weights, published(method)[part], alone, "")
        expected = ops.convert_to_numpy(encoder(normal, training=False))
        found = ops.convert_to_numpy(getattr(filled(method), attribute)(images, training=False))
        difference = np.abs(found - expected).max() / np.abs(expected).max()
        print(f"{attribute}: {difference:.1e}")
        assert difference < 1e-4
        seen.append(found)
    if len(seen) == 2:
        assert np.abs(seen[0] - seen[1]).max() > 0.01 * np.abs(seen[0]).max()


@pytest.mark.parametrize("method", HEADS)
def test_a_tensor_more_or_less_in_any_network_is_named(method, filled):
    model, networks = filled(method), networks_of(method)
    arrays = tensors_of(method, published(method))
    before = [ops.convert_to_numpy(variable).copy() for variable in model.weights]
    with pytest.raises(ValueError, match=r"net: got .* 1 left over \(another\.weight\)"):
        fill_networks(model, arrays | {"another.weight": np.ones(3)}, networks, "net")
    for attribute, layout in networks.layouts.items():
        name = [*layout.wanted(getattr(model, attribute).weights, arrays)][-1]
        less = {key: array * 2 for key, array in arrays.items() if key != name}
        with pytest.raises(ValueError, match=rf"tensors 1 missing \({name}\); it must hold"):
            fill_networks(model, less, networks, "net")
    for old, variable in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, ops.convert_to_numpy(variable))


def written(method, folder):
    file = published(method)
    path = folder / "net.pth"
    if method != "byol":
        content = file[None] if None in file else {"epoch": 3, "optimizer": {}} | file
        path.write_bytes(foreign.torch_zip(content))
        return path
    maps = []
    for arrays in file.values():
        maps.append(({}, {}))  # parameters and state
        for name, array in arrays.items():
            module, kind = name.rsplit("/", 1)
            maps[-1]["_ema/" in name].setdefault(module, {})[kind] = array
    path.write_bytes(foreign.byol(*maps[0], maps[1]))
    return path


def config_of(method, folder, checkpoint):
    layout, network, settings = SETTINGS[method]
    config = {"method": method, "backbone": network | NORMAL, "image_size": 32}
    config |= {"hyperparameters": settings, "data": {"name": "imagenet", "split": "train"}}
    path = folder / "theirs_net.test.yaml"
    path.write_text(yaml.safe_dump(config | {"checkpoint": {"layout": layout} | checkpoint}))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("method", HEADS)
def test_an_imported_method_has_all_networks_and_goes_on_training(
    method, filled, tmp_path, monkeypatch
):
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    path = config_of(method, tmp_path, {})
    import_checkpoint(written(method, tmp_path), path)
    model = sslzoo.load(path)
    for name in networks_of(method).layouts:
        pair = getattr(model, name).weights, getattr(filled(method), name).weights
        for mine, known in zip(*pair, strict=True):
            np.testing.assert_array_equal(*map(ops.convert_to_numpy, (mine, known)))
    if method not in TRAINED:
        return
    before = model.backbone.get_weights()
    history = model.fit(IMAGES, batch_size=8, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert any((a != b).any() for a, b in zip(before, model.backbone.get_weights(), strict=True))


def test_directions_of_other_lengths_are_refused():
    """--norm_last_layer false, as DINO's ViT-S: the last layer here has none."""
    file = published("dino")
    file["teacher"]["head.last_layer.weight_g"] += np.float32(0.1)
    with pytest.raises(ValueError, match=r"head.last_layer.weight_g: got lengths other than 1; it"):
        tensors_of("dino", file)


def test_one_layer_under_both_names_is_left_over():
    arrays = tensors_of("moco_v1", published("moco_v1"))
    more = {"module.encoder_q.fc.weight": arrays["module.encoder_q.fc.0.weight"]}
    kept = networks_of("moco_v1").prepare(arrays | more)
    assert {*kept} == {*arrays, *more}


def test_one_part_of_a_method_with_both_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    path = config_of("dino", tmp_path, {"part": "student"})
    with pytest.raises(ValueError, match="part: got student; it must be left out: dino has stu"):
        import_checkpoint(written("dino", tmp_path), path)


def test_every_table_of_networks_is_tried():
    known = {name for name in layouts.names() if layouts.networks(name)}
    assert {layout for layout, *_ in SETTINGS.values()} == known


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
