"""Embeddings of a folder of any number of images, in bounded memory, to shards."""

import csv
import hashlib
import io
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from keras import ops
from numpy.typing import NDArray

from sslzoo.checks import local_path, one_of, refused, whole
from sslzoo.data.decode import decode
from sslzoo.data.listing import images_below
from sslzoo.data.shards import (
    UNREADABLE,
    Manifest,
    Shard,
    best_format,
    read_manifest,
    read_shard,
    write_shard,
)
from sslzoo.files import make_folder, replace_file
from sslzoo.progress import progress
from sslzoo.training import Method

ROWS = 4096  # of a shard: what a killed run may lose
AHEAD = 2  # batches that are decoded while the network computes


class Embedded(NamedTuple):
    """What `embed_folder` wrote: rows, and [(path, reason)] of files that could not be read.

    Example:
        >>> from sslzoo.zoo.embed_folder import Embedded
        >>> Embedded(10, 64, []).rows
        10
    """

    rows: int
    dimension: int
    unreadable: list[tuple[str, str]]


def embed_folder(
    model: Method,
    folder: str | Path,
    out: str | Path,
    name: str = "",
    batch_size: int = 256,
    rows: int = ROWS,
    dtype: str = "float32",
) -> Embedded:
    """Encode every image below a folder, and write shards of paths and vectors.

    Files are read by threads while the network computes. A run that was killed goes on where it
    stopped: shards that are there are kept. Files that cannot be read are listed in
    `unreadable.csv`.

    Args:
        model: Whose `encode` is used. It reads images of one size.
        folder: Of the images, at any depth. Paths in the shards are relative to it.
        out: A folder for the shards, which may be new.
        name: Of the model, for the manifest.
        batch_size: Images that are computed at once.
        rows: Images of a shard.
        dtype: "float32" or "float16" of the vectors.

    Raises:
        ValueError: Nothing to read; embeddings of something else in `out`; a folder that changed
            since the run began; another process that writes there. OSError: `out` cannot be
            written.

    Example:
        >>> import sslzoo, tempfile
        >>> from PIL import Image
        >>> from sslzoo.zoo.embed_folder import embed_folder
        >>> with tempfile.TemporaryDirectory() as photos:
        ...     Image.new("RGB", (9, 7)).save(f"{photos}/a.png")
        ...     embed_folder(sslzoo.build("simclr", "micro", 8), photos, f"{photos}/out")
        Embedded(rows=1, dimension=16, unreadable=[])
    """
    whole("batch_size", batch_size, 1)
    whole("rows", rows, 1)
    one_of("dtype", dtype, ("float32", "float16"))
    read = _reader(model)
    folder, out = local_path("data", folder), local_path("out", out)
    if out.exists() and not out.is_dir():
        raise refused("out", f"the file {out}", "be a folder")
    make_folder(out)
    try:
        with FileLock(out / ".lock", timeout=0):
            files = _files(folder, out)
            manifest = _manifest(model, name, folder, files, rows, dtype)
            _check_same(out, manifest)
            manifest.write(out)
            _write_missing(model, folder, out, manifest, files, batch_size, read)
            return _finished(out, manifest)
    except Timeout:
        raise refused("out", f"{out}, where another process writes", "be written by one") from None


