"""Checkpoints that TensorFlow wrote, of networks that are written here after the published code."""

import shutil
import zipfile

import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.zoo.imported import import_checkpoint
from sslzoo.zoo.importers import layouts, parts, read, tensors
from sslzoo.zoo.importers.crc32c import BYTES, crc32c
from sslzoo.zoo.importers.layout import fill

tf = pytest.importorskip("tensorflow")
v1 = tf.compat.v1
WIDTH = 8
IMAGE = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)


# === SimCLR's network, as of google-research/simclr ===


def draw(shape, **_):
    return tf.random.stateless_uniform(shape, (len(v1.global_variables()), 1), 0.4, 1.2)


def kernel(shape, **_):
    drawn = tf.random.stateless_normal(shape, (len(v1.global_variables()), 2))
    return drawn * np.sqrt(2 / np.prod(shape[:-1]))


def variable(name, shape, initializer):
    return v1.get_variable(name, initializer=initializer(shape))


def conv(x, filters, size, stride=1):
    with v1.variable_scope(None, default_name="conv2d"):
        weight = variable("kernel", (size, size, x.shape[-1], filters), kernel)
    if stride > 1:
        before = (size - 1) // 2
        behind = size - 1 - before
        x = tf.pad(x, [[0, 0], [before, behind], [before, behind], [0, 0]])
    return tf.nn.conv2d(x, weight, stride, "VALID" if stride > 1 else "SAME")


def bn(x, relu=True, center=True):
    with v1.variable_scope(None, default_name="batch_normalization"):
        names = ("gamma", "moving_mean", "moving_variance")
        scale, mean, variance = (variable(n, (x.shape[-1],), draw) for n in names)
        offset = variable("beta", (x.shape[-1],), draw) if center else 0.0
    x = (x - mean) / tf.sqrt(variance + 1e-5) * scale + offset
    return tf.nn.relu(x) if relu else x


