"""What goes into the model of an entry and what comes out, without building it."""

import inspect
from types import SimpleNamespace
from typing import Any, NamedTuple

from sslzoo.methods import method_class
from sslzoo.nn.feature_size import feature_size
from sslzoo.training.verbs import Verb
from sslzoo.zoo.schema import ZooConfig

SERIES = ("gru", "series_transformer")  # the named networks that read no images
EMBEDDING = ("encode", "align")  # verbs with results of one length
SCALED = "finite numbers, scaled as in training"
LENGTHS = ("latent_dim", "components")  # hyperparameters that are the length of an embedding


class Interface(NamedTuple):
    """The inputs and outputs of a model.

    kind: of an item: "images", "series" or "vectors".
    inputs: [(what, text)] of them.
    outputs: [(verb, name of the result, type and shape)], the main verb first.
    embedding: the length of what `encode` gives, None where it is not known.

    Example:
        >>> import sslzoo
        >>> interface_of(sslzoo.info("simclr_resnet20.digits").config).outputs
        [('encode', 'embedding', 'float32 (N, 64)')]
    """

    kind: str
    inputs: list[tuple[str, str]]
    outputs: list[tuple[str, str, str]]
    embedding: int | None


def interface_of(config: ZooConfig) -> Interface:
    """The inputs and outputs of the model of a config. Imports keras.

    Example:
        >>> import sslzoo
        >>> interface_of(sslzoo.info("tca.office_caltech10").config).embedding
        30
    """
    settings = _settings(config)
    verbs = verbs_of(config.method, config.hyperparameters)
    length = embedding_length(config)
    shapes = {"C": settings.get("classes"), "S": settings.get("scale")}
    kind = "vectors"
    if config.backbone is not None:
        kind = "series" if config.backbone.name in SERIES else "images"
    whole = any(verb.whole for verb in verbs.values())
    inputs = {"images": _images, "series": _series, "vectors": _vectors}[kind]
    size = config.image_size if isinstance(config.image_size, list) else [config.image_size] * 2
    channels = (config.backbone.options() if config.backbone else {}).get("channels", 3)
    picture = (*size, channels)
    outputs = []
    for name, verb in verbs.items():
        known = shapes | {"D": length if name in EMBEDDING else None}
        outputs.append((name, verb.names[0], result_shape(verb, known, picture, kind)))
    return Interface(kind, inputs(config, whole), outputs, length)


def verbs_of(method: str, hyperparameters: dict[str, Any]) -> dict[str, Verb]:
    """{name: verb} of a method. Imports keras.

    Example:
        >>> list(verbs_of("encoder", {"classes": 10}))
        ['classify', 'encode']
    """
    verbs = method_class(method).verbs
    if isinstance(verbs, property):  # some classify only where they have classes
        verbs = verbs.fget(SimpleNamespace(**({"classes": None} | hyperparameters)))
    return verbs


def embedding_length(config: ZooConfig) -> int | None:
    """The length of what `encode` gives; None where only the built model knows it.

    Example:
        >>> import sslzoo
        >>> embedding_length(sslzoo.info("vae_mlp.mnist").config)
        40
    """
    settings = _settings(config)
    for key in LENGTHS:
        if settings.get(key):
            return settings[key]
    if config.backbone is not None:
        return feature_size(config.backbone.name, **config.backbone.options())
    return settings.get("features")


def result_shape(verb: Verb, shapes: dict, picture: tuple, kind: str) -> str:
    """The type and shape of what a verb gives, such as "float32 (N, 64)".

    Args:
        verb: of the model. shapes: {"D": length of the embedding, "C": classes, "S": scale}, None
            where it is not known. picture: (height, width, channels) of the network.
        kind: of an item.

    Example:
        >>> result_shape(Verb("probabilities"), {"C": 10}, (32, 32, 3), "images")
        'float32 (N, 10), rows sum to 1'
    """
    first = verb.names[0]
    count = "n" if verb.draws else "N"
    if first == "embedding":
        return f"float32 ({count}, {shapes.get('D') or 'D'})"
    if first == "probabilities":
        return f"float32 ({count}, {shapes.get('C') or 'C'}), rows sum to 1"
    if first == "image" and verb.whole:
        times = shapes.get("S") or "scale"
        return f"(N, {times} H, {times} W, 3), uint8 of uint8 and float32 of floats"
    if kind == "images" and first == "images":
        return f"float32 ({count}, {', '.join(map(str, picture))}) in 0..1"
    return f"float32 ({count},)"


def _settings(config: ZooConfig) -> dict[str, Any]:
    """The hyperparameters of a config, with the defaults of its method."""
    parameters = inspect.signature(method_class(config.method)).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    return defaults | config.hyperparameters


def _images(config: ZooConfig, whole: bool) -> list[tuple[str, str]]:
    channels = config.backbone.options().get("channels", 3)
    given = _settings(config)
    rows = [
        ("items", "images (N, H, W), (N, H, W, 1) or (N, H, W, 3), or files and folders of them"),
        ("values", "integers 0..255 or floats 0..1"),
    ]
    if whole:
        return [*rows, ("size", "any; each image is enlarged as it is, with three channels")]
    size, share = config.image_size, given.get("share", 1.0)
    square = not isinstance(size, list)
    sides = size if isinstance(size, list) else [size, size]
    pixels = "its own size" if size is None else f"{sides[0]} x {sides[1]} px"
    crop = f"largest centered {'square' if square else 'rectangle of the shape'}"
    crop = f"{share:g} of both sides, then the {crop}" if share != 1 else crop
    resize = given.get("interpolation", "bilinear")
    mean, std = given.get("mean"), given.get("std")
    scale = f"(x - {_listed(mean)}) / {_listed(std)}, in the model" if mean and std else "0..1"
    gray = "gray images are repeated" if channels == 3 else "colors become luma"
    return [
        *rows,
        ("size", f"any; the model brings images to {pixels}"),
        ("crop", crop),
        ("resize", f"{resize}, with antialiasing"),
        ("channels", f"{channels}; {gray}"),
        ("normalization", scale),
    ]


def _listed(values: list[float]) -> str:
    return f"({', '.join(f'{value:g}' for value in values)})"


def _series(config: ZooConfig, whole: bool) -> list[tuple[str, str]]:
    options = {"steps": "T", "features": "F"} | config.backbone.options()
    shape = f"series (N, {options['steps']}, {options['features']})"
    return [("items", shape), ("values", SCALED)]


def _vectors(config: ZooConfig, whole: bool) -> list[tuple[str, str]]:
    length = _settings(config).get("features", "D")
    return [
        ("items", f"vectors (N, {length})"),
        ("values", "finite numbers, scaled as in training"),
    ]
