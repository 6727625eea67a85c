import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.nn import resnet


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("resnet18", 11_176_512), ("resnet34", 21_284_672), ("resnet50", 23_508_032)],
)
def test_resnets_have_the_parameters_of_torchvision(name, parameters):
    model = nn.backbone(name, 64, stem="imagenet")
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == parameters


@pytest.mark.parametrize("depth", [20, 32, 44, 56])
def test_cifar_resnets_have_as_many_convolutions_as_their_name_says(depth):
    layers = [
        x for x in nn.backbone(f"resnet{depth}", 32).layers if isinstance(x, keras.layers.Conv2D)
    ]
    main = [x for x in layers if "downsample" not in x.name]
    assert len(main) == depth - 1  # the last layer of the name is the classifier
    assert len(layers) - len(main) == 2
    assert nn.backbone(f"resnet{depth}", 32).output_shape == (None, 64)


def test_the_page_of_backbones_names_them_all():
    page = (Path(__file__).parents[2] / "docs/backbones.md").read_text(encoding="utf-8")
    assert not [name for name in nn.BACKBONES if f"`{name}`" not in page]
    assert not [stem for stem in resnet.STEMS if f"| `{stem}` |" not in page]


def test_stem_follows_the_size():
    assert nn.backbone("resnet18", 32).get_layer("stem_conv").kernel_size == (3, 3)
    assert nn.backbone("resnet18", 96).get_layer("stem_conv").kernel_size == (7, 7)


@pytest.mark.parametrize(("stem", "side"), [("cifar", 32), ("stride2", 16), ("imagenet", 8)])
def test_a_stem_decides_the_size_of_the_first_map(stem, side):
    model = nn.backbone("resnet50", 32, stem=stem, width=4)
    assert model.get_layer("stage1_block1_relu").output.shape == (None, side, side, 16)


def test_zero_gamma_starts_every_block_as_its_shortcut():
    last = [x for x in nn.backbone("resnet20", 32).layers if x.name.endswith("_2_bn")]
    assert len(last) == 9
    assert not any(ops.convert_to_numpy(x.gamma).any() for x in last)
    last = [
        x for x in nn.backbone("resnet20", 32, zero_gamma=False).layers if x.name.endswith("_2_bn")
    ]
    assert all(ops.convert_to_numpy(x.gamma).all() for x in last)


@pytest.mark.parametrize("size", [5, 6])
@pytest.mark.parametrize("stride", [1, 2])
def test_convolutions_pad_as_torch_does(size, stride):
    """torch.nn.Conv2d(kernel_size=3, padding=1): one row of zeros on every side, whatever the
    stride.
    """
    from sslzoo.nn.layers import Seeds
    from sslzoo.nn.resnet import conv

    inputs = keras.Input((size, size, 2))
    model = keras.Model(inputs, conv(inputs, 3, 3, stride, "c", Seeds(0)))
    x = np.random.default_rng(0).normal(size=(1, size, size, 2)).astype("float32")
    kernel, padded = model.get_weights()[0], np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    places = range(0, size, stride)
    expected = [
        [np.einsum("hwc,hwcf->f", padded[i : i + 3, j : j + 3], kernel) for j in places]
        for i in places
    ]
    np.testing.assert_allclose(ops.convert_to_numpy(model(x))[0], expected, rtol=1e-4, atol=1e-5)


def correlated(x, kernel, stride, before, behind):
    """Convolution (H, W, in) -> (H', W', out) in plain loops, zeros around the map."""
    x = np.pad(x, ((before, behind), (before, behind), (0, 0)))
    side = kernel.shape[0]
    rows, columns = (range(0, size - side + 1, stride) for size in x.shape[:2])
    return np.array(
        [
            [np.einsum("hwc,hwcf->f", x[i : i + side, j : j + side], kernel) for j in columns]
            for i in rows
        ]
    )


