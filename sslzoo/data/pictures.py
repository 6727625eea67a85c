"""Pictures of unequal sizes."""

import numpy as np

from sslzoo.checks import check_images


class Pictures:
    """Pictures of any sizes, in memory: a sequence of uint8 RGB arrays (H, W, 3), each with a name.

    images: a sequence of integers 0..255, (H, W), (H, W, 1) or (H, W, 3); grey is repeated.
    names: one for each, no two alike, for records and errors; by default their numbers.
    name, split: where they came from, as in `Dataset`.
    Raises ValueError, naming the picture: empty, of two or four channels, not of integers, of
    another's name.
    """

    def __init__(self, images, names=None, name="arrays", split="train"):
        names = [str(number) for number in range(len(images))] if names is None else list(names)
        if not len(images) or len(names) != len(images):
            raise ValueError(
                f"pictures: got {len(images)} and {len(names)} names; need at least one, and a "
                "name for each."
            )
        if len(set(names)) < len(names):
            repeated = next(known for known in names if names.count(known) > 1)
            raise ValueError(
                f"pictures: {names.count(repeated)} have the name {repeated!r}; each needs one "
                "of its own."
            )
        self.images = [
            _rgb(image, f"picture {known}") for image, known in zip(images, names, strict=True)
        ]
        self.names = names
        self.name = name
        self.split = split

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]

    def __repr__(self):
        return f"Pictures({self.name!r}, {self.split!r}, {len(self)} pictures)"


def _rgb(image, name):
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3:
        raise ValueError(f"{name}: need shape (H, W) or (H, W, C), got {image.shape}.")
    if image.dtype.kind not in "ui":
        raise ValueError(f"{name}: need integers in 0..255, got {image.dtype}.")
    image = check_images(image[None], name)[0]
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
