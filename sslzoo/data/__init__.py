"""Data sets (`load`, `available`, `Dataset`, `ImageFiles`), pictures of unequal sizes (`pictures`,
`Pictures`), batches (`Batches`, `ClassBalanced`, `Crops`, `Paired`), few-shot `Episodes`, tasks in
sequence (`TaskStream`), and checks (`check_images`, `check_labels`).

Imports neither keras nor tensorflow until batches or a TensorFlow data set is asked for.
"""

from importlib import import_module

from sslzoo.checks import check_images, check_labels
from sslzoo.data.dataset import Dataset
from sslzoo.data.episodes import Episode, Episodes
from sslzoo.data.image_files import ImageFiles
from sslzoo.data.pictures import Pictures
from sslzoo.data.sources import available, load, pictures
from sslzoo.data.tasks import Task, TaskStream

# name: module, all of which import keras
_STREAMS = {
    "Batches": "batches",
    "ClassBalanced": "class_balanced",
    "Crops": "crops",
    "Paired": "paired",
}

__all__ = [
    "Dataset",
    "Episode",
    "Episodes",
    "ImageFiles",
    "Pictures",
    "Task",
    "TaskStream",
    "available",
    "check_images",
    "check_labels",
    "load",
    "pictures",
    *_STREAMS,
]


def __getattr__(name):
    if name in _STREAMS:
        return getattr(import_module(f"sslzoo.data.{_STREAMS[name]}"), name)
    raise AttributeError(f"module 'sslzoo.data' has no attribute {name!r}")
