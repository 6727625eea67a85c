"""Build a compiled model from a name or a config."""

import inspect
from pathlib import Path
from typing import Any

import keras

from sslzoo import nn
from sslzoo.checks import check_call, local_path, one_of, refused, whole
from sslzoo.methods import method_class
from sslzoo.nn.transformer_layers import Attention
from sslzoo.training import ClosedForm, Method
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.recipe import Recipe
from sslzoo.zoo.registry import saved_kind
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.vgg19 import vgg19

# DINO's for a batch of 256 (facebookresearch/dino, main_dino.py)
TRANSFORMER_OPTIMIZER = {"name": "adamw", "learning_rate": 5e-4, "weight_decay": 0.04}


def build(
    method: str,
    backbone: Any = "resnet18",
    image_size: int | tuple[int, int] | None = None,
    seed: int = 0,
    optimizer: Any = None,
    **hyperparameters: Any,
) -> Method:
    """Build an untrained model. It is compiled, so `fit` works at once.

    Args:
        method: A name from `list_methods()`.
        backbone: A name as `sslzoo.nn.backbone` takes it, a dict with such a name and its options,
            or a Functional model. The model maps items (images in [0, 1]) to features (N, D).
            Methods without a network, such as TCA, ignore the default.
        image_size: Side of the images in pixels, for a named backbone. Default: 32. A ready network
            has its own size.
        seed: Random seed for weights, augmentation and the order of batches.
        optimizer: As in `compile`. Default: the method's own `recipe`. Its schedule is stretched
            over the steps of each `fit`. Contrastive methods have SGD with 5 % warm-up and a
            cosine, as lightly has for CIFAR-10. On a vision transformer AdamW takes the place of
            SGD.
        hyperparameters: Arguments of the method's constructor. A network can be `{"zoo": NAME}`, as
            in a config.

    Raises:
        ValueError: A name is unknown, a hyperparameter without a default is missing, or an argument
            does not apply to this method or network.

    Example:
        >>> import sslzoo
        >>> sslzoo.build("simclr", backbone="micro", image_size=8, temperature=0.1).temperature
        0.1
    """
    cls = method_class(method)
    seed = whole("seed", seed, 0, 2**31 - 1)
    if optimizer is not None:
        _refuse_optimizer(cls, method, optimizer)
    parameters = inspect.signature(cls).parameters
    arguments = _hyperparameters(cls, method, hyperparameters)
    if "backbone" in parameters:
        arguments["backbone"] = _backbone(backbone, image_size, seed)
    elif backbone not in ("resnet18", None):
        raise refused("backbone", backbone, f"be None for {method}, which has no network")
    elif image_size is not None:
        raise refused("image_size", image_size, f"be None for {method}, which has no network")
    model = cls(seed=seed, **arguments)
    if model.trainable_variables:
        model.compile(optimizer or Recipe(**_own_recipe(cls, arguments.get("backbone"))))
    return model


def _own_recipe(cls: type, backbone: keras.Model | None) -> dict:
    """The method's recipe; transformers do not learn by SGD."""
    layers = [] if backbone is None else backbone.layers
    attends = any(isinstance(layer, Attention) for layer in layers)
    if attends and cls.recipe["optimizer"]["name"] in ("sgd", "lars"):
        return cls.recipe | {"optimizer": TRANSFORMER_OPTIMIZER}
    return cls.recipe


def _refuse_optimizer(cls: type, method: str, given: Any) -> None:
    """Refuse an optimizer for what has nothing to train."""
    if issubclass(cls, ClosedForm):
        raise ValueError(
            f"optimizer: got {given!r}; needed none: {method} is solved at once, without one."
        )


def _hyperparameters(cls: type, method: str, given: dict) -> dict:
    """Those that are given and the method's own defaults, checked by name and type."""
    what, others = f"hyperparameter of {method}", ("backbone", "seed")
    allowed = [key for key in inspect.signature(cls).parameters if key not in others]
    for key in given:
        one_of(what, key, allowed)
    if next(iter(cls.defaults), None) not in given:
        given = cls.defaults | given
    arguments = {key: _network(key, value, True) for key, value in given.items()}
    parameters = check_call(cls, arguments, what, leave=others)
    missing = [k for k, p in parameters.items() if p.default is p.empty and k not in given]
    if missing:
        raise ValueError(
            f"{missing[0]}: {method} needs it and has no default; build({method!r}, ..., "
            f"{missing[0]}=...)."
        )
    return arguments


