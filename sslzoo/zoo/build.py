"""From a name or a config to a compiled model."""

import inspect
from pathlib import Path

import keras

from sslzoo import nn, optim
from sslzoo.errors import unknown
from sslzoo.methods import method_class
from sslzoo.zoo.config import load_config


@keras.saving.register_keras_serializable("sslzoo")
class Recipe:
    """Optimiser and schedule, stretched over however many steps a `fit` has: total_steps ->
    optimizer.

    Args:
        optimizer: {"name", "learning_rate", ...}, as `sslzoo.optim.build` takes them.
        warmup_share: of the run, in 0..1, before a cosine.
        final: the learning rate at the end of the cosine.
        schedule: "cosine", "fixmatch" or "constant".
        groups: {regular expression of variable paths: an optimizer like the first}, for networks
        that have their own.
    """

    def __init__(self, optimizer, warmup_share=0.05, final=0.0, schedule="cosine", groups=None):
        self.optimizer, self.warmup_share, self.final = dict(optimizer), warmup_share, final
        self.schedule, self.groups = schedule, dict(groups or {})

    def __call__(self, total_steps):
        main = self._optimizer(self.optimizer, total_steps)
        if not self.groups:
            return main
        others = {
            paths: self._optimizer(settings, total_steps) for paths, settings in self.groups.items()
        }
        return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(main, others))

    def _optimizer(self, settings, total_steps):
        settings = dict(settings)
        rate = settings.pop("learning_rate")
        if self.schedule == "cosine":
            warmup = min(round(self.warmup_share * total_steps), total_steps - 1)
            rate = optim.WarmupCosine(rate, warmup, total_steps, self.final)
        elif self.schedule == "fixmatch":
            rate = optim.FixMatchCosine(rate, total_steps)
        return optim.build(settings.pop("name"), rate, **settings)

    def get_config(self):
        return {
            "optimizer": self.optimizer,
            "warmup_share": self.warmup_share,
            "final": self.final,
            "schedule": self.schedule,
            "groups": self.groups,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def build(method, backbone="resnet18", image_size=32, seed=0, optimizer=None, **hyperparameters):
    """An untrained, compiled model: `fit` works at once.

    Args:
        method: a name of `list_methods()`.
        backbone: a name of `sslzoo.nn.BACKBONES`, a dict of such a name and its options, or a
            Functional model from images in [0, 1] to features (N, D).
        image_size: pixels; for a Functional model its own.
        seed: of weights, augmentation and batch order.
        optimizer: as in `compile`. By default the method's own `recipe`, stretched over the steps
            of each `fit`: SGD with 5 % warm-up and a cosine for contrastive methods (lightly's for
            CIFAR-10), Adam for both players of SRGAN, ...
        hyperparameters: of the method's constructor. Networks among them also as in a config,
            `{"zoo": NAME}`.

    Raises:
        ValueError: unknown method, backbone or hyperparameter, naming the nearest; a hyperparameter
        that has no default.
    """
    cls = method_class(method)
    allowed = {
        k: p for k, p in inspect.signature(cls).parameters.items() if k not in ("backbone", "seed")
    }
    for key in hyperparameters:
        if key not in allowed:
            raise ValueError(unknown(f"hyperparameter of {method}", key, allowed))
    if next(iter(cls.defaults), None) not in hyperparameters:
        hyperparameters = cls.defaults | hyperparameters
    if missing := [
        k for k, p in allowed.items() if p.default is p.empty and k not in hyperparameters
    ]:
        raise ValueError(
            f"{missing[0]}: {method} needs it and has no default; build({method!r}, ..., "
            f"{missing[0]}=...)."
        )
    hyperparameters = {
        key: _hyperparameter(key, value, pretrained=True) for key, value in hyperparameters.items()
    }
    if not isinstance(backbone, keras.Model):
        options = {"name": backbone} if isinstance(backbone, str) else dict(backbone)
        backbone = nn.backbone(options.pop("name"), image_size, **{"seed": seed} | options)
    model = cls(backbone, seed=seed, **hyperparameters)
    model.compile(optimizer or Recipe(**cls.recipe))
    return model


def recipe(config):
    """The `Recipe` of a zoo entry."""
    warmup = (config.schedule.warmup_epochs or 0) / config.epochs
    paths = method_class(config.method).optimizer_groups
    for group in config.optimizers:
        if group not in paths:
            raise ValueError(unknown(f"group of optimizers of {config.method}", group, paths))
    groups = {paths[group]: settings.model_dump() for group, settings in config.optimizers.items()}
    return Recipe(
        config.optimizer.model_dump(), warmup, config.schedule.final, config.schedule.name, groups
    )


def from_config(config, pretrained=True):
    """The compiled model of a zoo entry before its training.

    pretrained: whether what the config takes from elsewhere (`{zoo: NAME}` and `{vgg19: PATH}`
        among its hyperparameters, `initial`) has its weights, which training needs. If not it is
        untrained: the shapes alone, for weights that follow.
    """
    hyperparameters = {
        key: _hyperparameter(key, value, pretrained)
        for key, value in config.hyperparameters.items()
    }
    if config.augment is not None:
        hyperparameters["augment"] = config.augment
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.precision)
    try:
        model = build(
            config.method,
            {"name": config.backbone.name, **config.backbone.options()},
            config.image_size,
            seed=config.seed,
            optimizer=recipe(config),
            **hyperparameters,
        )
    finally:
        keras.config.set_dtype_policy(before)
    if config.initial is not None and pretrained:
        other = load(config.initial.model)
        for network in config.initial.networks:
            getattr(model, network).set_weights(getattr(other, network).get_weights())
    return model


def _hyperparameter(key, value, pretrained):
    """`{zoo: NAME}` is the backbone of that entry, `{vgg19: PATH}` is `nn.vgg19_features(PATH)`."""
    if isinstance(value, dict) and value.keys() == {"zoo"}:
        return load(value["zoo"], "default" if pretrained else None).backbone
    if isinstance(value, dict) and value.keys() == {"vgg19"}:
        return nn.vgg19_features(_vgg19_weights(key, value["vgg19"]) if pretrained else None)
    return value


def _vgg19_weights(key, source):
    if source == "imagenet":
        return source
    path = Path(str(source)).expanduser()
    if not path.is_file():
        needed = (
            "an existing file of VGG-19's weights without top, or imagenet (a download), is needed"
        )
        raise FileNotFoundError(f"hyperparameters.{key}.vgg19 is {source!r}, {needed}.")
    return str(path)


def load(name, weights="default"):
    """A model of the zoo, compiled with its recipe: ready for `encode`, `fit` and `export`.

    Args:
        name: as `list_models()` has it; without its tag, the default entry of that name; or the
        path of a config.
        weights: "default" (those that the config's record names), a path or URL of a weights file,
            or None: untrained, and so is every network that the config takes from elsewhere. A GAN
            whose content network is untrained learns nothing
            by `fit`: `sslzoo train` is what puts the other entries' weights in.

    Raises:
        ValueError: unknown name (naming the nearest); weights that are corrupt or of another model.
    """
    from sslzoo.zoo.cache import fetch_weights
    from sslzoo.zoo.registry import entry_name, resolve, weights_folder
    from sslzoo.zoo.weights import load_weights

    path = resolve(name)
    config = load_config(path)
    model = from_config(config, pretrained=False)
    if weights is not None:
        explicit = None if weights == "default" else weights
        record = config.record and config.record.weights
        load_weights(model, fetch_weights(entry_name(path), record, explicit, weights_folder(path)))
    return model
