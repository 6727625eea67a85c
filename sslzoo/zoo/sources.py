"""The data of a zoo entry: for training, drawn as its config says, and for its evaluations."""

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np

from sslzoo import data
from sslzoo.checks import refused
from sslzoo.data import streams
from sslzoo.data.image_files import ImageSizeNeeded
from sslzoo.evaluate import protocols
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.strict import Source

MAP_SIZE = 320  # pixels of images of several sizes for protocols on maps, their default `longest`


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
        return [_load(source, source.image_size or _side(image_size)) for source in sources]


def training_data(config: ZooConfig) -> Any:
    """What `learn` takes: a data set, the stream of the config's sampler, tasks in sequence, or a
    data set for each role. Roles of the sampler, such as labeled and unlabeled, are one stream. A
    list of sources is one data set.

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
    elif sources.keys() == set(streams.find(config.sampler.name).roles):
        return _sampled(config, sources)
    else:
        sets = [_sampled(config, {"train": source}) for source in sources.values()]
    if isinstance(config.data, dict):
        return dict(zip(sources, sets, strict=True))
    return mixed(sets) if isinstance(config.data, list) else sets[0]


def mixed(sets: list[data.Dataset]) -> data.Dataset:
    """The images of several data sets as one, without their labels, which mean different classes.

    Raises ValueError where they are no images in memory of one size and one number of channels.

    Example:
        >>> digits = data.load("digits", "test")
        >>> mixed([digits, digits])
        Dataset('digits + digits', 'test + test', images (1000, 8, 8) uint8)
    """
    first = sets[0]
    for one in sets:
        if one.field != "images" or not isinstance(one.images, np.ndarray):
            came = "a folder too large for memory" if one.field == "images" else one.field
            raise refused("data", f"{came} for {one.name}", "be images in memory, to be mixed")
        if one.images.shape[1:] != first.images.shape[1:] or one.images.dtype != first.images.dtype:
            got = " and ".join(f"{_kind(each)} of {each.name}" for each in (first, one))
            raise refused("data", got, "have one shape; image_size of each set gives its size")
    names = {key: " + ".join(getattr(one, key) for one in sets) for key in ("name", "split")}
    return data.Dataset(np.concatenate([one.images for one in sets]), **names)


def _kind(one):
    return f"{one.images.dtype} images {one.images.shape[1:]}"


def evaluation_sets(protocol: str, roles: Iterable, image_size: Any = None) -> list:
    """The data of a protocol, a `Dataset` for each role or {name: Dataset} where it takes several:
    images of one size, or whole pictures where the protocol says so.

    Example:
        >>> from sslzoo.zoo.strict import Source
        >>> sets = evaluation_sets("accuracy", [Source(name="digits", split="test")])
        >>> len(sets[0])
        500
    """
    roles = list(roles)
    if protocols.data(protocol) == "pictures":
        return [
            data.pictures(source.name, source.split, on_error=source.on_error) for source in roles
        ]
    if protocols.data(protocol) == "maps":
        image_size = MAP_SIZE
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


def names_of(roles: Iterable) -> list[str]:
    """The data sets of a protocol's roles.

    Example:
        >>> from sslzoo.zoo.sources import names_of
        >>> from sslzoo.zoo.strict import Source
        >>> names_of([{"Set5": Source(name="Set5", split="test")}])
        ['Set5']
    """
    groups = [role.values() if isinstance(role, dict) else [role] for role in roles]
    return [source.name for group in groups for source in group]


def all_names(config: ZooConfig) -> list[str]:
    """The data sets that training and evaluating a config needs.

    Example:
        >>> import sslzoo
        >>> from sslzoo.zoo.sources import all_names
        >>> set(all_names(sslzoo.info("simclr_resnet20.digits").config))
        {'digits'}
    """
    roles = list(config.sources().values())
    if config.tasks is not None:
        roles.append(config.tasks.test)
    for evaluation in config.evaluate:
        roles += evaluation.sources()
    return names_of(roles)


def with_options(roles: Iterable, **options: Any) -> list:
    """The roles of a protocol, whose sources have other options; those that are None stay.

    Example:
        >>> from sslzoo.zoo.sources import with_options
        >>> from sslzoo.zoo.strict import Source
        >>> with_options([Source(name="photos", split="test")], on_error="skip")[0].on_error
        'skip'
    """
    change = {key: value for key, value in options.items() if value is not None}
    return [
        {name: source.model_copy(update=change) for name, source in role.items()}
        if isinstance(role, dict)
        else role.model_copy(update=change)
        for role in roles
    ]


def _sampled(config: ZooConfig, sources: dict[str, Source]) -> streams.Endless:
    """The stream of the config's sampler over one source, or over those of its roles."""
    name, settings = config.sampler.name, config.sampler.settings()
    sampler = streams.find(name)
    rows = {role: _read(sampler, config, sources[role]) for role in sources}
    dataset = rows.pop(next(iter(sampler.roles if len(rows) > 1 else rows)))
    size = config.batch_size or 1  # the schema asks for it where the sampler takes one
    stream = streams.build(name, dataset, size, seed=config.seed, **settings, **rows)
    if config.batch_size and not config.sampler.takes_batch_size() and size != stream.batch_size:
        needed = f"be {stream.batch_size}, as {name} draws them, or left out"
        raise refused("batch_size", size, needed)
    return stream


def _read(sampler: type, config: ZooConfig, source: Source) -> Any:
    """The rows of one source, as a sampler takes them."""
    read = functools.partial(sampler.read, source.name, source.split)
    options = source.options()
    try:
        return read(settings=config.sampler.settings(), **options)
    except ImageSizeNeeded:
        if config.image_size is None:
            raise
        options["image_size"] = _side(config.image_size)
        return read(settings=config.sampler.settings(), **options)


def _side(image_size: int | list) -> int:
    """Pixels of the square that images of an image size are cut from."""
    return image_size if isinstance(image_size, int) else max(image_size)


def _load(source: Source, image_size: int | None) -> data.Dataset:
    return data.load(source.name, source.split, **source.options() | {"image_size": image_size})
