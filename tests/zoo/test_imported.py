"""Checkpoints of other people: each layout written, imported, and compared; the rest refused."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo import nn
from sslzoo.zoo import list_models
from sslzoo.zoo.config import read_config
from sslzoo.zoo.imported import import_checkpoint
from sslzoo.zoo.importers import layouts
from sslzoo.zoo.importers.layout import fill, to_ours
from sslzoo.zoo.registry import resolve

foreign = pytest.importorskip("benchmarks.fuzz._foreign", reason="the wheel has no benchmarks")
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("uint8")
RESNET = "{name: resnet18, stem: imagenet, width: 8}"
VIT = "{name: vit_micro, patch: 8%s}"
CASES = {  # layout: (backbone, prefix, what else the file holds, place in the file)
    "torchvision_resnet": (RESNET, "", [], None),
    "cifar_resnet": ("{name: resnet20, width: 4, shortcuts: zeros}", "module.", [], "state_dict"),
    "moco": (
        RESNET,
        "module.encoder_q.",
        ["module.encoder_q.fc.0.weight", "module.encoder_k.conv1.weight", "module.queue"],
        "state_dict",
    ),
    "mocov3_resnet": (
        RESNET,
        "module.base_encoder.",
        ["module.base_encoder.fc.0.weight", "module.momentum_encoder.x", "module.predictor.0.x"],
        "state_dict",
    ),
    "simsiam": (
        RESNET,
        "module.encoder.",
        ["module.encoder.fc.0.weight", "module.predictor.0.weight"],
        "state_dict",
    ),
    "swav": (RESNET, "module.", ["module.projection_head.0.w", "module.prototypes.weight"], None),
    "barlow_twins": (RESNET, "module.backbone.", ["module.projector.0.w", "module.bn.x"], "model"),
    "vicreg": (RESNET, "module.backbone.", ["module.projector.0.weight"], "model"),
    "vissl": (RESNET, "_feature_blocks.", [], "model_state_dict"),
    "timm_vit": (VIT % "", "", [], None),
    "mocov3_vit": (
        VIT % ", positions: sincos_rows, train_patches: false",
        "module.base_encoder.",
        ["module.base_encoder.head.0.weight", "module.momentum_encoder.x"],
        "state_dict",
    ),
    "dino": (
        VIT % ", registers: 4, layer_scale: 1e-5, resizing: antialias, positions_size: 16",
        "module.backbone.",
        ["module.head.mlp.0.weight", "mask_token"],
        "teacher",
    ),
    "mae": (VIT % ", positions: sincos", "", ["decoder_embed.weight", "mask_token"], "model"),
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SSLZOO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def entry(folder, layout, backbone, more="", checkpoint=""):
    path = folder / "theirs_net.test.yaml"
    path.write_text(
        f"method: encoder\nbackbone: {backbone}\nimage_size: 32\n"
        f"hyperparameters: {{mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4]{more}}}\n"
        "data: {name: imagenet, split: train}\n"
        f"checkpoint: {{layout: {layout}{checkpoint}}}\n"
    )
    return path


def published(model, layout, prefix):
    """{name: array} as torch has it, of a model of random weights."""
    draw = np.random.default_rng(1)
    arrays = {}
    for network in model.networks:
        for variable in network.weights:
            shape = tuple(variable.shape)
            if len(shape) == 4:
                shape = (shape[3], shape[2], *shape[:2])
            elif len(shape) == 2:
                shape = shape[::-1]
            value = draw.random(shape, np.float32) + 0.1
            arrays[prefix + layouts.find(layout).name(variable.path)] = value / np.float32(
                np.sqrt(shape[0])
            )
    return arrays


def written(folder, arrays, place=None, legacy=False, name="net.pth"):
    value = {"epoch": 3, place: arrays} if place else arrays
    path = folder / name
    path.write_bytes((foreign.torch_legacy if legacy else foreign.torch_zip)(value))
    return path


@pytest.mark.parametrize("layout", CASES)
def test_every_tensor_of_a_layout_reaches_its_variable(layout, tmp_path):
    backbone, prefix, others, place = CASES[layout]
    path = entry(tmp_path, layout, backbone)
    model = sslzoo.load(path, weights=None)
    arrays = published(model, layout, prefix)
    more = {name: np.ones(3, np.float32) for name in others}
    more |= {prefix + "bn1.num_batches_tracked": np.array([7])} if "resnet" in backbone else {}
    file = written(tmp_path, arrays | more, place, legacy=layout in ("moco", "swav"))
    import_checkpoint(file, path)
    loaded = sslzoo.load(path)
    for variable in loaded.backbone.weights:
        array = arrays[prefix + layouts.find(layout).name(variable.path)]
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), to_ours(array, variable))
    features = loaded.encode(IMAGES)
    config = read_config(path)
    options = {"name": config.backbone.name, **config.backbone.options()}
    bare = nn.backbone(options.pop("name"), 32, **options)
    fill(bare.weights, arrays | more, layouts.find(layout), "test")
    images = (IMAGES / np.float32(255) - np.float32([0.5, 0.4, 0.3])) / np.float32([0.2, 0.3, 0.4])
    expected = ops.convert_to_numpy(bare(images.astype("float32"), training=False))
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_weights_before_a_pixel_shuffle_have_its_order():
    """Torch's has the channel outermost. A kernel and its bias move alike."""
    kernel = keras.Variable(np.zeros((1, 1, 1, 8), "float32"), name="kernel")
    bias = keras.Variable(np.zeros(8, "float32"), name="bias")
    for variable, shape in ((kernel, (8, 1, 1, 1)), (bias, (8,))):
        variable._path = f"upsample1_conv/{variable.name}"
        moved = to_ours(np.arange(8.0).reshape(shape), variable)
        np.testing.assert_array_equal(moved.ravel(), [0, 4, 1, 5, 2, 6, 3, 7])


