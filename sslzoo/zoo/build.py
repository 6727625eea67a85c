"""From a name or a config to a compiled model."""

import inspect

import keras

from sslzoo import nn, optim
from sslzoo.errors import unknown
from sslzoo.methods import method_class
from sslzoo.zoo.config import load_config


class Recipe:
    """The optimiser and schedule of an entry, stretched over however many steps a `fit` has: total_steps -> optimizer.

    The warm-up keeps its share of the run.
    """

    def __init__(self, optimizer, schedule, epochs):
        self.optimizer = optimizer
        self.warmup_share = schedule.warmup_epochs / epochs
        self.final = schedule.final

    def __call__(self, total_steps):
        settings = self.optimizer.model_dump(exclude={"name", "learning_rate"})
        warmup = min(round(self.warmup_share * total_steps), total_steps - 1)
        rate = optim.WarmupCosine(self.optimizer.learning_rate, warmup, total_steps, self.final)
        return optim.build(self.optimizer.name, rate, **settings)


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
    model.compile(optimizer or default_optimizer)
    return model


def default_optimizer(total_steps):
    rate = optim.WarmupCosine(0.12, min(round(0.05 * total_steps), total_steps - 1), total_steps)
    return optim.build("sgd", rate, momentum=0.9, weight_decay=5e-4)


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
            optimizer=Recipe(config.optimizer, config.schedule, config.epochs),
            **hyperparameters,
        )
    finally:
        keras.config.set_dtype_policy(before)


def load(name, weights="default"):
    """A model of the zoo, compiled with its recipe: ready for `encode`, `fit` and `export`.

    Args:
        name: as `list_models()` has it; without its tag, the default entry of that name.
        weights: "default" (the published ones), None (untrained), or a path or URL of a weights file.

    Raises:
        ValueError: unknown name (naming the nearest); weights that are corrupt or of another model.
    """
    from sslzoo.zoo.cache import fetch_weights
    from sslzoo.zoo.registry import resolve
    from sslzoo.zoo.weights import load_weights

    path = resolve(name)
    config = load_config(path)
    model = from_config(config)
    if weights is not None:
        explicit = None if weights == "default" else weights
        if explicit is None and config.record is None:
            raise ValueError(
                f"weights: {path.stem} has none published yet; use weights=None, or train it: sslzoo train {path.stem}"
            )
        load_weights(model, fetch_weights(path.stem, config.record and config.record.weights, explicit=explicit))
    return model
