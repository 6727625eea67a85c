"""Embeddings on disk: a folder of shards, each with the paths of its items beside their vectors.

`embeddings.json` says what they are. A shard is a Parquet file, or a `.npz` file where pyarrow is
not installed. It is there whole or not at all.
"""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import local_path, refused
from sslzoo.files import atomic, read_own, replace_file

MANIFEST, UNREADABLE = "embeddings.json", "unreadable.csv"


class Shard(NamedTuple):
    """Some of the embeddings.

    paths: (n,) of the items. vectors: (n, D). unreadable: [(path, reason)] of items without one.

    >>> Shard(["a.png"], np.zeros((1, 2), "float32"), []).vectors.shape
    (1, 2)
    """

    paths: list[str]
    vectors: NDArray
    unreadable: list[tuple[str, str]]


class Manifest(NamedTuple):
    """What a folder of embeddings holds.

    model: its name or file. weights: sha256 of its weights. dimension: D. dtype: of the vectors.
    source: the folder of the images. items: how many files it had. listing: sha256 of their paths.
    rows: items of a shard, the last one aside. format: "parquet" or "npz".

    >>> Manifest("m", "", 64, "float32", "photos", 10, "", 4, "npz").shards
    3
    """

    model: str
    weights: str
    dimension: int
    dtype: str
    source: str
    items: int
    listing: str
    rows: int
    format: str

    @property
    def shards(self) -> int:
        return -(-self.items // self.rows)

    def path(self, folder: Path, number: int) -> Path:
        """Of a shard."""
        return folder / f"part-{number:05}.{self.format}"

    def write(self, folder: Path) -> None:
        """Put it into its folder. Raises OSError."""
        text = json.dumps(self._asdict(), indent=1) + "\n"
        replace_file(folder / MANIFEST, text.encode())


class Job(NamedTuple):
    """Shards to write. It is plain data, which other machines can be sent.

    folder: of the images. out: of the shards. manifest: what they are. batch_size: images that are
    computed at once.

    >>> manifest = Manifest("m", "", 64, "float32", "photos", 10, "", 4, "npz")
    >>> Job(Path("photos"), Path("out"), manifest, 256).batch_size
    256
    """

    folder: Path
    out: Path
    manifest: Manifest
    batch_size: int


def read_manifest(folder: str | Path) -> Manifest:
    """What a folder of embeddings says of itself.

    Raises:
        FileNotFoundError: no such folder, or another one. ValueError: a damaged file.

    >>> read_manifest("nowhere")
    Traceback (most recent call last):
    FileNotFoundError: embeddings: nowhere has no embeddings.json, which `sslzoo embed` writes.
    """
    path = local_path("embeddings", folder) / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(
            f"embeddings: {folder} has no {MANIFEST}, which `sslzoo embed` writes."
        )
    return read_own(path, lambda: Manifest(**json.loads(path.read_text())), "manifest")


def best_format() -> str:
    """ "parquet" where pyarrow is installed, else "npz".

    >>> best_format() in ("parquet", "npz")
    True
    """
    return "npz" if importlib.util.find_spec("pyarrow") is None else "parquet"


def write_shard(path: Path, shard: Shard) -> None:
    """Write a shard whole. Raises OSError.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "part-00000.npz")
    ...     write_shard(path, Shard(["a"], np.ones((1, 2), "float32"), [("b", "no image")]))
    ...     read_shard(path).unreadable
    [('b', 'no image')]
    """
    with atomic(path) as file:
        if path.suffix == ".parquet":
            _write_parquet(file, shard)
            return
        lost = np.array(shard.unreadable, str).reshape(-1, 2)
        np.savez(file, path=np.array(shard.paths, str), embedding=shard.vectors, unreadable=lost)


def read_shard(path: Path) -> Shard:
    """A shard. Raises ValueError: a damaged file. FileNotFoundError: none.

    >>> read_shard(Path("part-00000.npz"))
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'part-00000.npz'
    """
    reading = _read_parquet if path.suffix == ".parquet" else _read_npz
    return read_own(path, lambda: reading(path), "shard of embeddings")


def _write_parquet(file: Any, shard: Shard) -> None:
    import pyarrow
    from pyarrow import parquet

    flat = pyarrow.array(shard.vectors.reshape(-1))
    vectors = pyarrow.FixedSizeListArray.from_arrays(flat, shard.vectors.shape[1])
    table = pyarrow.table({"path": pyarrow.array(shard.paths, "string"), "embedding": vectors})
    note = {"sslzoo": json.dumps({"unreadable": shard.unreadable})}
    parquet.write_table(table.replace_schema_metadata(note), file)


def _read_parquet(path: Path) -> Shard:
    from pyarrow import parquet

    table = parquet.read_table(path)
    column = table["embedding"].combine_chunks()
    vectors = column.flatten().to_numpy().reshape(len(table), column.type.list_size)
    note = json.loads(table.schema.metadata[b"sslzoo"])
    return Shard(table["path"].to_pylist(), vectors, [tuple(row) for row in note["unreadable"]])


def _read_npz(path: Path) -> Shard:
    with np.load(path) as file:
        lost = [tuple(row) for row in file["unreadable"].tolist()]
        return Shard(file["path"].tolist(), file["embedding"], lost)


def read_shards(folder: str | Path) -> Iterator[Shard]:
    """The shards of a finished folder, one at a time.

    Raises:
        FileNotFoundError: no such folder. ValueError: a shard is missing: it is not finished.

    >>> next(read_shards("nowhere"))
    Traceback (most recent call last):
    FileNotFoundError: embeddings: nowhere has no embeddings.json, which `sslzoo embed` writes.
    """
    manifest = read_manifest(folder)
    for number in range(manifest.shards):
        path = manifest.path(Path(folder), number)
        if not path.is_file():
            needed = "be finished: run the same `sslzoo embed` again"
            raise refused("embeddings", f"{folder} without {path.name}", needed)
        yield read_shard(path)
