"""Random crops of pictures of different sizes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import refused, whole
from sslzoo.data.endless import Endless
from sslzoo.data.pictures import Pictures
from sslzoo.data.sources import pictures as read_pictures


class Crops(Endless):
    """Square crops for `fit(crops, epochs=...)`, as super-resolution is trained on them.

    Each crop of a batch is of another picture while there are enough of them (Ledig et al. 2017,
    section 3.2: "16 random 96 x 96 HR sub images of distinct training images"), from a place that
    is uniform over the picture. Batch k of an epoch is drawn by np.random.default_rng((seed, epoch,
    k)). An epoch is a number of steps, not a pass over the data.

    Flips and turns are views of an image, drawn by the model on the device. Places are drawn here,
    since pictures of unequal sizes are no batch.

    Args:
        pictures: A `Pictures`, or a sequence of arrays that it accepts.
        size: Side of a crop in pixels.
        batch_size, steps_per_epoch, seed, start: As for `Endless`.

    Items: {"images": uint8 (batch_size, size, size, 3), "index": int64, the number of the picture}.

    Raises:
        ValueError: `size` is below 1, or a picture is smaller than the crop. The error names the
            picture.

    >>> crops = Crops([np.zeros((9, 12, 3), "uint8")], size=4, batch_size=2, steps_per_epoch=10)
    >>> crops[0]["images"].shape
    (2, 4, 4, 3)
    """

    def __init__(
        self,
        pictures: Pictures | list,
        size: int,
        batch_size: int,
        steps_per_epoch: int,
        seed: int = 0,
        start: int = 0,
    ) -> None:
        super().__init__(batch_size, steps_per_epoch, seed, start)
        self.crop = whole("size", size, least=1)
        self.pictures = pictures if isinstance(pictures, Pictures) else Pictures(pictures)
        self.size = len(self.pictures)
        for picture, name in zip(self.pictures, self.pictures.names, strict=True):
            height, width = picture.shape[:2]
            if min(height, width) < size:
                smaller = f"be at most {min(height, width)}, as picture {name} has {height}x{width}"
                hint = f'sslzoo.data.pictures(..., smallest={size}, on_error="skip")'
                raise refused("size", size, f"{smaller}; {hint} leaves such pictures out")

    @classmethod
    def read(
        cls,
        name: str,
        split: str,
        *,
        settings: dict[str, Any] | None = None,
        image_size: int | None = None,
        on_error: str = "raise",
        **options: Any,
    ) -> Pictures:
        """The pictures of a directory, at their own sizes; `size` of the settings is the least.

        Raises ValueError for other options of `load`.
        """
        for option, value in options.items():
            raise refused(option, value, "be left out: crops are of all pictures of a directory")
        smallest = (settings or {}).get("size", 1)
        return read_pictures(name, split, smallest=smallest, on_error=on_error)

    def batch(self, epoch: int, k: int) -> dict[str, NDArray]:
        rng = np.random.default_rng((self.seed, epoch, k))
        rounds = -(-self.batch_size // self.size)
        orders = np.concatenate([rng.permutation(self.size) for _ in range(rounds)])
        index = orders[: self.batch_size]
        return {"images": np.stack([self._at(i, *rng.random(2)) for i in index]), "index": index}

    @property
    def settings(self) -> dict[str, Any]:
        return super().settings | {"size": self.crop}

    @property
    def arrays(self) -> dict[str, NDArray]:
        """The crop in the middle of every picture."""
        return {"images": np.stack([self._at(i, 0.5, 0.5) for i in range(self.size)])}

    def _at(self, i, y, x):
        """The crop of picture i whose corner lies at the shares y and x, in [0, 1), of all its
        places.
        """
        picture = self.pictures[i]
        height, width = picture.shape[:2]
        top = int(y * (height - self.crop + 1))
        left = int(x * (width - self.crop + 1))
        return picture[top : top + self.crop, left : left + self.crop]
