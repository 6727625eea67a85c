"""From names and configs to models: recipes of the methods, and what a config takes from
elsewhere.
"""

import keras
import numpy as np
import pytest
from keras import ops

import sslzoo
from sslzoo.methods import method_class
from sslzoo.zoo.build import Recipe, from_config, recipe
from sslzoo.zoo.config import write_record
from sslzoo.zoo.entry import load_config
from sslzoo.zoo.train import train
from sslzoo.zoo.weights import save_weights

ENTRIES = [
    *(f"{method}_convnet.digits" for method in ("fixmatch", "flexmatch", "uda", "pseudo_label")),
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
    """The settings of the optimiser, or of both, in a run of 1,000 steps."""
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
    networks = model.discriminator, model.generator  # the main optimiser is the last
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
    """The model of a config with weights that no initialiser gives."""
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
        "weights without top, or imagenet"
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
