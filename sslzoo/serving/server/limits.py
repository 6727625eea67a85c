"""What one request may ask for."""

import io
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sslzoo.serving.server.status import Refused, invalid


class Limits(NamedTuple):
    """The limits of a server.

    body: bytes of a request. rows: items of a request. batch: rows that are computed together.
    pixels: of an image, whole. seconds: until an answer. queue: requests that wait, for each
    signature.

    Example:
        >>> from sslzoo.serving.server.limits import Limits
        >>> Limits(rows=2).rows
        2
    """

    body: int = 64 * 2**20
    rows: int = 1024
    batch: int = 64
    pixels: int = 50_000_000
    seconds: float = 60.0
    queue: int = 256

    def check_body(self, size: int) -> None:
        """Raises Refused: a body that is too large."""
        if size > self.body:
            raise Refused("TOO_LARGE", f"body: got {size} bytes; it must be at most {self.body}.")

    def check_inputs(self, inputs: Mapping[str, NDArray]) -> None:
        """Raises Refused: too many items, or an image of too many pixels, before it is decoded."""
        for name, array in inputs.items():
            if array.ndim and len(array) > self.rows:
                raise invalid(f"{name}: got {len(array)} items; it must be at most {self.rows}.")
            if array.dtype.kind == "O":
                for row, file in enumerate(array.reshape(-1)):
                    self._check_pixels(name, row, _pixels(file))
            elif array.ndim == 4:
                self._check_pixels(name, 0, array.shape[1] * array.shape[2])
        counts = {name: len(array) for name, array in inputs.items() if array.ndim}
        if len(set(counts.values())) > 1:
            raise invalid(f"inputs: got {counts}; all must have as many items.")

    def _check_pixels(self, name: str, row: int, pixels: int) -> None:
        if pixels > self.pixels:
            raise invalid(
                f"{name}: got {pixels} pixels in item {row}; an image may have {self.pixels}."
            )


DEFAULT = Limits()


def _pixels(file: bytes) -> int:
    """Of an encoded image, by its header. 0 of what Pillow cannot read: the model says so."""
    try:
        with Image.open(io.BytesIO(file)) as image:
            return int(np.prod(image.size))
    except Image.DecompressionBombError:
        return 2 * Image.MAX_IMAGE_PIXELS
    except Exception:  # Pillow raises many kinds for damaged headers
        return 0
