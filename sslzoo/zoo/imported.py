"""Checkpoints of other people, converted once into weights of the cache."""

import hashlib
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from sslzoo.checks import local_path, refused
from sslzoo.files import replace_file
from sslzoo.training import Method
from sslzoo.zoo.build import from_config
from sslzoo.zoo.cache import cache_folder
from sslzoo.zoo.download import WeightsError, download_first
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.importers import layouts, tensors
from sslzoo.zoo.importers.layout import fill
from sslzoo.zoo.weights import load_weights, save_weights

HASH = re.compile(r"-([0-9a-f]{8,64})\.\w+$")  # in names such as resnet50-0676ba61.pth


def import_checkpoint(file: str | Path, name: str | Path) -> Path:
    """The weights file in the cache that a published checkpoint becomes. `sslzoo.load(name)` then
    reads it.

    Args:
        file: of the checkpoint, as its authors publish it. Nothing in it is executed.
        name: an entry of the zoo with `checkpoint:`, or the path of such a config.

    Raises:
        ValueError: an entry without `checkpoint:`, a file of another size or hash, another one than
            was imported before, or one that does not hold exactly the network of the config. The
            cache is as it was then. FileNotFoundError: there is no such file.

    Example:
        >>> import_checkpoint("resnet20-12fca82f.th", "simclr_resnet20.digits")
        Traceback (most recent call last):
        ValueError: simclr_resnet20.digits: got an entry of this zoo's own; it must have the key \
checkpoint to import.
    """
    entry, file = Entry.find(name), local_path("file", file)
    if entry.config.checkpoint is None:
        raise refused(entry.name, "an entry of this zoo's own", "have the key checkpoint to import")
    sha256 = _checked_hash(entry, file)
    model = from_config(entry.config, pretrained=False)
    layout = layouts.find(entry.config.checkpoint.layout)
    variables = [variable for network in model.networks for variable in network.weights]
    fill(variables, tensors(file), layout, str(file))
    target = weights_path(entry)
    target.parent.mkdir(parents=True, exist_ok=True)
    record = save_weights(model, target, "float32")
    note = {"checkpoint": sha256, "weights": record["sha256"]}
    replace_file(_note(target), json.dumps(note).encode())
    return target


def load_imported(entry: Entry, model: Method) -> None:
    """Give a model the imported weights of its entry; a checkpoint with a URL is fetched first.

    Raises:
        WeightsError (a ValueError): they are not here, and cannot be fetched.

    Example:
        >>> load_imported(Entry.find("encoder_resnet20.cifar10_supervised"), model)
        ... # doctest: +SKIP
    """
    path = weights_path(entry)
    if not path.is_file():
        _download(entry)
    load_weights(model, path)


def weights_path(entry: Entry) -> Path:
    """Where the imported weights of an entry lie in the cache.

    Example:
        >>> weights_path(Entry.find("simclr_resnet20.digits")).name
        'simclr_resnet20.digits.weights.h5'
    """
    return cache_folder() / "imported" / f"{entry.name}.weights.h5"


def _note(target: Path) -> Path:
    return target.with_name(target.name.replace(".weights.h5", ".json"))


def _checked_hash(entry: Entry, file: Path) -> str:
    """The sha256 of a checkpoint that is as its config and its name say."""
    if not file.is_file():
        raise FileNotFoundError(f"{file}: there is no such checkpoint file.")
    known = entry.config.checkpoint
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    published = HASH.search(urlsplit(known.url).path) if known.url else None
    named = HASH.search(file.name) or published
    tensors(file)  # a page of a mirror is named as what it is, not as another hash
    if known.bytes is not None and file.stat().st_size != known.bytes:
        raise refused(str(file), f"{file.stat().st_size} bytes", f"have {known.bytes}")
    needed = known.sha256 or (named and named[1])
    if needed and not found.startswith(needed):
        raise refused(str(file), f"sha256 {found}", f"be {needed}, so fetch it again")
    note = _note(weights_path(entry))
    before = json.loads(note.read_text())["checkpoint"] if note.is_file() else found
    if before != found:
        needed = f"be {before} as at first; delete {note} if the change is meant"
        raise refused(str(file), f"sha256 {found}", needed)
    return found


def _download(entry: Entry) -> None:
    """Fetch, convert, and remove the checkpoint of an entry."""
    known = entry.config.checkpoint
    file = urlsplit(known.url).path.rsplit("/", 1)[-1] if known.url else "FILE"
    failures = []
    path = weights_path(entry).with_name(f"{entry.name}-{file}")
    urls = [known.url] if known.url else []
    path = download_first(urls, path, known.sha256, known.bytes, failures)
    if path is None:
        why = failures[0].removeprefix(f"{known.url}: ") if failures else "no download is known"
        raise WeightsError(
            f"weights: {entry.name} is not imported yet and cannot be fetched ({why}); get "
            f"{known.url or 'its checkpoint'} and run `sslzoo import {file} --as {entry.name}`."
        )
    try:
        import_checkpoint(path, entry.name)
    finally:
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
