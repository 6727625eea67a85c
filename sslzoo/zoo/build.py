"""From a name or a config to a compiled model."""

import inspect
from pathlib import Path
from typing import Any

import keras

from sslzoo import nn
from sslzoo.checks import one_of, refused
from sslzoo.methods import method_class
from sslzoo.nn import ema
from sslzoo.training import ClosedForm, Method
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.recipe import Recipe
from sslzoo.zoo.schema import ZooConfig


def build(
    method: str,
    backbone: Any = "resnet18",
    image_size: int | tuple[int, int] | None = None,
    seed: int = 0,
    optimizer: Any = None,
    **hyperparameters: Any,
) -> Method:
    """An untrained, compiled model: `fit` works at once.

    Args:
        method: a name of `list_methods()`.
        backbone: a name of `sslzoo.nn.BACKBONES`, a dict of such a name and its options, or a
            Functional model from items (images in [0, 1]) to features (N, D). Methods without a
            network, such as TCA, ignore the default.
        image_size: pixels, for a named backbone of images; None: 32.
        seed: of weights, augmentation and batch order.
        optimizer: as in `compile`. By default the method's own `recipe`, stretched over the steps
            of each `fit`: SGD with 5 % warm-up and a cosine for contrastive methods (lightly's for
            CIFAR-10), Adam for both players of SRGAN, ...
        hyperparameters: of the method's constructor. Networks among them also as in a config,
            `{"zoo": NAME}`.

    Raises:
        ValueError: unknown method, backbone or hyperparameter, naming the nearest; a hyperparameter
            that has no default; a backbone or an optimizer for a method that has none.

    Example:
        >>> import sslzoo
        >>> sslzoo.build("simclr", backbone="micro", image_size=8, temperature=0.1).temperature
        0.1
    """
    cls = method_class(method)
    if optimizer is not None:
        _needs_optimizer(cls, method, optimizer)
    parameters = inspect.signature(cls).parameters
    hyperparameters = _hyperparameters(cls, method, hyperparameters)
    arguments = {key: _network(key, value, True) for key, value in hyperparameters.items()}
    if "backbone" in parameters:
        arguments["backbone"] = _backbone(backbone, image_size, seed)
    elif backbone not in ("resnet18", None):
        raise refused("backbone", backbone, f"be None for {method}, which has no network")
    model = cls(seed=seed, **arguments)
    if model.trainable_variables:
        model.compile(optimizer or Recipe(**cls.recipe))
    return model


def _needs_optimizer(cls: type, method: str, given: Any) -> None:
    """ValueError where `given` has nothing to train."""
    if issubclass(cls, ClosedForm):
        raise ValueError(
            f"optimizer: got {given!r}; needed none: {method} is solved at once, without one."
        )


def _hyperparameters(cls: type, method: str, given: dict) -> dict:
    """Those that are given and the method's own defaults, checked by name."""
    allowed = inspect.signature(cls).parameters
    allowed = {k: p for k, p in allowed.items() if k not in ("backbone", "seed")}
    for key in given:
        one_of(f"hyperparameter of {method}", key, allowed)
    if next(iter(cls.defaults), None) not in given:
        given = cls.defaults | given
    missing = [k for k, p in allowed.items() if p.default is p.empty and k not in given]
    if missing:
        raise ValueError(
            f"{missing[0]}: {method} needs it and has no default; build({method!r}, ..., "
            f"{missing[0]}=...)."
        )
    return given


def _backbone(backbone: Any, image_size: Any, seed: int) -> keras.Model:
    """A network by name, with options, or as it is."""
    if isinstance(backbone, keras.Model):
        return backbone
    if backbone is None:
        raise refused("backbone", backbone, "be a network: this method needs one")
    options = {"name": backbone} if isinstance(backbone, str) else dict(backbone)
    return nn.backbone(options.pop("name"), image_size, **{"seed": seed} | options)


