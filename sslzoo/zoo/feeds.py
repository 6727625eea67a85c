"""The data of a zoo entry: for training, drawn as its config says, and for a protocol of
evaluation.
"""

from sslzoo import data
from sslzoo.zoo.sets import load_sets


def training_feed(config):
    """What `fit` takes: the data set itself, or the stream of the config's sampler."""
    if config.sampler is None:
        return load_sets([config.data], config.image_size)[0]
    settings = config.sampler.model_dump(exclude={"name"})
    return _SAMPLERS[config.sampler.name](config, settings)


def evaluation_sets(protocol, sources, image_size):
    """The data sets of a protocol: images of one size, but whole pictures for super-resolution."""
    if protocol == "super_resolution":
        return [data.pictures(source.name, source.split) for source in sources]
    return load_sets(sources, image_size)


def _paired(config, settings):
    (dataset,) = load_sets([config.data], config.image_size)
    draw = settings.pop("seed")
    return data.Paired(
        dataset, batch_size=config.batch_size, seed=config.seed, draw=draw, **settings
    )


def _class_balanced(config, settings):
    (dataset,) = load_sets([config.data], config.image_size)
    return data.ClassBalanced(dataset, seed=config.seed, **settings)


def _crops(config, settings):
    source = config.data
    pictures = data.pictures(
        source.name, source.split, smallest=config.sampler.size, on_error=source.on_error
    )
    return data.Crops(pictures, batch_size=config.batch_size, seed=config.seed, **settings)


_SAMPLERS = {"paired": _paired, "class_balanced": _class_balanced, "crops": _crops}
