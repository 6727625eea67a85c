"""From names and configs to models: recipes of the methods, and what a config takes from
elsewhere.
"""

import inspect
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo.methods import list_methods, method_class
from sslzoo.zoo.build import Recipe, _own_recipe, from_config, recipe
from sslzoo.zoo.config import ConfigError, dump, write_record
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.train import train
from sslzoo.zoo.weights import save_weights

FEW_LABELS = [name for name in list_methods("semisupervised") if name != "distillation"]
ENTRIES = [
    *(f"{method}_convnet.digits" for method in FEW_LABELS),
    *(f"{method}_convnet.omniglot" for method in ("siamese", "triplet")),
    *(f"{method}_mlp.mnist" for method in ("naive", "lwf", "icarl", "replay")),
    "srgan_x4.t91",
]
TRUNK = {"name": "srresnet", "width": 4, "blocks": 1}
SMALL = {"scale": 2, "last_kernel": 3, "width": 2, "hidden": 4, "content_layer": "block1_relu"}
CONFIG = """\
description: a model of the tests
paper: {title: A Paper}
licence: Apache-2.0
image_size: 8
data: {name: digits, split: train}
optimizer: {name: sgd, learning_rate: 0.1}
batch_size: 8
epochs: 1
"""
RESTORING = "backbone: {name: srresnet, width: 4, blocks: 1}\n"
GAN = (
    f"{CONFIG}method: srgan\n{RESTORING}hyperparameters:\n  content: CONTENT\n  content_layer: "
    "block1_relu\n"
    "  scale: 2\n  last_kernel: 3\n  width: 2\n  hidden: 4\n"
)
RECORD = {
    **{
        "commit": "ab",
        "backend": "tensorflow",
        "device": "2 cores",
        "versions": {},
        "started": "2026-11-22T11:27:00Z",
    },
    **{"wall_seconds": 1.0, "steps": 1, "metrics": []},
}


def players(made):
    """The settings of the optimizer, or of both, in a run of 1,000 steps."""
    optimizer = made(1000)
    return [
        # Keras counts the names up; no weight decay is None or 0.
        {
            **player.get_config(),
            "name": type(player),
            "weight_decay": player.get_config()["weight_decay"] or 0.0,
        }
        for player in getattr(optimizer, "optimizers", [optimizer])
    ]


def values(network):
    return [ops.convert_to_numpy(v) for v in network.weights]


def same(network, other):
    return all(
        (mine == theirs).all() for mine, theirs in zip(values(network), values(other), strict=True)
    )


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_recipe_of_a_method_is_that_of_its_entry(entry):
    config = load_config(entry)
    assert players(Recipe(**method_class(config.method).recipe)) == players(recipe(config))


def test_transformers_have_adamw_in_the_place_of_sgd():
    model = sslzoo.build("simclr", "vit_micro", image_size=8)
    (adamw,) = players(Recipe(**_own_recipe(type(model), model.backbone)))
    assert (adamw["name"], adamw["weight_decay"]) == (sslzoo.optim.AdamW, 0.04)
    assert adamw["learning_rate"]["config"]["peak"] == 5e-4
    assert isinstance(model.optimizer, sslzoo.optim.AdamW)
    model = sslzoo.build("simclr", "vit_micro", image_size=8, optimizer="sgd")
    assert isinstance(model.optimizer, keras.optimizers.SGD)


def test_the_other_recipes_are_those_of_lightly_and_of_the_paper():
    for name in ("simclr", "byol"):
        (sgd,) = players(Recipe(**method_class(name).recipe))
        rate = sgd.pop("learning_rate")["config"]
        assert (sgd["name"], sgd["momentum"], sgd["nesterov"], sgd["weight_decay"]) == (
            sslzoo.optim.SGD,
            0.9,
            False,
            5e-4,
        )
        assert (rate["peak"], rate["warmup_steps"], rate["total_steps"]) == (
            0.06 * 256 / 128,
            50,
            1000,
        )
    (adam,) = players(Recipe(**method_class("srresnet").recipe))
    assert adam["name"] is keras.optimizers.Adam and adam["learning_rate"] == pytest.approx(1e-4)


