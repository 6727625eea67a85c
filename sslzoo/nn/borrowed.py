"""Networks of other Keras libraries as backbones, each behind its own preprocessing: images in
[0, 1] -> features (N, D).
"""

import importlib.util
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import keras
from keras import layers

from sslzoo.checks import check_call, one_of, refused
from sslzoo.nn.layers import Seeds, image_input
from sslzoo.nn.normalize import Normalize

SIDE = 224  # pixels, what most of them were trained on
WITHOUT_HUB = "backbone: keras_hub is not installed; run `pip install keras-hub`."


@keras.saving.register_keras_serializable("sslzoo")
class ApplicationInput(layers.Layer):
    """Maps images in [0, 1] -> what the networks of a module of `keras.applications` read: their
    `preprocess_input`, for tensors (N, H, W, 3).

    Example:
        >>> import numpy as np
        >>> from sslzoo.nn.borrowed import ApplicationInput
        >>> white = np.ones((1, 1, 1, 3), "float32")
        >>> np.asarray(ApplicationInput("mobilenet_v2")(white)).tolist()
        [[[[1.0, 1.0, 1.0]]]]
    """

    def __init__(self, module: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.module = module

    def call(self, x: Any) -> Any:
        return getattr(keras.applications, self.module).preprocess_input(255 * x)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return super().get_config() | {"module": self.module}


def applications() -> dict[str, str]:
    """{network of `keras.applications`: its module}.

    Example:
        >>> from sslzoo.nn.borrowed import applications
        >>> applications()["ResNet50V2"]
        'resnet_v2'
    """
    known = {"MobileNetV3Small": "mobilenet_v3", "MobileNetV3Large": "mobilenet_v3"}
    for name, module in vars(keras.applications).items():
        if isinstance(module, ModuleType) and name != "imagenet_utils":
            known |= {network: name for network in vars(module) if network[0].isupper()}
    return known


def application(
    name: str,
    image_size: int | Sequence[int] = SIDE,
    weights: str | None = None,
    seed: int = 0,
) -> keras.Model:
    """A network of `keras.applications`, without its classifier: the mean over its last map.

    Args:
        name: "keras:" and its name there, such as "keras:MobileNetV2".
        image_size: Side of a square in pixels, or [height, width].
        weights: "imagenet" (a download), the path of a weights file, or None.

    Raises:
        ValueError: an unknown name or file, a size that is too small for the network, or weights
            that cannot be fetched.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("keras:MobileNetV2", 32).output_shape
        (None, 1280)
    """
    known = applications()
    network = name.partition(":")[2]
    module = known[one_of("backbone keras:", network, known)]
    inputs = image_input(image_size, 3)
    x = ApplicationInput(module, name="application_input")(inputs)
    build = getattr(keras.applications, network)
    try:
        model = build(
            include_top=False,
            weights=weights,
            input_tensor=x,
            input_shape=inputs.shape[1:],
            pooling="avg",
        )
    except Exception as error:  # without a network Keras raises Exception itself
        raise _not_built(f"{name}, {image_size} px, {weights=}", error) from error
    return _seeded(model, seed, weights is not None)


def hub(
    name: str,
    image_size: int | Sequence[int] | None = None,
    weights: str | None = None,
    seed: int = 0,
) -> keras.Model:
    """A backbone of KerasHub for images: the mean over its last map, or over its tokens.

    Args:
        name: "keras_hub:" and a preset, such as "keras_hub:resnet_50_imagenet", or the folder of
            one.
        image_size: Side of a square in pixels, or [height, width]. None: that of the preset.
        weights: "preset" (a download, unless the preset is a folder), or None.

    Raises:
        ModuleNotFoundError: KerasHub is not installed.
        ValueError: a preset that is unknown or reads no images, or another size than it has.

    Example:
        >>> from sslzoo import nn
        >>> nn.backbone("keras_hub:vit_base_patch16_224_imagenet")  # doctest: +SKIP
    """
    if not importlib.util.find_spec("keras_hub"):
        raise ModuleNotFoundError(WITHOUT_HUB)
    import keras_hub

    one_of("weights", weights, ("preset", None))
    preset = name.partition(":")[2]
    try:
        converter = keras_hub.layers.ImageConverter.from_preset(preset)
        side = image_size or converter.image_size or SIDE
        inputs = image_input(side, 3)
        network = keras_hub.models.Backbone.from_preset(
            preset, load_weights=weights is not None, image_shape=inputs.shape[1:]
        )
    except Exception as error:  # of Kaggle, the Hub, the network
        raise _not_built(f"{name}, {image_size} px, {weights=}", error) from error
    if isinstance(network.input, dict):
        raise refused("backbone", name, "be a preset that reads images alone")
    # The converter computes 255 * image * scale + offset.
    scales, offsets = (_of_channels(x) for x in (converter.scale or 1.0, converter.offset or 0.0))
    std = [1 / (255 * scale) for scale in scales]
    mean = [-offset * deviation for offset, deviation in zip(offsets, std, strict=True)]
    x = network(Normalize(mean, std, name="normalize")(inputs))
    if len(x.shape) > 2:  # (N, height, width, D) or (N, tokens, D)
        pool = layers.GlobalAveragePooling2D if len(x.shape) == 4 else layers.GlobalAveragePooling1D
        x = pool(name="features")(x)
    model = keras.Model(inputs, x, name=network.name)
    return model if weights else _seeded(model, seed, False)


BORROWED = {"keras": application, "keras_hub": hub}


def borrowed(name: str, image_size: Any, options: dict) -> keras.Model:
    """The backbone "keras:..." or "keras_hub:...".

    Example:
        >>> from sslzoo.nn.borrowed import borrowed
        >>> borrowed("keras:MobileNetV3Small", None, {"seed": 1}).input_shape
        (None, 224, 224, 3)
    """
    build = BORROWED[one_of("backbone, before its colon", name.partition(":")[0], BORROWED)]
    check_call(build, options, f"option of {name}", leave=("name", "image_size"))
    return build(name, **options) if image_size is None else build(name, image_size, **options)


def _not_built(what: str, error: Exception) -> ValueError:
    """One sentence with what was asked for; of a download also what to do."""
    reason = " ".join(str(error).split()).rstrip(".")
    if not isinstance(error, ValueError):
        reason += "; check the network, or give the path of its weights or preset"
    return ValueError(f"backbone {what}: {reason}.")


def _of_channels(value: float | Sequence[float]) -> list[float]:
    return [float(value)] * 3 if isinstance(value, (int, float)) else [float(v) for v in value]


def _seeded(model: keras.Model, seed: int, keep: bool) -> keras.Model:
    """The same network with seeds of its own, for its weights and its dropout. `keep`: with its
    weights too.
    """
    seeds = Seeds(seed)

    def again(layer: layers.Layer) -> layers.Layer:
        return type(layer).from_config(_with_seeds(layer.get_config(), seeds))

    copy = keras.models.clone_model(model, clone_function=again, recursive=True)
    if keep:
        copy.set_weights(model.get_weights())
    return keras.Model(copy.inputs[0], copy.outputs[0], name=model.name)  # no list of one input


def _with_seeds(config: Any, seeds: Seeds) -> Any:
    """A config with each `seed` drawn from `seeds`."""
    if isinstance(config, list):
        return [_with_seeds(part, seeds) for part in config]
    if not isinstance(config, dict):
        return config
    return {
        key: seeds.he().seed if key == "seed" else _with_seeds(value, seeds)
        for key, value in config.items()
    }
