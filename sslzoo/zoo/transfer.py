"""How an entry's features transfer: the table of `sslzoo eval NAME --transfer`."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sslzoo.checks import refused
from sslzoo.data.sources import find
from sslzoo.evaluate.splits import needs
from sslzoo.evaluate.transferred import DRAWS, LABELS, transfer_encoders, transfer_figures
from sslzoo.files import make_folder, read_own, replace_file
from sslzoo.notices import notice
from sslzoo.progress import progress
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.recorded import add_to_record
from sslzoo.zoo.schema import ZooConfig
from sslzoo.zoo.sources import load_sets
from sslzoo.zoo.strict import Source

LEAST = 4  # sets of a table that is recorded


def _parts(name: str) -> tuple[Source, Source]:
    """A quarter of each class is held out of a set without a test split."""
    parts = [Source(name=name, split=split, hold_out=0.25) for split in ("train", "test")]
    return parts[0], parts[1]


def _splits(name: str, train: str, test: str) -> tuple[Source, Source]:
    return Source(name=name, split=train), Source(name=name, split=test)


# {name: (train, test)}. Of large sets 10,000 images train: more change the last digit alone.
SETS = {
    "tiny_imagenet40": _splits("tiny_imagenet40", "train", "val"),
    "pacs64/photo": _parts("pacs64/photo"),
    "pacs64/art_painting": _parts("pacs64/art_painting"),
    "pacs64/cartoon": _parts("pacs64/cartoon"),
    "pacs64/sketch": _parts("pacs64/sketch"),
    "cifar10": _splits("cifar10", "train[:10000]", "test"),
    "fashion_mnist": _splits("fashion_mnist", "train[:10000]", "test"),
    "mnist": _splits("mnist", "train[:10000]", "test"),
    "digits": _splits("digits", "train", "test"),
}

# {set: sets that hold its images}
PART_OF = {"tiny_imagenet40": {"imagenet", "lvd142m"}}


def transfer(name: str | Path, model: Any, folder: str | Path = "runs/transfer") -> list[dict]:
    """Linear probes and nearest neighbors on sets that an entry was not trained on.

    Args:
        name: an entry of the zoo, or the path of a config or of a run.
        model: the entry's.
        folder: keeps the figures of each set and encoder: the same call again goes on there.

    Returns:
        [{"set", "n_train", "n_test", "classes", "figures": {encoder: figures}}], see
        `sslzoo.evaluate.transferred.transfer_figures`. Sets that are not on this machine are left
        out, with a notice.

    Raises:
        ValueError: the model encodes no images, or no set is left.
        ModuleNotFoundError: scikit-image is not installed.

    Example:
        >>> import sslzoo
        >>> rows = transfer("simclr_resnet20", sslzoo.load("simclr_resnet20"))  # doctest: +SKIP
    """
    needs(model, "transfer", "encode")
    if model.reads.field != "images":
        raise refused("model", f"one that reads {model.reads.field}", "read images")
    encoders = transfer_encoders(model)
    names = _sets_for(Entry.find(name).config)
    if not names:
        raise ValueError(
            "transfer: none of its data sets is at hand; SSLZOO_DATA names their folder."
        )
    kept = Path(folder)
    make_folder(kept)
    return list(_rows(names, encoders, kept))


def record_transfer(name: str | Path, rows: list[dict]) -> None:
    """Write a table into the record of an entry. Raises ValueError where there is no record, or
    with fewer than four sets.

    Example:
        >>> record_transfer("simclr_resnet20.digits", [])
        Traceback (most recent call last):
        ValueError: transfer: got 0 sets; it must have at least 4 to be recorded.
    """
    if len(rows) < LEAST:
        raise refused("transfer", f"{len(rows)} sets", f"have at least {LEAST} to be recorded")
    add_to_record(name, transfer=rows)


def trained_on(config: ZooConfig) -> set[str]:
    """The data sets of a config, and of the entries whose networks it takes.

    Example:
        >>> import sslzoo
        >>> trained_on(sslzoo.info("simclr_resnet20.digits").config)
        {'digits'}
    """
    names = {source.name for source in config.sources().values()}
    for other in config.references().values():
        names |= trained_on(Entry.find(other).config)
    return names


def _sets_for(config: ZooConfig) -> list[str]:
    """The sets that are at hand and that the entry has not seen."""
    seen, names = trained_on(config), []
    for name in SETS:
        if any(_shares(name, other) for other in seen):
            notice(f"transfer: {name} is left out, because the model was trained on it.")
        elif name != "digits" and find(name) is None:
            notice(f"transfer: {name} is left out, because it is not on this machine.")
        else:
            names.append(name)
    return names


def _shares(name: str, other: str) -> bool:
    """Whether a set has images of another one, which may be a folder of it or its parent."""
    nested = name.startswith(f"{other}/") or other.startswith(f"{name}/")
    return name == other or nested or other in PART_OF.get(name, ())


def _rows(names: list[str], encoders: dict[str, Any], kept: Path) -> Iterator[dict]:
    weights = {encoder: _digest(encoders[encoder]) for encoder in encoders}
    for name in progress(names, "transfer", len(names), least=0):
        train, test = load_sets(SETS[name])
        row = {"set": name, "n_train": len(train), "n_test": len(test)}
        row |= {"classes": len(set(train.labels.tolist())), "figures": {}}
        for encoder, each in encoders.items():
            path = kept / f"{name.replace('/', '_')}.{encoder}{weights[encoder][:12]}.json"
            row["figures"][encoder] = _kept(path, each, train, test)
        yield row


def _kept(path: Path, encoder: Any, train: Any, test: Any) -> dict:
    """The figures of one set and encoder, measured once with these settings."""
    settings = {"labels": LABELS, "draws": DRAWS, "n_train": len(train), "n_test": len(test)}
    if path.is_file():
        saved = read_own(path, lambda: json.loads(path.read_text()), "transfer table")
        if saved["settings"] == settings:
            return saved["figures"]
    figures = transfer_figures(encoder, train, test)
    replace_file(path, json.dumps({"settings": settings, "figures": figures}, indent=1).encode())
    return figures


def _digest(encoder: Any) -> str:
    """Of the weights of a model, "-" and hexadecimal digits; "" of what has none."""
    if not hasattr(encoder, "get_weights"):
        return ""
    digest = hashlib.sha256()
    for weights in encoder.get_weights():
        digest.update(weights.tobytes())
    return f"-{digest.hexdigest()}"
