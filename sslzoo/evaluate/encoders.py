"""What turns items into rows: the features of a model, and the encoders that learn nothing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import refused
from sslzoo.data.area import shrink
from sslzoo.evaluate.splits import count, items_of


class RawPixels:
    """The encoder of images that learns nothing: flattened pixels in [0, 1], of at most 32 on the
    longer side.

    Larger images are shrunk by area, `batch_size` at a time: whole, 50,000 photos of 224 px would
    be 30 GB.

    Attributes:
        size: the [height, width] of the pixels that `encode` gave last, None before.

    >>> RawPixels().encode(np.full((2, 64, 64, 3), 255, "uint8")).shape  # 32 x 32 x 3
    (2, 3072)
    """

    longest = 32  # pixels; CIFAR's images stay as they are

    def __init__(self) -> None:
        self.size: list[int] | None = None

    def encode(self, images: Any, batch_size: int = 256) -> NDArray[np.float32]:
        """Images (N, H, W) or (N, H, W, C), integers 0..255 or floats 0..1 -> (N, pixels)."""
        sides = np.array(images.shape[1:3])
        size = np.rint(sides * min(1.0, self.longest / sides.max()))
        self.size = np.maximum(1, size).astype(int).tolist()
        scale = np.float32(255 if np.issubdtype(images.dtype, np.integer) else 1)
        pixels = np.empty((len(images), *self.size, *images.shape[3:]), "float32")
        for start in range(0, len(images), batch_size):
            chunk = images[start : start + batch_size].astype("float32") / scale
            if self.size != sides.tolist():
                chunk = shrink(chunk, *self.size)
            pixels[start : start + batch_size] = chunk
        return pixels.reshape(len(images), -1)  # (N, H * W * C)


class RawValues:
    """The encoder of other kinds that learns nothing: the values of an item in a row.

    Of graphs these are the features of all nodes, without the edges.

    >>> RawValues().encode(np.zeros((2, 24, 6))).shape
    (2, 144)
    """

    def encode(self, items: Any, batch_size: int = 256) -> NDArray[np.float32]:
        """Items (N, ...) -> (N, values)."""
        values = items["nodes"] if isinstance(items, dict) else items
        return np.asarray(values, "float32").reshape(len(values), -1)


Raw = RawPixels | RawValues


def baseline_encoders(model: Any, field: str) -> dict[str, Any]:
    """{name: encoder} that a model is compared with; none where it has no `untrained()`.

    Args:
        model: what is evaluated. field: what its items are.

    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(untrained=RawValues)
    >>> list(baseline_encoders(model, "series"))
    ['untrained_encoder', 'raw_values']
    """
    if not hasattr(model, "untrained"):
        return {}
    raw = {"raw_pixels": RawPixels()} if field == "images" else {"raw_values": RawValues()}
    return {"untrained_encoder": model.untrained(), **raw}


def network_of(model: Any) -> Any:
    """The network behind the features of a model: its `encoder`, which may be an average over time,
    or its `backbone`. None where it has neither.

    >>> network_of(object()) is None
    True
    """
    average = getattr(model, "encoder", None)
    return getattr(model, "backbone", None) if average is None else average


def features(model: Any, dataset: Any, batch_size: int = 256) -> NDArray[np.float32]:
    """Features (N, D) of items.

    Args:
        model: An object with `.encode(items, batch_size)`, which returns features (N, D). None: the
            items are features already.
        dataset: a `sslzoo.data.Dataset`, a tuple (items, labels), or items alone.
        batch_size: Items to process at once.

    Raises:
        ValueError: items that the model does not read; features that are not (N, D) or not finite,
            which would silently make every figure nonsense.

    >>> features(None, [[0.5, 1.0]])
    array([[0.5, 1. ]], dtype=float32)
    """
    _, items = items_of(model, dataset, "data")
    return encoded(model, items, batch_size)


def encoded(model: Any, items: Any, batch_size: int = 256) -> NDArray[np.float32]:
    """`features` of items that are checked already.

    >>> encoded(RawValues(), np.zeros((2, 3, 4))).shape
    (2, 12)
    """
    rows = items if model is None else model.encode(items, batch_size=batch_size)
    rows, n = np.asarray(rows, "float32"), count(items)
    if rows.ndim != 2 or len(rows) != n:
        raise refused("features", f"shape {rows.shape}", f"be ({n}, D), one row per item")
    bad = int((~np.isfinite(rows).all(axis=1)).sum())
    if bad:
        raise refused("features", f"non-finite values in {bad} of {n} rows", "be finite")
    return rows
