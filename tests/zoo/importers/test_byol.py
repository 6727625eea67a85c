"""BYOL's network with Haiku's names, written here with JAX, as its official program saves it."""

import numpy as np
import pytest
from keras import ops

from sslzoo import nn
from sslzoo.zoo.importers import layouts, tensors
from sslzoo.zoo.importers.layout import fill

lax = pytest.importorskip("jax.lax")
foreign = pytest.importorskip("benchmarks.fuzz._foreign", reason="the wheel has no benchmarks")
WIDTH = 8
IMAGE = np.random.default_rng(0).random((1, 64, 48, 3), np.float32)
NETWORK = "res_net50/~/"


class Haiku:
    """Parameters and state, made in the order in which layers ask for them."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.params, self.state = {}, {}

    def conv(self, x, name, filters, size, stride=1):
        shape = (size, size, x.shape[-1], filters)
        kernel = self.rng.normal(0, np.sqrt(2 / np.prod(shape[:3])), shape).astype("float32")
        self.params[name] = {"w": kernel}
        numbers = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(
            x, kernel, (stride, stride), "SAME", dimension_numbers=numbers
        )

    def batch_norm(self, x, name):
        mean, variance, scale, offset = self.rng.uniform(
            0.4, 1.2, (4, 1, 1, 1, x.shape[-1])
        ).astype("float32")
        self.params[name] = {"scale": scale, "offset": offset}
        for kind, average in {"mean": mean, "var": variance}.items():
            counter = np.array(7, "int32")
            average = {"average": average, "hidden": average, "counter": counter}
            self.state[f"{name}/~/{kind}_ema"] = average
        return (x - mean) / np.sqrt(variance + 1e-5) * scale + offset

    def block(self, x, name, filters, stride, project):
        shortcut = x
        if project:
            shortcut = self.conv(x, f"{name}/shortcut_conv", 4 * filters, 1, stride)
            shortcut = self.batch_norm(shortcut, f"{name}/shortcut_batchnorm")
        for index, (width, size) in enumerate(((filters, 1), (filters, 3), (4 * filters, 1))):
            x = self.conv(x, f"{name}/conv_{index}", width, size, stride if size == 3 else 1)
            x = self.batch_norm(x, f"{name}/batchnorm_{index}")
            x = lax.max(x, 0.0) if index < 2 else x
        return lax.max(x + shortcut, 0.0)

    def resnet50(self, x):
        x = self.conv(x, f"{NETWORK}initial_conv", WIDTH, 7, 2)
        x = lax.max(self.batch_norm(x, f"{NETWORK}initial_batchnorm"), 0.0)
        x = lax.reduce_window(x, -np.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "SAME")
        for group, depth in enumerate((3, 4, 6, 3)):
            for index in range(depth):
                stride = 2 if group and not index else 1
                name = f"{NETWORK}block_group_{group}/~/block_{index}/~"
                x = self.block(x, name, WIDTH * 2**group, stride, not index)
        return np.asarray(x).mean((1, 2))


@pytest.fixture(scope="module")
def published():
    """{network: (params, state, features)}"""
    networks = {}
    for seed, kind in enumerate(("online", "target")):
        haiku = Haiku(seed)
        features = haiku.resnet50(IMAGE)
        for name in ("projector/linear", "predictor/linear", "classifier"):
            haiku.params[name] = {"w": np.ones((4, 4), "float32"), "b": np.ones(4, "float32")}
        haiku.params["projector/batch_norm"] = {"scale": np.ones((1, 4), "float32")}
        haiku.state["projector/batch_norm/~/mean_ema"] = {"average": np.ones((1, 4), "float32")}
        networks[kind] = haiku.params, haiku.state, features
    return networks


@pytest.mark.parametrize("kind", [None, "online", "target"])
def test_the_features_are_those_of_the_published_network(kind, published, tmp_path):
    path = tmp_path / "pretrain_res50x1.pkl"
    online, target = (published[name] for name in ("online", "target"))
    path.write_bytes(foreign.byol(online[0], online[1], target[:2]))
    model = nn.backbone("resnet50", (64, 48), stem="imagenet", width=WIDTH, padding="byol")
    fill(model.weights, tensors(path, kind), layouts.find("byol"), "test")
    found = ops.convert_to_numpy(model(IMAGE, training=False))
    features = published[kind or "online"][2]
    difference = np.abs(found - features).max() / np.abs(features).max()
    print(f"{difference:.1e}")
    assert difference < 1e-5


def test_one_tensor_more_or_less_is_refused(published):
    params, state, _ = published["online"]
    arrays = {f"{m}/{n}": v for part in (params, state) for m in part for n, v in part[m].items()}
    model = nn.backbone("resnet50", (64, 48), stem="imagenet", width=WIDTH, padding="byol")
    layout = layouts.find("byol")
    with pytest.raises(ValueError, match=r"1 left over \(block_group_9/x/w\)"):
        fill(model.weights, arrays | {"res/~/block_group_9/~/x/w": np.ones(1)}, layout, "net")
    del arrays[f"{NETWORK}block_group_0/~/block_0/~/batchnorm_0/~/var_ema/average"]
    needed = r"1 missing \(block_group_0/block_0/batchnorm_0/var_ema/average\)"
    with pytest.raises(ValueError, match=needed):
        fill(model.weights, arrays, layout, "net")
