"""What a model makes of its own test items, as pictures of a page."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from sslzoo.data.dataset import Dataset

MOST = 1000  # items that are embedded for the pictures
FEWEST = 20  # fewer have no neighbors worth a picture
RESTORED = 6  # images that are damaged and restored for a picture
DPI = 110


class Look(NamedTuple):
    """A model, items that it did not learn from, and their embeddings.

    >>> look_at(None) is None
    True
    """

    model: Any
    data: Dataset
    features: NDArray


def look_at(entry: Any) -> Look | None:
    """The first items of a test set of an entry, embedded. None where the model does not encode, or
    where there are few items or they would have to be downloaded.

    Args:
        entry: An `sslzoo.zoo.Entry`, or None.

    Raises:
        ValueError: The data are not on this machine, or the weights cannot be loaded.

    >>> from sslzoo.zoo import Entry
    >>> look_at(Entry.find("simclr_resnet20.digits")).features.shape
    (500, 64)
    """
    if entry is None:
        return None
    import sslzoo
    from sslzoo.data.remote import download_bytes
    from sslzoo.zoo.sources import load_sets

    config = entry.config
    tests = [getattr(each, "test", None) for each in config.evaluate]
    sources = [source for source in tests if hasattr(source, "split")]
    source = (sources or list(config.sources().values()))[0]
    model = sslzoo.load(entry.path)
    if "encode" not in model.verbs or download_bytes(source.name) is not None:
        return None
    (data,) = load_sets([source], config.image_size)
    if len(data) < FEWEST:
        return None
    data = data.take(slice(MOST))
    return Look(model, data, model.encode(data.inputs))


def pictures(look: Look | None, embedding_map: bool = True) -> list[tuple[str, bytes]]:
    """[(title, PNG bytes)] of embeddings, neighbors, restored images and confusion.

    Args:
        look: What `look_at` gives. Nothing is drawn for None.
        embedding_map: Whether the map is among them.

    >>> pictures(None)
    []
    """
    if look is None:
        return []
    from sslzoo import plots
    from sslzoo.plots.figure import png

    model, data = look.model, look.data
    drawn = []
    if embedding_map:
        drawn.append(
            ("Map of embeddings", plots.embedding_map(look.features, data.labels, data.classes))
        )
    if data.field == "images":
        drawn.append(("Nearest neighbors", plots.nearest_neighbors(data, look.features)))
    if hasattr(model, "damage"):
        restored = plots.restored_images(model, data.images[:RESTORED])
        drawn.append(("Restored images", restored))
    if data.labels is not None and "classify" in model.verbs:
        predicted = model.classify(data.inputs)
        drawn.append(("Confusion matrix", plots.confusion_matrix(data.labels, predicted)))
    return [(title, png(figure, DPI)) for title, figure in drawn]
