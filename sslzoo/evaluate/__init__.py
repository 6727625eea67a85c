"""Protocols that evaluate models: `sslzoo.evaluate.knn(model, train, test)`.

Each returns a record in plain JSON with figures, settings and baselines. A protocol is a file,
evaluate/protocols/<name>.py; they are found from the file names. Importing this imports neither
keras nor scikit-learn.
"""

from importlib import import_module
from typing import Any

from sslzoo.evaluate import protocols

# {name: module} of what is no protocol
_OTHERS = {
    "AccuracyLog": "sslzoo.evaluate.accuracy_log",
    "AlignmentLog": "sslzoo.evaluate.online",
    "KNNLog": "sslzoo.evaluate.online",
    "LinearProbeLog": "sslzoo.evaluate.online",
    "ProjectorLog": "sslzoo.evaluate.online",
    "a_distance": "sslzoo.evaluate.without_labels",
    "attention_maps": "sslzoo.evaluate.attention",
    "features": "sslzoo.evaluate.encoders",
    "fgsm": "sslzoo.evaluate.attacks",
    "inheritance": "sslzoo.evaluate.defects",
    "labeled_subset": "sslzoo.data.subset",
    "mutual_information": "sslzoo.evaluate.without_labels",
    "neighborhood_density": "sslzoo.evaluate.without_labels",
    "penultimate": "sslzoo.evaluate.attacks",
    "pgd": "sslzoo.evaluate.attacks",
    "plot_super_resolution": "sslzoo.evaluate.pictures",
    "poisoned": "sslzoo.evaluate.backdoor",
    "triggered": "sslzoo.evaluate.backdoor",
}

__all__ = [*protocols.names(), *_OTHERS]


def __getattr__(name: str) -> Any:
    if name in _OTHERS:
        return getattr(import_module(_OTHERS[name]), name)
    if name in protocols.names():
        return protocols.find(name)
    raise AttributeError(f"module 'sslzoo.evaluate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
