"""Random crops of pictures of unequal sizes."""

import numpy as np

from sslzoo.data.endless import Endless
from sslzoo.data.pictures import Pictures


class Crops(Endless):
    """Square crops for `fit(crops, epochs=...)`, as super-resolution is trained on them.

    Each crop of a batch is of another picture while there are enough of them (Ledig et al. 2017,
    section 3.2: "16 random 96 x 96 HR sub images of distinct training images"), from a place that
    is uniform over the picture; batch k of an epoch is drawn by np.random.default_rng((seed, epoch,
    k)). An epoch is a number of steps, not a pass over the data. Flips and turns are views of an
    image, drawn by the model on the device; places are drawn here, since pictures of unequal sizes
    are no batch.

    Args:
        pictures: a `Pictures`, or a sequence of arrays such as it takes.
        size: pixels of a side.
        batch_size, steps_per_epoch, seed, start: as `Endless`.

    Items: {"images": uint8 (batch_size, size, size, 3), "index": int64, the number of the picture}.

    Raises:
        ValueError: a size below 1 (an empty crop), or a picture smaller than the crop, by its name.
    """

    def __init__(self, pictures, size, batch_size, steps_per_epoch, seed=0, start=0):
        super().__init__(batch_size, steps_per_epoch, seed, start)
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(
                f"size: need an integer of at least 1, got {size!r}; the crop would be empty."
            )
        self.pictures = pictures if isinstance(pictures, Pictures) else Pictures(pictures)
        self.crop = int(size)
        self.size = len(self.pictures)
        for picture, name in zip(self.pictures, self.pictures.names, strict=True):
            height, width, _ = picture.shape
            if min(height, width) < size:
                raise ValueError(
                    f"size: got {size} px, picture {name} has {height}x{width}; take smaller "
                    "crops, or leave such pictures out: "
                    f'sslzoo.data.pictures(..., smallest={size}, on_error="skip").'
                )

    def batch(self, epoch, k):
        rng = np.random.default_rng((self.seed, epoch, k))
        rounds = -(-self.batch_size // self.size)
        index = np.concatenate([rng.permutation(self.size) for _ in range(rounds)])[
            : self.batch_size
        ]
        return {"images": np.stack([self._at(i, *rng.random(2)) for i in index]), "index": index}

    @property
    def settings(self):
        return {"size": self.crop}

    @property
    def arrays(self):
        """The crop in the middle of every picture."""
        return {"images": np.stack([self._at(i, 0.5, 0.5) for i in range(self.size)])}

    def _at(self, i, y, x):
        """The crop of picture i whose corner lies at the shares y and x, in [0, 1), of all its
        places.
        """
        picture = self.pictures[i]
        top, left = (
            int(share * (side - self.crop + 1))
            for share, side in zip((y, x), picture.shape[:2], strict=True)
        )
        return picture[top : top + self.crop, left : left + self.crop]
