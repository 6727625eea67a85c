"""Embeddings of a folder of any number of images, in bounded memory, to shards."""

import csv
import hashlib
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from sslzoo.checks import local_path, one_of, refused, whole
from sslzoo.data.listing import image_names_below
from sslzoo.data.shards import (
    UNREADABLE,
    Job,
    Manifest,
    best_format,
    read_manifest,
    read_shard,
)
from sslzoo.files import make_folder, replace_file
from sslzoo.training import Method
from sslzoo.zoo.embed_shards import reader, weights_digest, write_shards

ROWS = 4096  # of a shard: what a killed run may lose


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
    write: Callable[[Job, dict[int, list[str]]], None] | None = None,
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
        write: Writes the shards that are missing, as `write_shards` does here. See
            `sslzoo.zoo.embed_ray.OnRay`.

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
    reader(model)  # refuses a model that reads something else
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
            job = Job(folder, out, manifest, batch_size)
            (write or partial(write_shards, model))(job, _missing(job, files))
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
    if weights_digest(model) != manifest.weights:
        raise refused("model", f"other weights of {manifest.model}", "be that of the embeddings")
    read = reader(model)
    images = [read(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if isinstance(image, str):
            raise OSError(f"{path}: cannot be read ({image}).")
    return model.encode(np.stack(images))


def _files(folder: Path, out: Path) -> list[str]:
    """Paths below the folder, sorted; those below `out` are left out."""
    if not folder.is_dir():
        raise FileNotFoundError(f"data: there is no folder {folder}.")
    files = image_names_below(folder, without=out)
    if not files:
        raise refused("data", f"{folder} without images", "hold images")
    return files


def _manifest(
    model: Method, name: str, folder: Path, files: list[str], rows: int, dtype: str
) -> Manifest:
    listing = hashlib.sha256("\n".join(files).encode(errors="surrogateescape"))
    return Manifest(
        model=name,
        weights=weights_digest(model),
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


def _missing(job: Job, files: list[str]) -> dict[int, list[str]]:
    """{number: files} of the shards that are not there."""
    rows, manifest = job.manifest.rows, job.manifest
    return {
        number: files[number * rows : (number + 1) * rows]
        for number in range(manifest.shards)
        if not manifest.path(job.out, number).is_file()
    }


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