def _backbone(backbone: Any, image_size: Any, seed: int) -> keras.Model:
    """A network by name, with options, or as it is."""
    if isinstance(backbone, keras.Model):
        if image_size is not None:
            raise refused("image_size", image_size, "be None beside a network, which has its own")
        return backbone
    if backbone is None:
        raise refused("backbone", backbone, "be a network: this method needs one")
    options = {"name": backbone} if isinstance(backbone, str) else backbone
    if not isinstance(options, dict) or "name" not in options or "image_size" in options:
        needed = "be a Functional model, a name, or a dict of a name and options of the network"
        raise refused("backbone", backbone, needed)
    options = dict(options)
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
    _refuse_optimizer(cls, config.method, config.optimizer.name)
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
    for key in set(config.hyperparameters) & set(inspect.signature(build).parameters):
        raise refused(f"hyperparameters.{key}", config.hyperparameters[key], "stand one level up")
    arguments = {k: _network(k, v, pretrained) for k, v in config.hyperparameters.items()}
    if config.augment is not None:
        arguments["augment"] = config.augment
    backbone = None
    if config.backbone is not None:
        backbone = {"name": config.backbone.name, **config.backbone.options()}
        if not pretrained:
            backbone.pop("weights", None)  # of `keras:` and `keras_hub:` networks
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
            nn.widen(getattr(other, network), getattr(model, network), config.seed)
    return model


def _network(key: str, value: Any, pretrained: bool) -> Any:
    """A hyperparameter; `{zoo: NAME}` is the backbone of that entry, `{vgg19: PATH}` a VGG-19."""
    if isinstance(value, dict) and value.keys() == {"zoo"}:
        return load(value["zoo"], "default" if pretrained else None).backbone
    if isinstance(value, dict) and value.keys() == {"vgg19"}:
        return vgg19(f"hyperparameters.{key}.vgg19", value["vgg19"], pretrained)
    return value


def load(name: str | Path, weights: str | None = "default") -> Method:
    """Load a model of the zoo, or one that you saved. It is compiled, and ready for `encode`, `fit`
    and `export`.

    Args:
        name: A name from `list_models()`. Without its tag, a name means the default entry. Or what
            you saved: a folder that `sslzoo.save` wrote, the path of a config or of the folder of
            its run, a `.keras` file, a `.weights.h5` file, or the folder of an export. A run may
            still be training. Or what `sslzoo.push` wrote elsewhere: `hf://USER/NAME` or
            `hf://USER/NAME@REVISION` on the Hugging Face Hub (`pip install sslzoo[hub]`), or the
            `https://` address of a folder.
        weights: "default" for the weights that the model has, the path or URL of a weights file, or
            None for an untrained model. With None, networks that the config takes from other
            entries are untrained too. `sslzoo train` loads those before it trains.

    Raises:
        ValueError: The name is unknown, the weights are damaged or belong to another model, a saved
            model is given other weights than its own, or an address cannot be fetched.

    Example:
        >>> import sslzoo
        >>> model = sslzoo.load("simclr_resnet20.digits")
        >>> model.encode(sslzoo.data.load("digits").images[:2]).shape
        (2, 64)
    """
    from sslzoo.zoo import saved
    from sslzoo.zoo.cache import fetch_weights
    from sslzoo.zoo.weights import load_weights

    kind = saved_kind(name)
    if kind is not None:
        one_of("weights of a saved model", weights, ["default"])
        return saved.READERS[kind](name if kind == "remote" else local_path("model", name))
    entry = Entry.find(name)
    if weights == "default":
        entry = entry.with_run()
        if entry.run and entry.config.record is None:
            return saved.load_unfinished(entry)
    model = from_config(entry.config, pretrained=False)
    if weights == "default" and entry.config.checkpoint and entry.config.record is None:
        from sslzoo.zoo.imported import load_imported

        load_imported(entry, model)
    elif weights is not None:
        explicit = None if weights == "default" else weights
        record = entry.config.record and entry.config.record.weights
        path = fetch_weights(entry.name, record, explicit, entry.weights_folder)
        load_weights(model, path)
        if explicit is None:
            model.remember_origin(
                {
                    "name": entry.name,
                    "licence": entry.config.licence,
                    "sha256": record.sha256,
                    "commit": entry.config.record.commit,
                }
            )
    return model
