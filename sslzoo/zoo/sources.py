"""The data of a zoo entry: for training, drawn as its config says, and for its evaluations."""

import functools
from collections.abc import Iterable
from typing import Any

from sslzoo import data
from sslzoo.data import streams
from sslzoo.data.image_files import ImageSizeNeeded
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.strict import Source


def load_sets(sources: Iterable[Source], image_size: Any = None) -> list[data.Dataset]:
    """The `Dataset` of each `Source`, those of one call in one size.

    They come as they are stored. Where that cannot be, because the images of one of them differ in
    size or exceed the memory limit of `sslzoo.data` (1 GiB), all of them come with the shorter side
    resized and the center square cut to `image_size`. A source with an `image_size` of its own
    always comes in that: for photographs about 1.15 times the model's leaves the random crops of
    training some detail.

    Example:
        >>> from sslzoo.zoo.strict import Source
        >>> len(load_sets([Source(name="digits", split="test")])[0])
        500
    """
    sources = list(sources)
    try:
        return [_load(source, source.image_size) for source in sources]
    except ImageSizeNeeded:
        if image_size is None:
            raise
        size = image_size if isinstance(image_size, int) else max(image_size)
        return [_load(source, source.image_size or size) for source in sources]


def training_data(config: ZooConfig) -> Any:
    """What `learn` takes: a data set, the stream of the config's sampler, tasks in sequence, or a
    data set for each role.

    Example:
        >>> import sslzoo
        >>> len(training_data(sslzoo.info("simclr_resnet20.digits").config))
        1297
    """
    sources = config.sources()
    if config.tasks is not None:
        train, test = load_sets([sources["train"], config.tasks.test], config.image_size)
        return data.TaskStream(train, test, config.tasks.count, config.tasks.seed)
    if config.sampler is None:
        sets = load_sets(sources.values(), config.image_size)
    else:
        sets = [_sampled(config, source) for source in sources.values()]
    if isinstance(config.data, dict):
        return dict(zip(sources, sets, strict=True))
    return sets[0]


def evaluation_sets(protocol: str, roles: Iterable, image_size: Any = None) -> list:
    """The data of a protocol, a `Dataset` for each role or {name: Dataset} where it takes several:
    images of one size, but whole pictures for super-resolution.

    Example:
        >>> from sslzoo.zoo.strict import Source
        >>> sets = evaluation_sets("accuracy", [Source(name="digits", split="test")])
        >>> len(sets[0])
        500
    """
    roles = list(roles)
    if protocol == "super_resolution":
        return [data.pictures(source.name, source.split) for source in roles]
    sources = []
    for role in roles:
        sources += role.values() if isinstance(role, dict) else [role]
    loaded = iter(load_sets(sources, image_size))  # all in one size
    sets = []
    for role in roles:
        if isinstance(role, dict):
            sets.append({name: next(loaded) for name in role})
        else:
            sets.append(next(loaded))
    return sets


def _sampled(config: ZooConfig, source: Source) -> streams.Endless:
    """The stream of the config's sampler over one source."""
    name, settings = config.sampler.name, config.sampler.settings()
    read = functools.partial(streams.find(name).read, source.name, source.split)
    try:
        rows = read(image_size=source.image_size, on_error=source.on_error, **settings)
    except ImageSizeNeeded:
        rows = read(image_size=config.image_size, on_error=source.on_error, **settings)
    return streams.build(name, rows, config.batch_size or 1, seed=config.seed, **settings)


def _load(source: Source, image_size: int | None) -> data.Dataset:
    return data.load(
        source.name, split=source.split, image_size=image_size, on_error=source.on_error
    )
