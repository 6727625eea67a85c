"""Pictures of embeddings, of what models make, and of records. Matplotlib is imported when one is
drawn.

    from sslzoo import plots
    features = model.encode(data.images)
    plots.embedding_map(features, data.labels, data.classes).savefig("map.png")
    plots.nearest_neighbors(data, features).savefig("neighbors.png")
    plots.confusion_matrix(data.labels, model.classify(data.images)).savefig("confusion.png")
    plots.restored_images(model, data.images[:6]).savefig("restored.png")
    plots.reconstructed_images(model, data.images[:10]).savefig("reconstructed.png")
    plots.sampled_images(model).savefig("samples.png")
    plots.attention_maps(model, data.images[:6]).savefig("attention.png")

Each returns a figure of matplotlib, which a notebook shows by itself.
"""

from importlib import import_module
from typing import Any

_NAMES = {
    "attention_maps": "sslzoo.plots.attention",
    "confusion_matrix": "sslzoo.plots.confusion",
    "decisions": "sslzoo.plots.plane",
    "embedding_map": "sslzoo.plots.embeddings",
    "nearest_neighbors": "sslzoo.plots.neighbors",
    "reconstructed_images": "sslzoo.plots.generated",
    "restored_images": "sslzoo.plots.restored",
    "sampled_images": "sslzoo.plots.generated",
}

__all__ = [*_NAMES]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'sslzoo.plots' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