def recipe(config: ZooConfig) -> Recipe | None:
    """The `Recipe` of a zoo entry; None of a method without an optimizer.

    Raises:
        ValueError: an optimizer for a method or a group of networks that has none.

    Example:
        >>> import sslzoo
        >>> recipe(sslzoo.info("simclr_resnet20.digits").config).schedule
        'cosine'
    """
    if config.optimizer is None:
        return None
    cls = method_class(config.method)
    _needs_optimizer(cls, config.method, config.optimizer.name)
    paths = cls.optimizer_groups
    if config.optimizers and not paths:
        groups = ", ".join(config.optimizers)
        raise ValueError(
            f"optimizers: got {groups}; needed none: {config.method} has no groups of networks, "
            "`optimizer` is for all of it."
        )
    for group in config.optimizers:
        one_of(f"group of optimizers of {config.method}", group, paths)
    groups = {paths[group]: optimizer.settings() for group, optimizer in config.optimizers.items()}
    schedule = config.schedule
    return Recipe(
        config.optimizer.settings(),
        schedule.warmup_epochs / config.epochs,
        schedule.final,
        schedule.name,
        [epoch / config.epochs for epoch in schedule.milestones],
        schedule.factor,
        schedule.power,
        groups,
    )


def from_config(config: ZooConfig, pretrained: bool = True) -> Method:
    """The compiled model of a zoo entry before its training.

    Args:
        config: of the entry.
        pretrained: whether what the config takes from elsewhere (`{zoo: NAME}` and `{vgg19: PATH}`
            among its hyperparameters, `initial`) has its weights, which training needs. If not it
            is untrained: the shapes alone, for weights that follow.

    Example:
        >>> import sslzoo
        >>> from_config(sslzoo.info("simclr_resnet20.digits").config).backbone.name
        'resnet20'
    """
    optimizer = recipe(config)  # refused before anything is built
    arguments = {k: _network(k, v, pretrained) for k, v in config.hyperparameters.items()}
    if config.augment is not None:
        arguments["augment"] = config.augment
    backbone = None
    if config.backbone is not None:
        backbone = {"name": config.backbone.name, **config.backbone.options()}
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.precision)
    try:
        model = build(
            config.method,
            backbone,
            config.image_size,
            seed=config.seed,
            optimizer=optimizer,
            **arguments,
        )
    finally:
        keras.config.set_dtype_policy(before)
    if config.initial is not None and pretrained:
        other = load(config.initial.model)
        for network in config.initial.networks:
            ema.copy(getattr(other, network), getattr(model, network))
    return model


def _network(key: str, value: Any, pretrained: bool) -> Any:
    """A hyperparameter; `{zoo: NAME}` is the backbone of that entry, `{vgg19: PATH}` is
    `nn.vgg19_features(PATH)`.
    """
    if isinstance(value, dict) and value.keys() == {"zoo"}:
        return load(value["zoo"], "default" if pretrained else None).backbone
    if isinstance(value, dict) and value.keys() == {"vgg19"}:
        return nn.vgg19_features(_vgg19_weights(key, value["vgg19"]) if pretrained else None)
    return value


def _vgg19_weights(key: str, source: Any) -> str:
    if source == "imagenet":
        return source
    path = Path(str(source)).expanduser()
    if not path.is_file():
        needed = "be an existing file of VGG-19's weights without top, or imagenet (a download)"
        name = f"hyperparameters.{key}.vgg19"
        raise FileNotFoundError(str(refused(name, repr(source), needed)))
    return str(path)


def load(name: str, weights: str | None = "default") -> Method:
    """A model of the zoo, compiled with its recipe: ready for `encode`, `fit` and `export`.

    Args:
        name: as `list_models()` has it; without its tag, the default entry of that name; or the
            path of a config.
        weights: "default" (those that the config's record names), a path or URL of a weights file,
            or None: untrained, and so is every network that the config takes from elsewhere. A GAN
            whose content network is untrained learns nothing by `fit`: `sslzoo train` is what puts
            the other entries' weights in.

    Raises:
        ValueError: unknown name (naming the nearest); weights that are corrupt or of another model.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.load("simclr_resnet20.digits")
        >>> model.encode(sslzoo.data.load("digits").images[:2]).shape
        (2, 64)
    """
    from sslzoo.zoo.cache import fetch_weights
    from sslzoo.zoo.weights import load_weights

    entry = Entry.find(name)
    model = from_config(entry.config, pretrained=False)
    if weights is not None:
        explicit = None if weights == "default" else weights
        record = entry.config.record and entry.config.record.weights
        path = fetch_weights(entry.name, record, explicit, entry.weights_folder)
        load_weights(model, path)
    return model
