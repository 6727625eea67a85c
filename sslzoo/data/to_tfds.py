"""A folder or an archive of images, stored as a data set of TensorFlow Datasets."""

import io
import logging
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from sslzoo.checks import local_path, one_of, refused
from sslzoo.data.decode import decode, keeps_its_pixels
from sslzoo.data.listing import SPLITS, Listing, available_splits, list_images, warn_of_unread
from sslzoo.data.read.folder import usable
from sslzoo.data.read.tfds import stored, stored_in
from sslzoo.progress import progress

NAME = re.compile(r"[a-z][a-z0-9_]*")  # TFDS has no other ones
VERSION = "1.0.0"
ON_ERROR = ("raise", "skip")
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def store(
    source: str | os.PathLike,
    name: str,
    *,
    data_dir: str | os.PathLike | None = None,
    labels: str | os.PathLike | None = None,
    on_error: str = "raise",
) -> Path:
    """Store a folder or an archive of images as a data set of TensorFlow Datasets.

    `sslzoo.data.load(name, image_size=...)` then reads it, and so does any other program that
    knows TFDS. It is a few large files in place of many small ones, which copy and read fast. Rows
    are read in any order, so a run over a set of any size shuffles all of it and resumes exactly.

    The images have the size that they have. JPEG and PNG files of 8 bits stay as they are, to the
    byte. Others are decoded as `load` does it, and become PNG. Every image is decoded once first.

    Args:
        source: A folder, laid out as for `load`, or an archive of one (.zip, .tar, .tar.gz, ...).
        name: Of the new data set: small letters, digits and underscores.
        data_dir: Folder of TFDS data sets. Default: TFDS_DATA_DIR, then ~/tensorflow_datasets.
        labels: A CSV file with two columns, path and label, as for `load`.
        on_error: "raise" lists the files that cannot be read. "skip" leaves them out with one
            warning that counts and names them.

    Returns:
        The folder of the data set. It is there whole or not at all.

    Raises:
        ValueError: The name is taken or none, or files cannot be read. OSError: A full disk.
        FileNotFoundError: There is no source.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (9, 6)).save(f"{folder}/a.png")
    ...     store(folder, "my_photos", data_dir=f"{folder}/sets").name  # doctest: +SKIP
    '1.0.0'
    """
    one_of("on_error", on_error, ON_ERROR)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise refused("name", repr(name), "be small letters, digits and underscores")
    if name in stored(data_dir):
        where = stored(data_dir)[name]
        raise refused("name", f"{name!r}", f"be a new one: it is stored in {where}")
    source = local_path("source", source)
    with _folder_of(source, stored_in(data_dir)) as folder:
        splits = {
            split: _checked(folder, split, labels, on_error)
            for split in available_splits(folder, labels)
        }
        return _write(name, splits, stored_in(data_dir))


def _checked(folder: Path, split: str, labels: Any, on_error: str) -> Listing:
    listing = list_images(folder, split, labels)
    warn_of_unread(folder, listing.unread, stacklevel=4)
    return usable(_decodes, listing, folder, on_error, f"checking {split}")[0]


def _decodes(file: Path) -> None:
    decode(file)


def _write(name: str, splits: dict[str, Listing], root: Path) -> Path:
    import tensorflow_datasets as tfds

    classes = next((listing.classes for listing in splits.values() if listing.classes), None)
    features = {"image": tfds.features.Image(shape=(None, None, 3))}
    if classes:
        features["label"] = tfds.features.ClassLabel(names=classes)
    examples = {split: _examples(split, listing, classes) for split, listing in splits.items()}
    with _quiet(tfds):
        builder = tfds.dataset_builders.store_as_tfds_dataset(
            name=name,
            version=VERSION,
            features=tfds.features.FeaturesDict(features),
            split_datasets=examples,
            data_dir=root,
            file_format="array_record",
            disable_shuffling=True,  # the order of the paths, the same on every machine
        )
    return Path(builder.data_path)


@contextmanager
def _quiet(tfds: Any) -> Iterator[None]:
    """Without TFDS' own bars and sentences, which speak of a download."""
    log = logging.getLogger("absl")
    level = log.level
    tfds.disable_progress_bar()
    log.setLevel("ERROR")
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        log.setLevel(level)
        tfds.enable_progress_bar()


def _examples(
    split: str, listing: Listing, classes: list[str] | None
) -> Iterator[tuple[int, dict]]:
    files = progress(listing.files, f"storing {split}", len(listing.files))
    for row, file in enumerate(files):
        example = {"image": _encoded(file)}
        if classes:  # TFDS has -1 for "no label"
            example["label"] = -1 if listing.labels is None else int(listing.labels[row])
        yield row, example


def _encoded(file: Path) -> bytes:
    """A file as it is where any decoder makes the same pixels of it, else its pixels as PNG."""
    if keeps_its_pixels(file):
        return file.read_bytes()
    from PIL import Image

    png = io.BytesIO()
    Image.fromarray(decode(file)).save(png, "PNG")
    return png.getvalue()


@contextmanager
def _folder_of(source: Path, root: Path) -> Iterator[Path]:
    """The folder itself, or that of the unpacked archive, which is removed again."""
    if source.is_dir():
        yield source
        return
    if not source.exists():
        raise FileNotFoundError(f"source: there is no {source}.")
    if not source.name.lower().endswith(ARCHIVES):
        raise refused("source", str(source), f"be a folder, or end in {', '.join(ARCHIVES)}")
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=root) as folder:
        _unpack(source, Path(folder))
        yield _inner(Path(folder))


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack regular files below the folder, and nothing anywhere else."""
    try:
        if archive.suffix.lower() == ".zip":
            with zipfile.ZipFile(archive) as file:
                _check_room(archive, sum(member.file_size for member in file.infolist()), folder)
                file.extractall(folder)  # which keeps every path below the folder
            return
        with tarfile.open(archive) as file:
            _check_room(archive, sum(member.size for member in file), folder)
            file.extractall(folder, filter="data")
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise ValueError(f"source: {archive} cannot be unpacked ({error}).") from error


def _check_room(archive: Path, needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"source: {archive} unpacks to {needed:,} bytes, and {folder.parent} has {free:,}."
        )


def _inner(folder: Path) -> Path:
    """The folder itself, or the one folder that an archive often holds everything in."""
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith((".", "__MACOSX"))]
    alone = len(entries) == 1 and entries[0].is_dir() and entries[0].name.lower() not in SPLITS
    return entries[0] if alone else folder
