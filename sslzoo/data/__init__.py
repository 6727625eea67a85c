"""Data sets and batches: `load`, `available`, `Dataset`, `ImageFiles`, `Batches`, `check_images`, `check_labels`.

Imports neither keras nor tensorflow until `Batches` or a TensorFlow data set is asked for.
"""

from sslzoo.data.checks import check_images, check_labels
from sslzoo.data.dataset import Dataset
from sslzoo.data.image_files import ImageFiles
from sslzoo.data.sources import available, load

__all__ = ["Batches", "Dataset", "ImageFiles", "available", "check_images", "check_labels", "load"]


def __getattr__(name):
    if name == "Batches":
        from sslzoo.data.batches import Batches

        return Batches
    raise AttributeError(f"module 'sslzoo.data' has no attribute {name!r}")
