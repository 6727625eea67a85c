"""Models that a user saved: a `.keras` file, a weights file, the folder of an export, a run.

`folder.py` has the folders that `sslzoo.save` writes.
"""

import warnings
from pathlib import Path
from typing import Any

import keras

from sslzoo.checks import refused
from sslzoo.errors import UnknownName
from sslzoo.methods import list_methods, method_class
from sslzoo.training import Checkpoint, Method
from sslzoo.training.saving import described_by
from sslzoo.zoo.build import from_config
from sslzoo.zoo.entry import Entry
from sslzoo.zoo.folder import load_described, load_folder
from sslzoo.zoo.remote import fetch_remote
from sslzoo.zoo.weights import load_weights


def load_file(path: Path) -> Method:
    """The model of a `.keras` file that `model.save` wrote.

    Raises:
        FileNotFoundError: there is no such file. ValueError: no such model is in it.

    Example:
        >>> import sslzoo, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "mine.keras")
        ...     sslzoo.build("simclr", "micro", 8).save(path)
        ...     sslzoo.load(path).backbone.name
        'micro'
    """
    if not path.is_file():
        raise FileNotFoundError(f"model: there is no file {path}.")
    _register_methods()
    try:
        with warnings.catch_warnings():
            # of a model that was saved before it was trained
            warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
            model = keras.saving.load_model(path)
    except Exception as error:  # Keras names no kinds
        raise ValueError(f"{path}: not a readable .keras file: {_flat(error)}.") from error
    if not isinstance(model, Method):
        raise ValueError(f"{path}: got {type(model).__name__}; it must be a method of sslzoo.")
    return model


def load_weights_file(path: Path) -> Method:
    """The model of a weights file alone: as the file describes it, as the config beside it does, or
    as the zoo's entry of the same name does.

    Raises:
        FileNotFoundError: there is no such file. ValueError: nothing says which model it is of.

    Example:
        >>> import sslzoo, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "mine.weights.h5")
        ...     sslzoo.build("simclr", "micro", 8).save_weights(path)
        ...     sslzoo.load(path).backbone.name
        'micro'
    """
    if not path.is_file():
        raise FileNotFoundError(f"model: there is no file {path}.")
    description = described_by(path)
    if description is None:
        model = from_config(_entry_of(path).config, pretrained=False)
    else:
        _register_methods()
        model = keras.saving.deserialize_keras_object(description)
    load_weights(model, path)
    return model


def load_export(folder: Path) -> Method:
    """The model of a folder that `model.export` wrote: of the largest version in it, or of a single
    version. Heads that no verb reads are untrained: the export left them out.

    Raises:
        ValueError: an export that does not describe its model, of an older version of sslzoo.

    Example:
        >>> sslzoo.load("served/mine").encode(images).shape  # doctest: +SKIP
        (100, 64)
    """
    from sslzoo.serving.restore import restore

    _register_methods()
    return restore(_version_of(folder))


def load_remote(address: str) -> Method:
    """The model of an address: `hf://USER/NAME`, or the URL of a folder that `sslzoo.save` wrote.

    Raises:
        ValueError: It cannot be fetched, or is damaged. ModuleNotFoundError: The Hub is asked for,
            and huggingface_hub is not installed.

    Example:
        >>> load_remote("hf://ann/mine").encode(images).shape  # doctest: +SKIP
        (100, 64)
    """
    card, path = fetch_remote(address)
    return load_described(card, path, address)


def load_unfinished(entry: Entry) -> Method:
    """The model of a run that has a checkpoint and no weights yet.

    Raises:
        ValueError: the run has no checkpoint either.

    Example:
        >>> load_unfinished(Entry.find("runs/mine"))  # doctest: +SKIP
    """
    model = from_config(entry.config, pretrained=False)
    checkpoint = entry.run / "checkpoint.npz"
    if model.learns_tasks:  # one file for each task
        files = (entry.run / type(model).__name__.lower()).glob("task*.npz")
        checkpoint = max(files, key=lambda file: int(file.stem[4:]), default=checkpoint)
    if not checkpoint.is_file():
        raise ValueError(
            f"{entry.run}: the run has neither weights nor a checkpoint yet; it must have trained."
        )
    model.optimizer.build(model.trainable_variables)
    Checkpoint(checkpoint).restore(model)
    return model


READERS = {
    "model": load_file,
    "weights": load_weights_file,
    "export": load_export,
    "folder": load_folder,
    "remote": load_remote,
}


def _version_of(folder: Path) -> Path:
    """The folder of the SavedModel."""
    if (folder / "saved_model.pb").is_file():
        return folder
    versions = [file.parent for file in folder.glob("*/saved_model.pb")]
    numbered = [version for version in versions if version.name.isdecimal()]
    return max(numbered, key=lambda version: int(version.name)) if numbered else versions[0]


def _entry_of(path: Path) -> Entry:
    """The entry that a weights file belongs to."""
    beside = path.absolute().parent / "config.yaml"
    name = path.name.removesuffix(".weights.h5")
    try:
        return Entry.find(beside if beside.is_file() else name)
    except (UnknownName, FileNotFoundError):
        needed = f"be loaded by the name of its model: load(NAME, weights={str(path)!r})"
        raise refused(str(path), "a file that does not say which model it is of", needed) from None


def _register_methods() -> None:
    """Keras finds a class by its name once its file has been imported."""
    for name in list_methods():
        method_class(name)


def _flat(error: Any) -> str:
    return " ".join(str(error).split())[:200].rstrip(".")
