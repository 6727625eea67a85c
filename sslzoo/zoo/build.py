"""From a name or a config to a compiled model."""

import inspect

import keras

from sslzoo import nn, optim
from sslzoo.errors import unknown
from sslzoo.methods import method_class
from sslzoo.zoo.config import load_config


@keras.saving.register_keras_serializable("sslzoo")
class Recipe:
    """Optimiser and schedule, stretched over however many steps a `fit` has: total_steps -> optimizer.

    Args:
        optimizer: {"name", "learning_rate", ...}, as `sslzoo.optim.build` takes them.
        warmup_share: of the run, in 0..1.
        final: the learning rate at the end of the cosine.
    """

    def __init__(self, optimizer, warmup_share=0.05, final=0.0):
        self.optimizer, self.warmup_share, self.final = dict(optimizer), warmup_share, final

    def __call__(self, total_steps):
        settings = dict(self.optimizer)
        warmup = min(round(self.warmup_share * total_steps), total_steps - 1)
        rate = optim.WarmupCosine(settings.pop("learning_rate"), warmup, total_steps, self.final)
        return optim.build(settings.pop("name"), rate, **settings)

    def get_config(self):
        return {"optimizer": self.optimizer, "warmup_share": self.warmup_share, "final": self.final}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


# lightly's CIFAR-10 recipe at batch 256: 0.06 per 128 images.
DEFAULT = Recipe({"name": "sgd", "learning_rate": 0.12, "momentum": 0.9, "weight_decay": 5e-4})


def build(method, backbone="resnet18", image_size=32, seed=0, optimizer=None, **hyperparameters):
    """An untrained, compiled model: `fit` works at once.

    Args:
        method: a name of `list_methods()`.
        backbone: a name of `sslzoo.nn.BACKBONES`, a dict of such a name and its options, or a Functional model from
            images in [0, 1] to features (N, D).
        image_size: pixels; for a Functional model its own.
        seed: of weights, augmentation and batch order.
        optimizer: as in `compile`. By default SGD with momentum .9, learning rate .06 per 128 images of a batch of 256
            (lightly's CIFAR-10 recipe), 5 % warm-up and a cosine over the steps of each `fit`.
        hyperparameters: of the method's constructor.

    Raises:
        ValueError: unknown method, backbone or hyperparameter, naming the nearest.
    """
    cls = method_class(method)
    allowed = [p for p in inspect.signature(cls).parameters if p not in ("backbone", "seed")]
    for key in hyperparameters:
        if key not in allowed:
            raise ValueError(unknown(f"hyperparameter of {method}", key, allowed))
    if not isinstance(backbone, keras.Model):
        options = {"name": backbone} if isinstance(backbone, str) else dict(backbone)
        backbone = nn.backbone(options.pop("name"), image_size, **{"seed": seed} | options)
    model = cls(backbone, seed=seed, **hyperparameters)
    model.compile(optimizer or DEFAULT)
    return model


def recipe(config):
    """The `Recipe` of a zoo entry."""
    warmup = (config.schedule.warmup_epochs or 0) / config.epochs
    return Recipe(config.optimizer.model_dump(), warmup, config.schedule.final)


def from_config(config):
    """The untrained, compiled model of a zoo entry."""
    hyperparameters = dict(config.hyperparameters)
    if config.augment is not None:
        hyperparameters["augment"] = config.augment
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.precision)
    try:
        return build(
            config.method,
            {"name": config.backbone.name, **config.backbone.options()},
            config.image_size,
            seed=config.seed,
            optimizer=recipe(config),
            **hyperparameters,
        )
    finally:
        keras.config.set_dtype_policy(before)


def load(name, weights="default"):
    """A model of the zoo, compiled with its recipe: ready for `encode`, `fit` and `export`.

    Args:
        name: as `list_models()` has it; without its tag, the default entry of that name; or the path of a config.
        weights: "default" (those that the config's record names), None (untrained), or a path or URL of a weights file.

    Raises:
        ValueError: unknown name (naming the nearest); weights that are corrupt or of another model.
    """
    from sslzoo.zoo.cache import fetch_weights
    from sslzoo.zoo.registry import entry_name, resolve, weights_folder
    from sslzoo.zoo.weights import load_weights

    path = resolve(name)
    config = load_config(path)
    model = from_config(config)
    if weights is not None:
        explicit = None if weights == "default" else weights
        record = config.record and config.record.weights
        load_weights(model, fetch_weights(entry_name(path), record, explicit, weights_folder(path)))
    return model