@pytest.mark.parametrize(("same", "padding"), [(False, (1, 1)), (True, (0, 1))])
def test_bottleneck_has_its_stride_in_the_3x3_convolution(same, padding):
    from sslzoo.nn.layers import Seeds
    from sslzoo.nn.resnet import residual

    inputs = keras.Input((6, 6, 5))
    block = residual(inputs, 2, 2, "bottleneck", "b", Seeds(0), False, same)
    network, rng = keras.Model(inputs, block), np.random.default_rng(0)
    for variable in network.weights:
        variable.assign(rng.uniform(0.2, 1.0, variable.shape))
    w = {v.path: ops.convert_to_numpy(v) for v in network.weights}

    def normed(x, name):
        mean, variance = w[f"b_{name}_bn/moving_mean"], w[f"b_{name}_bn/moving_variance"]
        x = (x - mean) / np.sqrt(variance + 1e-5)
        return x * w[f"b_{name}_bn/gamma"] + w[f"b_{name}_bn/beta"]

    def convolved(x, name, stride=1, padding=(0, 0)):
        return normed(correlated(x, w[f"b_{name}_conv/kernel"], stride, *padding), name)

    x = rng.normal(size=(6, 6, 5)).astype("float32")
    y = np.maximum(convolved(x, "1"), 0)
    y = np.maximum(convolved(y, "2", 2, padding), 0)
    expected = np.maximum(convolved(y, "3") + convolved(x, "downsample", 2), 0)
    assert expected.shape == (3, 3, 8)
    found = ops.convert_to_numpy(network(x[None], training=False))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_zero_shortcut_takes_every_second_pixel_between_zeros():
    from sslzoo.nn.resnet import ZeroShortcut

    x = np.random.default_rng(0).normal(size=(2, 5, 6, 4)).astype("float32")
    found = ops.convert_to_numpy(ZeroShortcut(8)(x))
    np.testing.assert_array_equal(found[..., 2:6], x[:, ::2, ::2])
    assert not found[..., :2].any() and not found[..., 6:].any()
    layer = ZeroShortcut.from_config(ZeroShortcut(8).get_config())
    assert layer.compute_output_shape((None, 5, None, 4)) == (None, 3, None, 8)


NAMES = {  # of released weights: sha256 of all paths and shapes
    ("resnet18", 32): "cdd64d1eeba81e36",
    ("resnet20", 32): "25a8c01874f72cc0",
    ("srresnet", 24): "7d316c9923dd43e0",
}


@pytest.mark.parametrize(("name", "size"), NAMES)
def test_names_and_order_of_weights_stay(name, size):
    network = nn.backbone(name, size, width=4)
    text = " ".join(f"{v.path}{tuple(v.shape)}" for v in network.weights)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == NAMES[name, size]


