"""What a model makes of its own test items, as pictures of a page."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sslzoo.data.dataset import Dataset

MOST = 1000  # items that are embedded for the pictures
FEWEST = 20  # fewer have no neighbors worth a picture
QUERIES = 6
RESTORED = 6  # images that are damaged and restored for a picture
DECODED = 10
ATTENDED = 5
DPI = 110


class Look(NamedTuple):
    """A model, items that it did not learn from, and their embeddings.

    Attributes:
        data, features: None where the items cannot be had, or the model does not encode.
        missing: A sentence of what cannot be had, or "".

    >>> Look(None, None, None).missing
    ''
    """

    model: Any
    data: Dataset | None
    features: NDArray | None
    missing: str = ""


class Picture(NamedTuple):
    """A picture of a page.

    Attributes:
        title: Of its section.
        caption: What it shows, or why it is missing.
        image: PNG bytes; empty where it is missing.

    >>> Picture("Samples", "Drawn at random.", b"").title
    'Samples'
    """

    title: str
    caption: str
    image: bytes


def look_at(entry: Any) -> Look:
    """The model of an entry and the first items of its test set. Nothing is downloaded.

    Args:
        entry: An `sslzoo.zoo.Entry`.

    Raises:
        ValueError: The weights cannot be loaded.

    >>> from sslzoo.zoo import Entry
    >>> look_at(Entry.find("simclr_resnet20.digits")).features.shape
    (500, 64)
    """
    import sslzoo
    from sslzoo.data.remote import download_bytes
    from sslzoo.zoo.sources import load_sets

    config = entry.config
    model = sslzoo.load(entry.path)
    if "encode" not in model.verbs:
        return Look(model, None, None)
    tests = [getattr(each, "test", None) for each in config.evaluate]
    sources = [source for source in tests if hasattr(source, "split")]
    source = (sources or list(config.sources().values()))[0]
    try:
        if download_bytes(source.name) is not None:
            return Look(model, None, None, f"The data {source.name} are not on this machine.")
        (data,) = load_sets([source], config.image_size)
    except (ValueError, OSError) as error:
        return Look(model, None, None, str(error))
    if len(data) < FEWEST:
        return Look(model, None, None)
    data = data.take(slice(MOST))
    return Look(model, data, model.encode(data.inputs))


def attempt(problems: list[str], what: str, function: Callable, *given: Any) -> Any:
    """The result of a function. None, and a sentence more in `problems`, where it fails: one model
    must not take the pages of all others with it.

    >>> problems = []
    >>> attempt(problems, "No map", float, "a")
    >>> problems
    ["No map: could not convert string to float: 'a'"]
    """
    try:
        return function(*given)
    except Exception as error:  # of any model, data set or backend
        problems.append(f"{what}: {error}")
        return None


def pictures(look: Look, embedding_map: bool = True) -> list[Picture]:
    """Pictures of what a model does, those that suit it. A picture that cannot be drawn says why.

    Args:
        look: What `look_at` gives.
        embedding_map: Whether the map of embeddings is among them.

    >>> pictures(Look(None, None, None))
    []
    """
    from sslzoo.plots.figure import png

    drawn, problems = [], []
    for title, caption, draw in KINDS:
        if title == MAP and not embedding_map:
            continue
        figure = attempt(problems, "This picture could not be drawn", draw, look)
        if problems:
            drawn.append(Picture(title, problems.pop(), b""))
        elif figure is not None:
            drawn.append(Picture(title, caption, png(figure, DPI)))
    return drawn


def _samples(look: Look) -> Any:
    from sslzoo import plots

    return plots.sampled_images(look.model) if "sample" in _verbs(look) else None


def _map(look: Look) -> Any:
    from sslzoo import plots

    if look.data is None:
        return None
    return plots.embedding_map(look.features, look.data.labels, look.data.classes)


def _neighbors(look: Look) -> Any:
    from sslzoo import plots

    if not _has_images(look):
        return None
    return plots.nearest_neighbors(look.data, look.features, _spread(look, QUERIES))


def _restored(look: Look) -> Any:
    from sslzoo import plots

    if not _has_images(look) or not hasattr(look.model, "damage"):
        return None
    return plots.restored_images(look.model, look.data.images[_spread(look, RESTORED)])


def _decoded(look: Look) -> Any:
    from sslzoo import plots

    decodes = "reconstruct" in _verbs(look) and not hasattr(look.model, "damage")
    if not _has_images(look) or not decodes:
        return None
    return plots.reconstructed_images(look.model, look.data.images[_spread(look, DECODED)])


def _attention(look: Look) -> Any:
    from sslzoo import plots
    from sslzoo.nn.vit import transformer

    if not _has_images(look):
        return None
    try:
        transformer(look.model.encoder)
    except ValueError:  # another network
        return None
    return plots.attention_maps(look.model, look.data.images[_spread(look, ATTENDED)])


def _confusion(look: Look) -> Any:
    from sslzoo import plots

    if look.data is None or look.data.labels is None or "classify" not in _verbs(look):
        return None
    predicted = look.model.classify(look.data.inputs)
    return plots.confusion_matrix(look.data.labels, predicted, look.data.classes)


def _spread(look: Look, count: int) -> NDArray[np.int64]:
    """Rows from all over the data, which may be sorted by class."""
    return np.linspace(0, len(look.data) - 1, count).round().astype(int)


def _has_images(look: Look) -> bool:
    return look.data is not None and look.data.field == "images"


def _verbs(look: Look) -> Any:
    return getattr(look.model, "verbs", ())


MAP = "Map of embeddings"
KINDS = (
    ("Samples", "The model drew these images at random.", _samples),
    (MAP, "Items that the model finds similar are near each other.", _map),
    (
        "Nearest neighbors",
        "Test images on the left, and the eight others whose features are nearest. A green frame "
        "is of the same class, a red dashed one of another.",
        _neighbors,
    ),
    ("Restored images", "What the model is given, and what it makes of it.", _restored),
    ("Reconstructions", "Test images, and what the model decodes from their features.", _decoded),
    (
        "Attention",
        "Where the last block looks: the attention that each patch gets, bright where it is most. "
        "Each head has its own map.",
        _attention,
    ),
    ("Confusion matrix", "Rows are true classes, columns what the model says.", _confusion),
)
