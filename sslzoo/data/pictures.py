"""Pictures of different sizes."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sslzoo.checks import check_images, refused


class Pictures:
    """Pictures of any size, in memory. It is a sequence of uint8 RGB arrays (H, W, 3) with names.

    Args:
        images: A sequence of arrays (H, W), (H, W, 1) or (H, W, 3) with integers 0..255. Gray
            becomes RGB.
        names: A different name for each, for records and errors. Default: their numbers.
        name, split: The origin of the data, as in `Dataset`.

    Raises:
        ValueError: naming the picture: empty, of two or four channels, not of integers, of
            another's name.

    >>> Pictures([np.zeros((4, 6), "uint8")], ["black"])[0].shape
    (4, 6, 3)
    """

    def __init__(
        self,
        images: Sequence[ArrayLike],
        names: Iterable[str] | None = None,
        name: str = "arrays",
        split: str = "train",
    ) -> None:
        names = [str(number) for number in range(len(images))] if names is None else list(names)
        if not len(images) or len(names) != len(images):
            got = f"{len(images)} and {len(names)} names"
            raise refused("pictures", got, "be at least one, with a name for each")
        if len(set(names)) < len(names):
            repeated = next(known for known in names if names.count(known) > 1)
            got = f"{names.count(repeated)} of the name {repeated!r}"
            raise refused("pictures", got, "have a name of its own for each")
        self.images = [
            _rgb(image, f"picture {known}") for image, known in zip(images, names, strict=True)
        ]
        self.names = names
        self.name = name
        self.split = split

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        return self.images[index]

    def __repr__(self) -> str:
        return f"Pictures({self.name!r}, {self.split!r}, {len(self)} pictures)"


def _rgb(image, name):
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3:
        raise refused(name, f"shape {image.shape}", "be (H, W) or (H, W, C)")
    if image.dtype.kind not in "ui":
        raise refused(name, f"{image.dtype} values", "hold integers in 0..255")
    image = check_images(image[None], name)[0]
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
