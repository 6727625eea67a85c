"""Data sets and batches. This imports neither keras nor tensorflow.

- data sets by name: `load`, `available`, `pictures`; formats in `read/`
- `store`: a folder or an archive of images as a data set of TensorFlow Datasets
- `split`: a part kept apart as a test set; `labeled_subset`: a few labels of every class
- rows of fields: `Dataset`, `ImageFiles` (decoded on access), `Pictures` (of unequal sizes)
- domains: `joined_domains`, `rotated`, `colored`, `activities` (of time)
- samplers: `Batches`, `ClassBalanced`, `Crops`, `Paired`, each a file of `streams/`
- `tasks/`: tasks in sequence (`TaskStream`), few-shot `Episodes`
- checks: `check_images`, `check_labels`, more in `sslzoo.checks`
"""

from typing import Any

from sslzoo.checks import check_images, check_labels
from sslzoo.data import streams
from sslzoo.data.activities import activities
from sslzoo.data.dataset import Dataset
from sslzoo.data.domains import colored, joined_domains, rotated
from sslzoo.data.image_files import ImageFiles
from sslzoo.data.pictures import Pictures
from sslzoo.data.sources import available, load, pictures
from sslzoo.data.subset import labeled_subset, split
from sslzoo.data.tasks import Episode, Episodes, Task, TaskStream
from sslzoo.data.to_tfds import store

_SAMPLERS = {streams.class_name(name): name for name in streams.names()}

__all__ = [
    "Dataset",
    "Episode",
    "Episodes",
    "ImageFiles",
    "Pictures",
    "Task",
    "TaskStream",
    "activities",
    "available",
    "check_images",
    "check_labels",
    "colored",
    "joined_domains",
    "labeled_subset",
    "load",
    "pictures",
    "rotated",
    "split",
    "store",
    *_SAMPLERS,
]


def __getattr__(name: str) -> Any:
    if name in _SAMPLERS:
        return streams.find(_SAMPLERS[name])
    raise AttributeError(f"module 'sslzoo.data' has no attribute {name!r}")