def test_srgan_has_a_content_network_of_the_zoo():
    """With the settings of its entry; another content network comes with the paper's."""
    model = sslzoo.build("srgan", TRUNK, image_size=8, scale=2, last_kernel=3, width=2, hidden=4)
    entry = load_config("srgan_x4.t91").hyperparameters
    assert (model.content_weight, model.pixel_weight) == (
        entry["content_weight"],
        entry["pixel_weight"],
    )
    phi = sslzoo.load(entry["content"]["zoo"]).backbone
    assert same(model.content, keras.Model(phi.input, phi.get_layer(entry["content_layer"]).output))
    other = sslzoo.build(
        "srgan", TRUNK, image_size=8, content=sslzoo.nn.backbone("micro", 8), **SMALL
    )
    assert (other.content_weight, other.pixel_weight) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("method", "needed"),
    [("fixmatch", "classes"), ("flexmatch", "unlabeled_size"), ("icarl", "classes")],
)
def test_what_has_no_default_is_named(method, needed):
    given = {"classes": 10} if needed != "classes" else {}
    with pytest.raises(
        ValueError,
        match=rf"^{needed}: {method} needs it and has no default; "
        rf"build\('{method}', ..., {needed}=",
    ):
        sslzoo.build(method, "micro", image_size=8, **given)


def test_fixmatch_is_built_with_nesterovs_momentum():
    optimizer = sslzoo.build("fixmatch", "micro", image_size=8, classes=10).optimizer
    assert optimizer.nesterov and optimizer.momentum == 0.9
    assert float(optimizer.learning_rate) == pytest.approx(0.03)


def test_both_players_of_srgan_move_each_by_its_own_optimizer():
    model = sslzoo.build(
        "srgan", TRUNK, image_size=8, content=sslzoo.nn.backbone("micro", 8), **SMALL
    )
    networks = model.discriminator, model.generator  # the main optimizer is the last
    before = [values(network) for network in networks]
    model.fit(
        np.random.default_rng(0).integers(0, 256, (8, 8, 8, 3), "uint8"), batch_size=4, verbose=0
    )
    for network, optimizer, old in zip(networks, model.optimizer.optimizers, before, strict=True):
        velocities = [v for v in optimizer.variables if v.path.endswith("_velocity")]
        assert sorted(map(str, (v.shape for v in velocities))) == sorted(
            str(v.shape) for v in network.trainable_variables
        )
        assert all(ops.convert_to_numpy(v).any() for v in velocities)
        assert all((new != was).any() for new, was in zip(values(network), old, strict=True))


@pytest.fixture
def zoo(tmp_path):
    """Three entries, by paths: an encoder, an SRResNet, an SRGAN that takes the one as content and
    starts as the other.
    """
    texts = {
        "encoder": CONFIG
        + (
            "method: simclr\nbackbone: {name: micro, width: 4}\nhyperparameters: {projection: [8, "
            "8]}\n"
        ),
        "first": f"{CONFIG}method: srresnet\n{RESTORING}"
        "hyperparameters: {scale: 2, last_kernel: 3}\n",
        "gan": GAN.replace("CONTENT", f"{{zoo: {tmp_path}/encoder.yaml}}")
        + f"initial: {{model: {tmp_path}/first.yaml, networks: [generator]}}\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def scrambled(path, seed):
    """The model of a config with weights that no initializer gives."""
    model, rng = sslzoo.load(path, weights=None), np.random.default_rng(seed)
    for variable in model.weights:
        if "int" not in variable.dtype:
            variable.assign(rng.uniform(0.1, 0.2, variable.shape))
    return model


def publish(path, seed):
    model = scrambled(path, seed)
    weights = save_weights(model, path.with_name(f"{path.stem}.weights.h5"), "float32")
    write_record(path, {**RECORD, "weights": weights})
    return model


def test_weights_of_a_gan_need_no_other_entry(zoo):
    with pytest.raises(ValueError, match="encoder has no published weights yet"):
        from_config(load_config(zoo / "gan.yaml"))
    gan = publish(zoo / "gan.yaml", seed=3)
    for loaded in (
        sslzoo.load(zoo / "gan.yaml"),
        sslzoo.load(zoo / "gan.yaml", weights=zoo / "gan.weights.h5"),
    ):
        assert same(loaded, gan) and same(loaded.content, gan.content)


def test_without_weights_everything_is_untrained_but_training_starts_from_the_other_entries(zoo):
    untrained = sslzoo.load(zoo / "gan.yaml", weights=None)
    encoder, first = publish(zoo / "encoder.yaml", seed=1), publish(zoo / "first.yaml", seed=2)
    still = sslzoo.load(zoo / "gan.yaml", weights=None)
    assert same(still, untrained) and same(still.content, untrained.content)
    start = from_config(load_config(zoo / "gan.yaml"))
    assert same(start.generator, first.generator) and same(
        start.discriminator, untrained.discriminator
    )
    layer = encoder.backbone.get_layer("block1_conv")
    np.testing.assert_array_equal(start.content.get_layer("block1_conv").kernel, layer.kernel)


def test_a_wide_network_starts_as_a_narrow_entry(zoo):
    narrow = publish(zoo / "encoder.yaml", seed=1)
    text = (zoo / "encoder.yaml").read_text().split("record:")[0].replace("width: 4", "width: 8")
    initial = f"initial: {{model: {zoo}/encoder.yaml, networks: [backbone, projector]}}\n"
    (zoo / "wide.yaml").write_text(text + initial)
    wide = from_config(load_config(zoo / "wide.yaml"))
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), "uint8")
    expected = np.tile(narrow.encode(images), 2)
    np.testing.assert_allclose(wide.encode(images), expected, rtol=1e-4)


