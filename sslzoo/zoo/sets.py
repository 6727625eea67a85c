"""The data sets that a config names, for a model of its image size."""

from sslzoo import data
from sslzoo.data.image_files import ImageSizeNeeded


def load_sets(sources, image_size):
    """The `Dataset` of each `Source`, those of one call in one size.

    They come as they are stored. Where that cannot be, because the images of one of them differ in
    size or exceed the memory limit of `sslzoo.data` (1 GiB), all of them come with the shorter side
    resized and the centre square cut to `image_size`. A source with an `image_size` of its own
    always comes in that: for photographs about 1.15 times the model's leaves the random crops of
    training some detail.
    """
    try:
        return [_load(source, source.image_size) for source in sources]
    except ImageSizeNeeded:
        return [_load(source, source.image_size or image_size) for source in sources]


def _load(source, image_size):
    return data.load(
        source.name, split=source.split, image_size=image_size, on_error=source.on_error
    )