@pytest.mark.parametrize("padding", ["simclr", "byol"])
def test_padding_has_no_weights(padding):
    plain, padded = (nn.backbone("resnet18", 96, width=4, padding=p) for p in ("torch", padding))
    assert [v.path for v in plain.weights] == [v.path for v in padded.weights]
    padded.set_weights(plain.get_weights())
    x = np.random.default_rng(0).random((1, 96, 96, 3), np.float32)
    one, two = (ops.convert_to_numpy(network(x)) for network in (plain, padded))
    assert np.abs(one - two).max() > 1e-3


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("resnet18", {"padding": "valid"}, "padding: got 'valid'; it must be one of 'torch'"),
        ("resnet20", {"shortcuts": "A"}, "shortcuts: got 'A'; it must be one of 'projection'"),
        ("resnet50_sk", {"stem": "big"}, "stem: got 'big'"),
        ("srresnet", {"norm": "layer"}, "norm: got 'layer'; it must be one of True, False, 'inst"),
        ("srresnet", {"slopes": "two"}, "slopes: got 'two'; it must be one of 'channels', 'one'"),
    ],
)
def test_options_that_do_not_exist_are_refused(name, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        nn.backbone(name, 16, **options)


def test_mlp_is_dense_layers_on_the_pixels():
    model = nn.backbone("mlp", 28, channels=1, widths=[400, 400])
    assert [tuple(v.shape) for v in model.weights] == [(784, 400), (400,), (400, 400), (400,)]
    x = np.random.default_rng(0).uniform(size=(3, 28, 28, 1)).astype("float32")
    w1, b1, w2, b2 = model.get_weights()
    expected = np.maximum(np.maximum(x.reshape(3, -1) @ w1 + b1, 0) @ w2 + b2, 0)
    np.testing.assert_allclose(ops.convert_to_numpy(model(x)), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        ops.convert_to_numpy(nn.fold(model)(x)), expected, rtol=1e-4, atol=1e-6
    )


def test_seed_decides_the_weights():
    first, same, other = (nn.backbone("micro", 8, seed=s).get_weights()[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_errors_name_the_nearest():
    with pytest.raises(ValueError, match="backbone: got 'resnet81'; .*did you mean resnet18"):
        nn.backbone("resnet81")
    with pytest.raises(ValueError, match="option of resnet20: got 'witdh'; .*did you mean width"):
        nn.backbone("resnet20", witdh=8)
    with pytest.raises(ValueError, match="stem: got 'big'"):
        nn.backbone("resnet18", stem="big")


def test_head_is_its_table():
    head = nn.head(
        4,
        [
            (6, "batch", "relu"),
            (5, "batch_no_beta", None),
            (3, "batch_no_affine", None),
            (2, None, None),
        ],
        "h",
    )
    names = [(v.path, tuple(v.shape)) for v in head.trainable_variables]
    assert names == [
        ("h_dense1/kernel", (4, 6)),
        ("h_bn1/gamma", (6,)),
        ("h_bn1/beta", (6,)),
        ("h_dense2/kernel", (6, 5)),
        ("h_bn2/gamma", (5,)),
        ("h_dense3/kernel", (5, 3)),
        ("h_dense4/kernel", (3, 2)),
        ("h_dense4/bias", (2,)),
    ]
    with pytest.raises(ValueError, match="norm of h row 1: got 'layer'"):
        nn.head(4, [(6, "layer", None)], "h")


@pytest.mark.parametrize("name", ["micro", "vit_micro"])
def test_a_normalized_network_at_another_size_shares_its_weights(name):
    mean, std = [0.5, 0.4, 0.3], [0.2, 0.3, 0.4]
    options = {"patch": 4} if name == "vit_micro" else {}
    bare = nn.backbone(name, 16, **options)
    network = nn.backbone(name, 16, mean=mean, std=std, **options)
    small = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    expected = nn.at_size(bare, 8)(((small - mean) / std).astype("float32"))
    shrunk = nn.at_size(network, 8)
    np.testing.assert_allclose(shrunk(small), expected, atol=1e-5)
    assert [id(v) for v in shrunk.weights] == [id(v) for v in network.weights]
    if options:
        with pytest.raises(ValueError, match="small_size: got 6; it must be a multiple of 4"):
            nn.at_size(network, 6)


def test_mean_and_deviation_are_for_networks_of_images_without_their_own():
    with pytest.raises(ValueError, match="mean: got .* it must be 3 numbers, one a channel"):
        nn.backbone("micro", 8, mean=[0.5], std=[0.5])
    with pytest.raises(ValueError, match="std: got NaN or infinite .* be finite numbers"):
        nn.backbone("micro", 8, mean=[0.5] * 3, std=[0.5, float("nan"), 0.5])
    with pytest.raises(ValueError, match="std: got .* be None for gru, which reads no images"):
        nn.backbone("gru", std=[0.5])
    with pytest.raises(ValueError, match="mean: got .* be None for keras:X, which has its own"):
        nn.backbone("keras:X", mean=[0.5] * 3)
    with pytest.raises(ValueError, match="share: got 0.5; it must be left out for gru"):
        nn.backbone("gru", share=0.5)


@pytest.mark.parametrize("mean", [None, [0.5, 0.4, 0.3]])
def test_a_network_says_how_whole_images_come_to_its_size(mean, tmp_path):
    std = mean and [0.2, 0.3, 0.4]
    network = nn.backbone("micro", 8, mean=mean, std=std, interpolation="bicubic", share=0.5)
    network.save(tmp_path / "network.keras")
    model = sslzoo.build("simclr", keras.saving.load_model(tmp_path / "network.keras"))
    assert (model.reads.layer.share, model.reads.layer.interpolation) == (0.5, "bicubic")
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    center = images[:, 4:12, 4:12]
    np.testing.assert_allclose(model.encode(images), model.encode(center), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="share: got 0; it must be"):
        nn.backbone("micro", 8, share=0)