def small_vgg19(include_top, weights):
    """Of VGG-19, the input and the last convolution, as `keras.applications.VGG19` gives it."""
    assert include_top is False
    inputs = keras.Input((None, None, 3))
    model = keras.Model(
        inputs,
        keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="block5_conv4")(inputs),
    )
    if weights is not None:
        model.load_weights(weights)
    return model


@pytest.mark.slow
def test_vgg19_may_be_named_in_a_config(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.applications, "VGG19", small_vgg19)
    file, path = tmp_path / "vgg19.weights.h5", tmp_path / "gan.yaml"
    vgg = small_vgg19(False, None)
    vgg.save_weights(file)
    path.write_text(
        GAN.replace("CONTENT", f"{{vgg19: {file}}}").replace("  content_layer: block1_relu\n", "")
    )
    model = from_config(load_config(path))
    np.testing.assert_array_equal(values(model.content)[0], values(vgg)[0])
    model.fit(np.zeros((4, 8, 8, 3), "uint8"), batch_size=4, verbose=0)

    publish(path, seed=4)
    file.unlink()
    assert sslzoo.load(path).content.output_shape == (None, None, None, 4)
    message = (
        f"^hyperparameters.content.vgg19: got '{file}'; it must be an existing file of VGG-19's "
        "weights without top, torchvision"
    )
    for use in (lambda: from_config(load_config(path)), lambda: train(path, tmp_path / "run")):
        with pytest.raises(FileNotFoundError, match=message):
            use()
    assert not (tmp_path / "run").exists()


def test_an_optimizer_for_what_is_solved_at_once_is_refused():
    with pytest.raises(ValueError, match="^optimizer: got 'adam'; needed none: tca is solved at"):
        sslzoo.build("tca", features=4, optimizer="adam")
    config = load_config("tca.office_caltech10")
    sgd = load_config("simclr_resnet20.digits").optimizer
    with pytest.raises(ValueError, match="^optimizer: got 'sgd'; needed none: tca is solved at"):
        from_config(config.model_copy(update={"optimizer": sgd, "epochs": 1}))


def test_groups_of_optimizers_of_a_method_without_any_are_refused():
    config = load_config("simclr_resnet20.digits")
    config = config.model_copy(update={"optimizers": {"projector": config.optimizer}})
    with pytest.raises(
        ValueError,
        match="^optimizers: got projector; needed none: simclr has no groups of networks, `opti",
    ):
        recipe(config)


def test_a_group_of_optimizers_that_a_method_has_not_is_refused_with_those_that_it_has():
    config = load_config("srgan_x4.t91")
    config = config.model_copy(update={"optimizers": {"generatr": config.optimizer}})
    with pytest.raises(ValueError, match="got 'generatr'; it must be one of .*mean generator"):
        recipe(config)


def test_an_image_size_that_nothing_reads_is_refused():
    with pytest.raises(ValueError, match="image_size: got 64; it must be None for tca, which has"):
        sslzoo.build("tca", features=4, image_size=64)
    network = sslzoo.nn.backbone("micro", 8)
    with pytest.raises(ValueError, match="image_size: got 64; it must be None beside a network"):
        sslzoo.build("simclr", network, image_size=64)
    assert sslzoo.build("simclr", network).backbone is network


