"""Photographs enlarged by a model, beside bicubic interpolation."""

import io
from typing import Any, NamedTuple

# (photograph of scikit-learn, rows, columns): petals, and roofs and trees. Sides are multiples of
# 2, 3 and 4.
CROPS = (
    ("flower.jpg", slice(100, 244), slice(200, 440)),
    ("china.jpg", slice(136, 280), slice(40, 280)),
)
CREDITS = {
    "flower.jpg": "flower.jpg by vultilion, CC BY 2.0",
    "china.jpg": "china.jpg by danielbuechele, CC BY 2.0",
}


class Enlarged(NamedTuple):
    """A photograph enlarged by bicubic interpolation and by a model, as PNG bytes.

    >>> Enlarged(b"", b"", 4, "mine.jpg").scale
    4
    """

    before: bytes
    after: bytes
    scale: int
    credit: str


def enlarged(model: Any) -> list[Enlarged]:
    """Parts of scikit-learn's photographs, shrunk and enlarged again; [] for None, and for a model
    without `upscale`.

    >>> import sslzoo
    >>> enlarged(sslzoo.build("simclr", "micro", 8))
    []
    """
    if model is None or "upscale" not in model.verbs:
        return []
    return [_enlarged(model, *crop) for crop in CROPS]


def _enlarged(model: Any, name: str, rows: slice, columns: slice) -> Enlarged:
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_sample_image

    whole = Image.fromarray(load_sample_image(name)[rows, columns])
    width, height = whole.size
    small = whole.resize((width // model.scale, height // model.scale), Image.Resampling.BICUBIC)
    large = model.upscale(np.asarray(small)[None])[0]
    before = small.resize((large.shape[1], large.shape[0]), Image.Resampling.BICUBIC)
    return Enlarged(_png(before), _png(Image.fromarray(large)), model.scale, CREDITS[name])


def _png(image: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
