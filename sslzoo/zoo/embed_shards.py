"""Shards of embeddings: files are read by threads while the network computes."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from keras import ops
from numpy.typing import NDArray

from sslzoo.checks import refused
from sslzoo.data.decode import decode
from sslzoo.data.shards import Job, Manifest, Shard, write_shard
from sslzoo.progress import progress
from sslzoo.training import Method

AHEAD = 2  # batches that are decoded while the network computes
Read = Callable[[Path], NDArray[np.uint8] | str]  # path -> pixels, or why there are none


def write_shards(model: Method, job: Job, shards: dict[int, list[str]]) -> None:
    """Encode the files of some shards, and write each shard whole.

    Args:
        model: Whose `encode` is used.
        job: Of the shards.
        shards: {number: paths of its files, relative to the folder}.

    Raises:
        OSError: A shard cannot be written.

    Example:
        >>> from sslzoo.zoo.embed_shards import write_shards
        >>> write_shards(model, job, {0: ["a.png", "b.png"]})  # doctest: +SKIP
    """
    batches = [batch for number, paths in shards.items() for batch in _batches(number, paths, job)]
    parts: list[Shard] = []
    images = decoded(job.folder, batches, reader(model))
    for batch, pixels in progress(images, "Encoding", len(batches), 20, job.batch_size):
        parts.append(_encoded(model, batch.paths, pixels, job))
        if batch.last:
            write_shard(job.manifest.path(job.out, batch.shard), _joined(parts, job.manifest))
            parts = []


def weights_digest(model: Method) -> str:
    """sha256 of the weights of the encoder.

    Example:
        >>> import sslzoo
        >>> from sslzoo.zoo.embed_shards import weights_digest
        >>> len(weights_digest(sslzoo.build("simclr", "micro", 8)))
        64
    """
    weights = hashlib.sha256()
    for variable in model.encoder.weights:
        weights.update(np.ascontiguousarray(ops.convert_to_numpy(variable)).tobytes())
    return weights.hexdigest()


def reader(model: Method) -> Read:
    """path -> uint8 (size, size, 3), as training sets are read; the rim is cut off as the model's
    own preprocessing does it. Of a file that cannot be read: the reason.

    Raises:
        ValueError: The model reads no square images.

    Example:
        >>> import sslzoo
        >>> from sslzoo.zoo.embed_shards import reader
        >>> reader(sslzoo.build("simclr", "micro", 8))(Path("nowhere.png"))
        "[Errno 2] No such file or directory: 'nowhere.png'"
    """
    size = getattr(model.reads.layer, "image_size", None)
    if model.reads.field != "images" or not isinstance(size, int):
        raise refused("model", f"one that reads {model.reads.field}", "read square images")
    side = round(size / model.reads.layer.share)
    margin = (side - size) // 2

    def read(path: Path) -> NDArray[np.uint8] | str:
        try:
            image = decode(path, side)
        except OSError as error:
            return " ".join(str(error).split())
        return image[margin : margin + size, margin : margin + size]

    return read


class Batch(NamedTuple):
    """Files that are computed together. last: of their shard.

    Example:
        >>> from sslzoo.zoo.embed_shards import Batch
        >>> Batch(0, True, ["a.png"]).paths
        ['a.png']
    """

    shard: int
    last: bool
    paths: list[str]


def _batches(shard: int, paths: list[str], job: Job) -> list[Batch]:
    starts = range(0, len(paths), job.batch_size)
    return [Batch(shard, s == starts[-1], paths[s : s + job.batch_size]) for s in starts]


def decoded(folder: Path, batches: list[Batch], read: Read) -> Iterator[tuple[Batch, list]]:
    """Each batch with its images, or the reasons why there are none. The next batches are read
    meanwhile.

    Example:
        >>> from sslzoo.zoo.embed_shards import Batch, decoded
        >>> list(decoded(Path("nowhere"), [Batch(0, True, ["a"])], lambda path: path.name))
        [(Batch(shard=0, last=True, paths=['a']), ['a'])]
    """
    waiting = deque()
    with ThreadPoolExecutor(os.cpu_count(), "sslzoo-decode") as pool:
        for batch in [*batches, *[None] * AHEAD]:
            if batch is not None:
                waiting.append((batch, [pool.submit(read, folder / path) for path in batch.paths]))
            if waiting and (batch is None or len(waiting) > AHEAD):
                ready, images = waiting.popleft()
                yield ready, [image.result() for image in images]


def _encoded(model: Method, paths: list[str], images: list, job: Job) -> Shard:
    good = [row for row, image in enumerate(images) if not isinstance(image, str)]
    lost = [(paths[row], image) for row, image in enumerate(images) if isinstance(image, str)]
    vectors = np.zeros((0, job.manifest.dimension), job.manifest.dtype)
    if good:
        stacked = np.stack([images[row] for row in good])
        vectors = model.encode(stacked, job.batch_size, dtype=job.manifest.dtype)
    return Shard([paths[row] for row in good], vectors, lost)


def _joined(parts: list[Shard], manifest: Manifest) -> Shard:
    return Shard(
        paths=[path for part in parts for path in part.paths],
        vectors=np.concatenate([part.vectors for part in parts]).astype(manifest.dtype),
        unreadable=[row for part in parts for row in part.unreadable],
    )