def test_every_layout_is_tried():
    """Those of other programs in tests/nn/test_published.py and tests/zoo/importers."""
    others = {"fast_srgan", "simclr", "byol", "torchvision_vgg19"}
    assert {*CASES} | others == {*layouts.names()}


def test_a_head_is_imported_and_classifies_and_learns(tmp_path):
    path = entry(tmp_path, "cifar_resnet", CASES["cifar_resnet"][0], ", classes: 3")
    model = sslzoo.load(path, weights=None)
    arrays = published(model, "cifar_resnet", "module.")
    fill([v for n in model.networks for v in n.weights], arrays, layouts.find("cifar_resnet"), "")
    arrays["module.linear.weight"] /= model.encode(IMAGES).max()
    import_checkpoint(written(tmp_path, arrays), path)
    loaded = sslzoo.load(path)
    logits = loaded.encode(IMAGES) @ arrays["module.linear.weight"].T
    logits = np.exp(logits + arrays["module.linear.bias"])
    expected = logits / logits.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(loaded.classify(IMAGES), expected, rtol=1e-3)
    loaded.fit(IMAGES, np.array([0, 2]), batch_size=2, verbose=0)


def test_without_a_head_fit_says_what_it_lacks():
    with pytest.raises(ValueError, match="this encoder has no classes, so no loss; it needs a"):
        sslzoo.build("encoder", "micro", 8).fit(IMAGES[:, :8, :8], batch_size=2)


def change(arrays, kind):
    first = next(iter(arrays))
    if kind == "missing":
        del arrays[first]
    elif kind == "left over":
        arrays["layer9.conv1.weight"] = np.ones(3, np.float32)
    elif kind == "of another shape":
        arrays[first] = np.ones((5, 5), np.float32)
    elif kind == "NaN":
        arrays[first] = arrays[first] * np.float32("nan")
    return arrays