def encode_files(model: Method, manifest: Manifest, paths: list[Path]) -> NDArray:
    """Queries for the embeddings that a manifest describes: vectors (N, D) of image files, read as
    theirs were.

    Raises:
        ValueError: A model of other weights. OSError: A file that cannot be read.

    Example:
        >>> from sslzoo.zoo.embed_folder import encode_files
        >>> encode_files(model, index.manifest, [Path("a.jpg")]).shape  # doctest: +SKIP
        (1, 64)
    """
    if _digest(model) != manifest.weights:
        raise refused("model", f"other weights of {manifest.model}", "be that of the embeddings")
    images = [_reader(model)(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if isinstance(image, str):
            raise OSError(f"{path}: cannot be read ({image}).")
    return model.encode(np.stack(images))


def _digest(model: Method) -> str:
    """sha256 of the weights of the encoder."""
    weights = hashlib.sha256()
    for variable in model.encoder.weights:
        weights.update(np.ascontiguousarray(ops.convert_to_numpy(variable)).tobytes())
    return weights.hexdigest()


def _reader(model: Method) -> Any:
    """path -> uint8 (size, size, 3), as training sets are read; the rim is cut off as the model's
    own preprocessing does it.
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


def _files(folder: Path, out: Path) -> list[str]:
    """Paths below the folder, sorted; those below `out` are left out."""
    if not folder.is_dir():
        raise FileNotFoundError(f"data: there is no folder {folder}.")
    inside = out.resolve()
    files = [
        path.relative_to(folder).as_posix()
        for path in images_below(folder)
        if inside not in path.resolve().parents
    ]
    if not files:
        raise refused("data", f"{folder} without images", "hold images")
    return files


def _manifest(
    model: Method, name: str, folder: Path, files: list[str], rows: int, dtype: str
) -> Manifest:
    listing = hashlib.sha256("\n".join(files).encode(errors="surrogateescape"))
    return Manifest(
        model=name,
        weights=_digest(model),
        dimension=model.encoder.output_shape[-1],
        dtype=dtype,
        source=str(folder.resolve()),
        items=len(files),
        listing=listing.hexdigest(),
        rows=rows,
        format=best_format(),
    )


def _check_same(out: Path, manifest: Manifest) -> None:
    """A run that is there must be this one."""
    try:
        old = read_manifest(out)
    except FileNotFoundError:
        return
    names = {"listing": "the same files in its folder", "weights": "the same weights"}
    for field in ("model", "weights", "dtype", "source", "items", "listing", "rows", "format"):
        mine, theirs = getattr(manifest, field), getattr(old, field)
        if mine != theirs:
            needed = f"have {names.get(field, field)}, or be another folder"
            shown = "" if field in names else f" ({field} {theirs}, now {mine})"
            raise refused("out", f"{out}, which holds embeddings of another run{shown}", needed)


def _write_missing(
    model: Method,
    folder: Path,
    out: Path,
    manifest: Manifest,
    files: list[str],
    batch_size: int,
    read: Any,
) -> None:
    missing = [n for n in range(manifest.shards) if not manifest.path(out, n).is_file()]
    batches = [batch for n in missing for batch in _batches(manifest, n, files, batch_size)]
    parts: list[Shard] = []
    images = _decoded(folder, batches, read)
    for batch, found in progress(images, "Encoding", len(batches), least=20):
        parts.append(_encoded(model, batch.paths, found, batch_size, manifest))
        if batch.last:
            write_shard(manifest.path(out, batch.shard), _joined(parts, manifest))
            parts = []


class _Batch(NamedTuple):
    """Files that are computed together. last: of their shard."""

    shard: int
    last: bool
    paths: list[str]


def _batches(manifest: Manifest, shard: int, files: list[str], batch_size: int) -> list[_Batch]:
    own = files[shard * manifest.rows : (shard + 1) * manifest.rows]
    starts = range(0, len(own), batch_size)
    return [_Batch(shard, s == starts[-1], own[s : s + batch_size]) for s in starts]


def _decoded(folder: Path, batches: list[_Batch], read: Any) -> Iterator[tuple[_Batch, list]]:
    """Each batch with its images, or the reasons why there are none. The next batches are read
    meanwhile.
    """
    waiting = deque()
    with ThreadPoolExecutor(os.cpu_count(), "sslzoo-decode") as pool:
        for batch in [*batches, *[None] * AHEAD]:
            if batch is not None:
                waiting.append((batch, [pool.submit(read, folder / path) for path in batch.paths]))
            if waiting and (batch is None or len(waiting) > AHEAD):
                ready, images = waiting.popleft()
                yield ready, [image.result() for image in images]


def _encoded(
    model: Method, paths: list[str], images: list, batch_size: int, manifest: Manifest
) -> Shard:
    good = [row for row, image in enumerate(images) if not isinstance(image, str)]
    lost = [(paths[row], image) for row, image in enumerate(images) if isinstance(image, str)]
    vectors = np.zeros((0, manifest.dimension), manifest.dtype)
    if good:
        stacked = np.stack([images[row] for row in good])
        vectors = model.encode(stacked, batch_size, dtype=manifest.dtype)
    return Shard([paths[row] for row in good], vectors, lost)


def _joined(parts: list[Shard], manifest: Manifest) -> Shard:
    return Shard(
        paths=[path for part in parts for path in part.paths],
        vectors=np.concatenate([part.vectors for part in parts]).astype(manifest.dtype),
        unreadable=[row for part in parts for row in part.unreadable],
    )


def _finished(out: Path, manifest: Manifest) -> Embedded:
    """The counts of all shards, and their unreadable files as a table."""
    rows, unreadable = 0, []
    for number in range(manifest.shards):
        shard = read_shard(manifest.path(out, number))
        rows += len(shard.paths)
        unreadable += shard.unreadable
    if unreadable:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([("path", "reason"), *unreadable])
        replace_file(out / UNREADABLE, text.getvalue().encode(errors="surrogateescape"))
    return Embedded(rows, manifest.dimension, unreadable)