REFUSED = {
    "hyperparameters": [
        ({"temperature": "x"}, "temperature: got 'x'; it must be a finite number."),
        ({"temperature": float("nan")}, "temperature: got nan; it must be a finite number."),
        ({"temperature": 0}, "temperature: got 0; it must be a finite number above 0."),
        ({"temperature": True}, "temperature: got True; it must be a finite number."),
        ({"projection": 3}, "projection: got 3; it must be a list, each an integer or None."),
        ({"projection": []}, "projection: got []; it must hold at least one size."),
        ({"projection": [0]}, "projection: got 0; it must be an integer of at least 1."),
        ({"projection": [1.5]}, "projection: got [1.5]; it must be a list, each an integer or"),
        ({"temprature": 1}, "hyperparameter of simclr: got 'temprature'; it must be one of"),
        ({"temperature": {"zoo": "x"}}, "Unknown model 'x'"),
        ({"temperature": {"net": "x"}}, "temperature: got {'net': 'x'}; it must be a finite"),
    ],
    "backbone": [
        ({"width": float("nan")}, "width: got nan; it must be an integer."),
        ({"width": 0}, "width: got 0; it must be an integer of at least 1."),
        ({"width": "8"}, "width: got '8'; it must be an integer."),
        ({"channels": 2}, "channels: got 2; it must be one of 1, 3."),
        ({"seed": -1}, "seed: got -1; it must be an integer of at least 0."),
    ],
}


@pytest.mark.parametrize(
    ("key", "changes", "sentence"),
    [(key, *case) for key, cases in REFUSED.items() for case in cases],
)
def test_options_are_held_against_the_signature_and_the_ranges(key, changes, sentence):
    backbone = {"name": "micro"}
    hyperparameters = changes if key == "hyperparameters" else {}
    backbone |= changes if key == "backbone" else {}
    with pytest.raises(ValueError) as error:
        sslzoo.build("simclr", backbone, 8, **hyperparameters)
    assert str(error.value).startswith(sentence)


def test_every_method_s_and_network_s_options_have_types():
    """What has none is not checked."""
    functions = [method_class(name) for name in sslzoo.list_methods()]
    for function in [*functions, *sslzoo.nn.BACKBONES.values()]:
        for name, parameter in inspect.signature(function).parameters.items():
            assert parameter.annotation is not inspect.Parameter.empty, (function, name)
            assert parameter.annotation is not Any or name == "augment", (function, name)


def test_an_entry_that_needs_itself_is_refused(tmp_path):
    text = dump(sslzoo.info("srgan_x4.t91").config)
    mine, other = tmp_path / "mine.yaml", tmp_path / "other.yaml"
    mine.write_text(text.replace("simclr_resnet20.cifar10", str(mine)))
    with pytest.raises(ConfigError, match="hyperparameters.content.zoo: got .* not need this one"):
        load_config(mine)
    mine.write_text(text.replace("simclr_resnet20.cifar10", str(other)))
    other.write_text(text.replace("srresnet_x4.t91", str(mine)))
    with pytest.raises(ConfigError, match="not need this one"):
        sslzoo.load(str(mine), weights=None)
    mine.write_text(text.replace("simclr_resnet20.cifar10", "simclr_resnet21"))
    with pytest.raises(ConfigError, match="hyperparameters.content.zoo: Unknown model"):
        load_config(mine)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"seed": 2**63}, "seed: got 9223372036854775808; it must be .* at most 2147483647"),
        ({"image_size": 8.0}, "image_size: got 8.0; it must be an integer"),
        ({"image_size": 10**6}, "image_size: got 1000000; it must be .* at most 8192"),
        ({"backbone": {"name": "micro", "image_size": 8}}, "backbone: got .*; it must be a Func"),
        ({"backbone": {"width": 8}}, "backbone: got .*; it must be a Functional model, a name"),
        ({"backbone": 5}, "backbone: got 5; it must be a Functional model, a name, or a dict"),
    ],
)
def test_arguments_of_build_are_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}") as error:
        sslzoo.build("simclr", **{"backbone": "micro", "image_size": 8} | arguments)
    assert "\n" not in str(error.value)


def test_a_seed_may_be_an_integer_of_numpy():
    assert sslzoo.build("simclr", "micro", 8, seed=np.int64(3)).seed == 3


@pytest.mark.parametrize("key", ["seed", "backbone", "optimizer", "image_size"])
def test_a_key_of_the_config_is_no_hyperparameter(key):
    config = sslzoo.info("simclr_resnet20.digits").config
    config = config.model_copy(update={"hyperparameters": {key: 3}})
    with pytest.raises(ValueError, match=f"^hyperparameters.{key}: got 3; it must stand one level"):
        from_config(config)