@pytest.mark.parametrize("kind", ["missing", "left over", "of another shape", "NaN"])
def test_another_network_is_refused_and_the_cache_stays_clean(kind, tmp_path, home):
    path = entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 4}")
    arrays = published(sslzoo.load(path, weights=None), "torchvision_resnet", "")
    file = written(tmp_path, change(arrays, kind))
    with pytest.raises(ValueError, match=kind) as error:
        import_checkpoint(file, path)
    assert str(error.value).startswith(f"{file}: got ") and "\n" not in str(error.value)
    assert not home.exists()


def test_a_page_another_size_and_another_hash_are_refused(tmp_path, home):
    path = entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 4}")
    arrays = published(sslzoo.load(path, weights=None), "torchvision_resnet", "")
    named = written(tmp_path, arrays, name="net-12345678.pth")
    with pytest.raises(ValueError, match="it must be 12345678, so fetch it again"):
        import_checkpoint(named, path)
    page = tmp_path / "page-12345678.pth"
    page.write_text("<!doctype html><html>404</html>")
    with pytest.raises(ValueError, match="got an HTML or XML page"):
        import_checkpoint(page, path)
    path = entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 4}", "", ", bytes: 7")
    with pytest.raises(ValueError, match="bytes; it must have 7"):
        import_checkpoint(written(tmp_path, arrays), path)
    with pytest.raises(FileNotFoundError, match="there is no such checkpoint file"):
        import_checkpoint(tmp_path / "nothing.pth", path)
    assert not home.exists()


def test_a_file_that_changed_since_its_first_import_is_refused(tmp_path):
    path = entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 4}")
    arrays = published(sslzoo.load(path, weights=None), "torchvision_resnet", "")
    weights = import_checkpoint(written(tmp_path, arrays), path)
    before = hashlib.sha256(weights.read_bytes()).hexdigest()
    arrays["conv1.weight"] = arrays["conv1.weight"] * 2
    with pytest.raises(ValueError, match="as at first; delete .*theirs_net.test.json if"):
        import_checkpoint(written(tmp_path, arrays), path)
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == before


def test_a_config_that_changed_since_the_import_is_named(tmp_path):
    path = entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 4}")
    arrays = published(sslzoo.load(path, weights=None), "torchvision_resnet", "")
    import_checkpoint(written(tmp_path, arrays), path)
    entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 8}")
    needed = "with backbone {.*'width': 4.*}, and its config has {.*'width': 8.*}; put the old"
    with pytest.raises(ValueError, match=needed):
        sslzoo.load(path)
    entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 4}", ", share: 0.5")
    sslzoo.load(path)


def test_several_files_are_fetched_once_by_processes_at_once_and_nothing_else_stays(tmp_path, home):
    """A stand-in for a checkpoint of two files: the second is fetched and removed too."""
    path = entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 4}")
    arrays = published(sslzoo.load(path, weights=None), "torchvision_resnet", "")
    file = written(tmp_path, arrays)
    (tmp_path / "more.bin").write_bytes(b"data")
    more = f", url: '{file.as_uri()}', more: [more.bin]"
    path = entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 4}", "", more)
    with ThreadPoolExecutor() as pool:
        models = list(pool.map(sslzoo.load, [path, path]))
    np.testing.assert_array_equal(models[0].encode(IMAGES), models[1].encode(IMAGES))
    names = sorted(p.name for p in (home / "weights" / "imported").iterdir())
    assert names == ["theirs_net.test.json", "theirs_net.test.weights.h5"]
    (tmp_path / "more.bin").unlink()
    (home / "weights" / "imported" / names[1]).unlink()
    with pytest.raises(ValueError, match="cannot be fetched .*more.bin and run `sslzoo import net"):
        sslzoo.load(path)
    assert [p.name for p in (home / "weights" / "imported").iterdir()] == names[:1]


