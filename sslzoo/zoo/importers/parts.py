"""The files that make up a checkpoint: one, or the index and the data files of TensorFlow's."""

import os
import re
from glob import escape
from pathlib import Path

from sslzoo.checks import local_path, refused

DATA = re.compile(r"\.data-\d{5}-of-\d{5}$")
SAVED_MODEL = "variables/variables.index"


def parts(path: str | os.PathLike) -> list[Path]:
    """The files of a checkpoint, the index first.

    Args:
        path: of the file. Of TensorFlow's: the index, a data file, what their names have in common,
            or the folder, also of a SavedModel.

    Raises:
        FileNotFoundError: there is no such file. ValueError: a folder with none, or several.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for end in ("index", "data-00000-of-00001"):
    ...         Path(folder, f"model.ckpt-7.{end}").touch()
    ...     [part.suffix for part in parts(os.path.join(folder, "model.ckpt-7"))]
    ['.index', '.data-00000-of-00001']
    """
    path = local_path("path", path)
    if path.is_dir():
        path = _index_in(path)
    elif DATA.search(path.name):
        path = path.with_name(DATA.sub(".index", path.name))
    elif not path.exists():
        index = path.with_name(f"{path.name}.index")
        path = index if index.is_file() else path
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such checkpoint file.")
    if path.suffix != ".index":
        return [path]
    shards = path.parent.glob(f"{escape(path.stem)}.data-*")
    return [path, *sorted(shard for shard in shards if DATA.search(shard.name))]


def _index_in(folder):
    if (folder / SAVED_MODEL).is_file():
        return folder / SAVED_MODEL
    found = sorted(folder.glob("*.index"))
    if len(found) != 1:
        got = f"a folder with {len(found)} files *.index"
        raise refused(str(folder), got, "be a SavedModel or hold one checkpoint of TensorFlow")
    return found[0]
