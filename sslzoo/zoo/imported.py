"""Checkpoints of other people, converted once into weights of the cache."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from sslzoo.checks import local_path, refused
from sslzoo.files import replace_file
from sslzoo.training import Method
from sslzoo.zoo.build import from_config
from sslzoo.zoo.cache import cache_folder
from sslzoo.zoo.download import WeightsError, download_first, lock
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.importers import layouts, parts, tensors
from sslzoo.zoo.importers.layout import fill, fill_networks
from sslzoo.zoo.weights import load_weights, save_weights

HASH = re.compile(r"-([0-9a-f]{8,64})\.\w+$")  # in names such as resnet50-0676ba61.pth
CHUNK = 1 << 20


def import_checkpoint(file: str | Path, name: str | Path) -> Path:
    """The weights file in the cache that a published checkpoint becomes. `sslzoo.load(name)` then
    reads it.

    An encoder gets its network. Another method gets its heads and moving averages too, so that
    `fit` goes on with its training. Queues and slots of optimizers are left out on purpose: no
    published weights hold them, and a queue fills in the first steps.

    Args:
        file: of the checkpoint, as its authors publish it. Nothing in it is executed. Of
            TensorFlow's, the index, or the folder of a SavedModel.
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
    known = entry.config.checkpoint
    arrays = tensors(file, known.part)  # a page of a mirror is named as what it is
    sha256 = _checked_hash(entry, parts(file))
    model = from_config(entry.config, pretrained=False)
    _fill(model, entry, file, arrays)
    target = weights_path(entry)
    target.parent.mkdir(parents=True, exist_ok=True)
    record = save_weights(model, target, "float32")
    note = {"checkpoint": sha256, "weights": record["sha256"], "config": _network(entry)}
    replace_file(_note(target), json.dumps(note).encode())
    return target


def _fill(model: Method, entry: Entry, file: Path, arrays: dict) -> None:
    """All networks of a method, where the layout knows them; else its encoder and projector."""
    known = entry.config.checkpoint
    whole = layouts.networks(known.layout)
    if whole and all(hasattr(model, name) for name in whole.layouts):
        if known.part and whole.parts:
            needed = f"be left out: {entry.config.method} has {' and '.join(whole.parts)}"
            raise refused("checkpoint.part", known.part, needed)
        arrays = whole.tensors(lambda part: tensors(file, part or known.part))
        fill_networks(model, arrays, whole, str(file))
        return
    networks = [*model.networks, *filter(None, [getattr(model, "projector", None)])]
    variables = [variable for network in networks for variable in network.weights]
    filled = {id(variable) for variable in variables}
    others = [v.path for v in model.trainable_variables if id(v) not in filled]
    if others:
        got = f"{known.layout}, which does not know {others[0]} of {entry.config.method}"
        raise refused("checkpoint.layout", got, "fit all networks of the method")
    fill(variables, arrays, layouts.find(known.layout), str(file))


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
    try:
        load_weights(model, path)
    except ValueError as error:
        before = json.loads(_note(path).read_text()).get("config", {})
        now = _network(entry)
        changed = [key for key in now if key in before and before[key] != now[key]]
        if not changed:
            raise
        raise WeightsError(
            f"weights: {entry.name} was imported with {changed[0]} {before[changed[0]]}, and its "
            f"config has {now[changed[0]]}; put the old value back, or import a checkpoint of the "
            f"new one with `sslzoo import FILE --as {entry.name}` after deleting {_note(path)}."
        ) from error


def _network(entry: Entry) -> dict:
    """What of a config decides which variables its network has."""
    config = entry.config.model_dump(mode="json", exclude_unset=True)
    return {key: config.get(key) for key in ("method", "backbone", "hyperparameters")}


def weights_path(entry: Entry) -> Path:
    """Where the imported weights of an entry lie in the cache.

    Example:
        >>> weights_path(Entry.find("simclr_resnet20.digits")).name
        'simclr_resnet20.digits.weights.h5'
    """
    return cache_folder() / "imported" / f"{entry.name}.weights.h5"


def _note(target: Path) -> Path:
    return target.with_name(target.name.replace(".weights.h5", ".json"))


def _checked_hash(entry: Entry, files: list[Path]) -> str:
    """The sha256 of a checkpoint that is as its config and its name say: that of its one file, or
    of its files one after another.
    """
    known, file = entry.config.checkpoint, files[0]
    digest = hashlib.sha256()
    for part in files:
        with part.open("rb") as content:
            while chunk := content.read(CHUNK):
                digest.update(chunk)
    found = digest.hexdigest()
    published = HASH.search(urlsplit(known.url).path) if known.url else None
    named = HASH.search(file.name) or published
    size = sum(part.stat().st_size for part in files)
    if known.bytes is not None and size != known.bytes:
        raise refused(str(file), f"{size} bytes", f"have {known.bytes}")
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
    """Fetch, convert, and remove the checkpoint of an entry. Processes do so one after another."""
    target = weights_path(entry)
    folder = target.with_name(f"{entry.name}.parts")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with lock(target):
            if not target.is_file():  # another process was first
                import_checkpoint(_fetch(entry, folder), entry.path)
    except OSError as error:
        raise WeightsError(
            f"weights: {entry.name} cannot be imported into {target.parent} ({error}); set "
            "SSLZOO_HOME to a folder with space that you may write to."
        ) from error
    finally:
        if not any(folder.glob("*.part.json")):  # the next call goes on with a download
            shutil.rmtree(folder, ignore_errors=True)
        Path(f"{target}.lock").unlink(missing_ok=True)


def _fetch(entry: Entry, folder: Path) -> Path:
    """The checkpoint of an entry in a folder: its first file."""
    known = entry.config.checkpoint
    file = urlsplit(known.url).path.rsplit("/", 1)[-1] if known.url else "FILE"
    failures = [] if known.url else ["no download is known"]
    urls = [known.url] if known.url else []
    urls += [urljoin(known.url, name) for name in known.more]
    alone = len(urls) == 1
    for url in urls:
        path = folder / urlsplit(url).path.rsplit("/", 1)[-1]
        sha256 = known.sha256 if alone else None
        download_first([url], path, sha256, known.bytes if alone else None, failures)
        if failures:
            break
    if failures:
        why = failures[0].removeprefix(f"{urls[0] if urls else ''}: ")
        raise WeightsError(
            f"weights: {entry.name} is not imported yet and cannot be fetched ({why}); get "
            f"{' and '.join(urls) or 'its checkpoint'} and run `sslzoo import {file} --as "
            f"{entry.name}`."
        )
    return folder / file