def selective(x, filters, stride):
    x = bn(conv(x, 2 * filters, 3, stride))
    streams = tf.stack(tf.split(x, 2, axis=-1))
    middle = tf.reduce_mean(tf.reduce_sum(streams, 0), [1, 2], keepdims=True)
    mixing = conv(bn(conv(middle, max(filters // 16, 32), 1)), 2 * filters, 1)
    weights = tf.nn.softmax(tf.stack(tf.split(mixing, 2, axis=-1)), axis=0)
    return tf.reduce_sum(streams * weights, 0)


def block(x, filters, stride, project, sk):
    shortcut = x
    if project:
        if sk and stride == 2:
            shortcut = tf.pad(shortcut, [[0, 0], [0, 1], [0, 1], [0, 0]])
        if sk:
            padding = "SAME" if stride == 1 else "VALID"
            shortcut = tf.nn.avg_pool2d(shortcut, 2, stride, padding)
        shortcut = bn(conv(shortcut, 4 * filters, 1, 1 if sk else stride), relu=False)
    x = bn(conv(x, filters, 1))
    x = selective(x, filters, stride) if sk else bn(conv(x, filters, 3, stride))
    return tf.nn.relu(bn(conv(x, 4 * filters, 1), relu=False) + shortcut)


def simclr(x, sk):
    if sk:
        x = bn(conv(x, WIDTH // 2, 3, 2))
        x = bn(conv(x, WIDTH // 2, 3))
        x = bn(conv(x, WIDTH, 3))
    else:
        x = bn(conv(x, WIDTH, 7, 2))
    x = tf.nn.max_pool2d(x, 3, 2, "SAME")
    for stage, depth in enumerate((3, 4, 6, 3)):
        for index in range(depth):
            stride = 2 if stage and not index else 1
            x = block(x, WIDTH * 2**stage, stride, not index, sk)
    return tf.reduce_mean(x, [1, 2])


def projected(x):
    """The three layers of v2's projection head; the last has neither ReLU nor beta."""
    for index, units in enumerate((x.shape[-1], x.shape[-1], 16)):
        with v1.variable_scope(f"head_contrastive/nl_{index}"):
            with v1.variable_scope("dense"):
                x = x @ variable("kernel", (x.shape[-1], units), kernel)
            x = bn(x, relu=index < 2, center=index < 2)
    return x


def others(features):
    """What else the published files hold: slots, the twin of averages, the head of labels."""
    v1.get_variable("head_supervised/linear_layer/dense/kernel", (features.shape[-1], 4))
    v1.get_variable("base_model/conv2d/kernel/Momentum", 3)
    v1.get_variable("ema_model/base_model/conv2d/kernel", 3)
    v1.get_variable("global_step", initializer=np.int64(7))


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "selective"])
def published(request, tmp_path_factory):
    """(prefix of the files, features and their projections, whether it has selective kernels)"""
    prefix = str(tmp_path_factory.mktemp("simclr") / "model.ckpt-7")
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("base_model"):
            features = simclr(tf.constant(IMAGE), request.param)
        projections = projected(features)
        others(features)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, prefix)
        return prefix, session.run([features, projections]), request.param


def network(sk):
    size = IMAGE.shape[1]
    if sk:
        return nn.backbone("resnet50_sk", size, stem="imagenet", width=WIDTH)
    return nn.backbone("resnet50", size, stem="imagenet", width=WIDTH, padding="simclr")


def check(arrays, features, sk):
    model = network(sk)
    fill(model.weights, arrays, layouts.find("simclr"), "test")
    found = ops.convert_to_numpy(model(IMAGE, training=False))
    difference = np.abs(found - features).max() / np.abs(features).max()
    print(f"{difference:.1e}")
    assert difference < 1e-5


@pytest.mark.slow
def test_simclr_has_the_features_that_tensorflow_computes(published):
    prefix, (features, _), sk = published
    check(tensors(prefix), features, sk)


@pytest.mark.slow
def test_the_projection_head_is_imported_so_that_simclr_goes_on(published, tmp_path, monkeypatch):
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    prefix, (_, projections), sk = published
    backbone = "resnet50_sk, stem: imagenet" if sk else "resnet50, stem: imagenet, padding: simclr"
    entry = tmp_path / "simclr_theirs.test.yaml"
    entry.write_text(
        f"method: simclr\nbackbone: {{name: {backbone}, width: {WIDTH}}}\nimage_size: 64\n"
        "hyperparameters: {projection: [256, 256, 16]}\ndata: {name: imagenet, split: train}\n"
        "checkpoint: {layout: simclr}\n"
    )
    import_checkpoint(prefix, entry)
    model = sslzoo.load(entry)
    found = model.projector(model.backbone(IMAGE, training=False), training=False)
    found = ops.convert_to_numpy(found)
    assert np.abs(found - projections).max() < 1e-5 * np.abs(projections).max()


def test_a_saved_model_of_tensorflow_2_has_the_names_of_its_variables(published, tmp_path):
    """Names of the object graph would be positions in a list."""
    prefix, (features, _), sk = published
    module = tf.Module()
    module.trainable = [
        tf.Variable(array, name=name.replace("base_model/", "resnet/block_group1/"))
        for name, array in tensors(prefix).items()
        if name.startswith("base_model/") and "Momentum" not in name
    ]
    tf.saved_model.save(module, str(tmp_path / "saved"))
    check(tensors(tmp_path / "saved"), features, sk)


def test_one_tensor_more_or_less_is_refused(published):
    prefix, _, sk = published
    arrays = tensors(prefix)
    model, layout = network(sk), layouts.find("simclr")
    more = arrays | {"base_model/conv2d_200/kernel": np.zeros((1, 1, 2, 2))}
    with pytest.raises(ValueError, match=r"1 left over \(conv2d_200/kernel\)"):
        fill(model.weights, more, layout, "net")
    del arrays["base_model/conv2d_3/kernel"]
    with pytest.raises(ValueError, match=r"1 missing \(conv2d_3/kernel\)"):
        fill(model.weights, arrays, layout, "net")


# === The reader ===


@pytest.fixture
def small(tmp_path):
    """The prefix of a checkpoint of a few tensors."""
    with tf.Graph().as_default(), v1.Session() as session:
        for count in range(40):
            v1.get_variable(f"layer_{count}/kernel", (9, count + 1))
        session.run(v1.global_variables_initializer())
        (tmp_path / "one").mkdir()
        return v1.train.Saver().save(session, str(tmp_path / "one" / "model.ckpt-7"))


def test_all_arrays_are_those_of_tensorflows_own_reader(tmp_path):
    rng = np.random.default_rng(1)
    values = {
        "float": rng.random((3, 0, 2), np.float32),
        "large": rng.random((700, 333)),
        "half": rng.random(9).astype("float16"),
        "flag": np.array([True, False]),
        "count": np.int64(-3),
        **{f"many/{i:03d}": rng.integers(0, 99, 5) for i in range(400)},
    }
    with tf.Graph().as_default(), v1.Session() as session:
        for name, value in values.items():
            v1.get_variable(name, initializer=value)
        wide = v1.get_variable("wide", initializer=tf.constant([1.5, -2.0], tf.bfloat16))
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver(sharded=True).save(session, str(tmp_path / "net"))
        assert wide.dtype.base_dtype == tf.bfloat16
    found = read(prefix)
    reader = tf.train.load_checkpoint(prefix)
    assert set(found) == set(reader.get_variable_to_shape_map()) == {*values, "wide"}
    np.testing.assert_array_equal(found.pop("wide"), np.float32([1.5, -2.0]))
    for name, array in found.items():
        np.testing.assert_array_equal(array, reader.get_tensor(name))
        assert array.dtype == values[name].dtype and array.shape == values[name].shape


def test_every_way_to_name_a_checkpoint_finds_its_files(small, tmp_path):
    index, data = parts(small)
    folder = index.parent
    for path in (index, data, small, folder):
        assert parts(path) == [index, data]
    shutil.copytree(folder, tmp_path / "two")
    shutil.copy(index, tmp_path / "two" / "other.index")
    with pytest.raises(ValueError, match=r"a folder with 2 files \*.index; it must be a SavedMod"):
        read(tmp_path / "two")
    with pytest.raises(ValueError, match="an index with 0 data files; it must lie beside all its"):
        read(tmp_path / "two" / "other.index")


def test_a_zip_is_read_as_the_checkpoint_nearest_to_its_root(small, tmp_path):
    path = tmp_path / "ResNet50_1x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/hub/variables/variables.index", "another")
        for part in parts(small):
            archive.write(part, f"net/{part.name}")
    expected = read(small)
    found = read(path)
    assert list(found) == list(expected)
    for name, array in found.items():
        np.testing.assert_array_equal(array, expected[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net.index", bytes(1 << 25))
    with pytest.raises(ValueError, match="it must hold weights, not a bomb"):
        read(path)


def test_damage_anywhere_is_one_sentence(small, tmp_path):
    files = parts(small)
    rng = np.random.default_rng(0)
    for number in range(60):
        for file in files:
            shutil.copy(file, tmp_path / file.name)
        path = tmp_path / files[number % 2].name
        content = bytearray(path.read_bytes())
        place = rng.integers(len(content))
        if number % 3:
            content[place] ^= 1 << rng.integers(8)
        else:
            del content[place:]
        path.write_bytes(content)
        try:
            found = read(tmp_path / files[0].name)
        except ValueError as error:
            assert "\n" not in str(error)
        else:  # bytes that nothing uses
            for name, array in read(files[0]).items():
                np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 8193, 100_001])
def test_the_fast_checksum_is_that_of_byte_after_byte(size):
    data = np.random.default_rng(size).bytes(size)
    register = 0xFFFFFFFF
    for byte in data:
        register = int(BYTES[(register ^ byte) & 0xFF]) ^ (register >> 8)
    assert crc32c(data) == register ^ 0xFFFFFFFF
    assert crc32c(data[size // 3 :], crc32c(data[: size // 3])) == crc32c(data)