def test_a_download_that_broke_off_goes_on_and_eight_digits_of_a_hash_are_compared(
    tmp_path, home, web
):
    path = entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 4}")
    file = written(tmp_path, published(sslzoo.load(path, weights=None), "torchvision_resnet", ""))
    web.files["net.pth"] = file.read_bytes()
    digits = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    for known in ("0" * 8, digits):
        more = f", url: '{web.url}/parts/net.pth', sha256: '{known}'"
        path = entry(tmp_path, "torchvision_resnet", "{name: resnet20, width: 4}", "", more)
        web.cuts += [1000, 0] if known == digits else []
        reason = "truncated, 1000 bytes" if known == digits else f"sha256 is {digits}.*, 00000000 "
        with pytest.raises(ValueError, match=rf"cannot be fetched \({reason}"):
            sslzoo.load(path)
    assert [p.name for p in (home / "weights" / "imported").iterdir()] == ["theirs_net.test.parts"]
    assert sslzoo.load(path).built and web.seen[-1] == ("/parts/net.pth", "bytes=1000-")
    names = sorted(p.name for p in (home / "weights" / "imported").iterdir())
    assert names == ["theirs_net.test.json", "theirs_net.test.weights.h5"]


def test_one_of_several_networks_in_a_file_is_chosen(tmp_path):
    path = entry(tmp_path, "dino", VIT % "", "", ", part: student")
    model = sslzoo.load(path, weights=None)
    student = published(model, "dino", "module.backbone.")
    teacher = {name: array * 2 for name, array in student.items()}
    file = tmp_path / "full.pth"
    file.write_bytes(foreign.torch_zip({"teacher": teacher, "student": student}))
    import_checkpoint(file, path)
    found = sslzoo.load(path).backbone.get_weights()[0]
    kernel = student["module.backbone.patch_embed.proj.weight"]
    np.testing.assert_array_equal(found, kernel.transpose(2, 3, 1, 0))
    entry(tmp_path, "dino", VIT % "", "", ", part: pupil")
    with pytest.raises(ValueError, match=r"with \['teacher', 'student'\]; it must hold the part p"):
        import_checkpoint(file, path)


def test_what_is_not_imported_says_how_in_one_sentence(tmp_path, home):
    path = entry(tmp_path, "moco", RESNET, "", ", url: 'http://127.0.0.1:9/net.pth.tar'")
    needed = "get http://127.0.0.1:9/net.pth.tar and run `sslzoo import net.pth.tar --as theirs_net"
    with pytest.raises(ValueError, match=re.escape(needed)) as error:
        sslzoo.load(path)
    assert "\n" not in str(error.value)
    assert [file.name for file in home.rglob("*") if file.suffix in (".h5", ".json", ".part")] == []


def test_every_entry_of_other_people_names_a_layout_a_license_and_a_published_figure():
    for name in list_models():
        config = read_config(resolve(name))
        if config.checkpoint:
            assert layouts.find(config.checkpoint.layout) and config.licence
            assert config.reference and config.checkpoint.url


@pytest.mark.slow
def test_mean_deviation_and_resizing_go_with_saved_models_copies_and_exports(tmp_path):
    settings = {"mean": [0.5] * 3, "std": [0.2] * 3, "interpolation": "bicubic", "share": 0.875}
    model = sslzoo.build("encoder", "micro", 24, **settings)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 48, 3)).astype("uint8")
    kept = images[:, 4:60, 3:45]  # 0.875 of both sides
    bare = sslzoo.build("encoder", "micro", 24, mean=[0.5] * 3, std=[0.2] * 3)
    assert np.abs(model.encode(images) - bare.encode(images)).max() > 1e-3
    whole = sslzoo.build("encoder", "micro", 24, **settings | {"share": 1.0})
    np.testing.assert_allclose(model.encode(images), whole.encode(kept), atol=1e-5)
    model.save(tmp_path / "net.keras")
    loaded = sslzoo.load(tmp_path / "net.keras")
    np.testing.assert_allclose(loaded.encode(images), model.encode(images), atol=1e-6)
    if keras.backend.backend() == "tensorflow":  # its check compares own and other sizes
        model.export(str(tmp_path / "served"))
    clone = keras.models.clone_model(model.backbone)
    clone.set_weights(model.backbone.get_weights())
    unit = images[:, :24, :24] / np.float32(255)
    np.testing.assert_allclose(clone(unit), model.backbone(unit), atol=1e-6)
