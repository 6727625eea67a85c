"""A model as one folder that describes itself: `sslzoo.json`, the card `README.md`, the weights."""

import copy
import inspect
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import keras

from sslzoo.checks import local_path, one_of, refused
from sslzoo.files import make_folder, read_own, replace_file
from sslzoo.serving.export import description
from sslzoo.training import Method
from sslzoo.zoo.download import verify
from sslzoo.zoo.folder_card import WEIGHTS, FolderCard, digest
from sslzoo.zoo.markdown_card import markdown_card
from sslzoo.zoo.registry import FOLDER_DESCRIPTION
from sslzoo.zoo.weights import load_weights, save_weights


def save(
    model: Method, folder: str | Path, weights: str = "h5", overwrite: bool = False
) -> FolderCard:
    """Write a model as a folder, which `sslzoo.load` reads on either backend. It appears whole or
    not at all.

    The folder holds the description `sslzoo.json`, the card `README.md`, and the weights as
    float32. A network of your own is in the description, as Keras saves it. The optimizer's state
    and the random seeds are not in it: `model.save("mine.keras")` keeps them.

    Args:
        model: A method of sslzoo.
        folder: The folder to write.
        weights: The format of the weights: "h5" or "safetensors".
        overwrite: Whether to replace a folder that `save` wrote before.

    Returns:
        The card of the folder, as `sslzoo.info` gives it.

    Raises:
        FileExistsError: The folder exists. ValueError: It would replace a folder of other content,
            or Keras cannot describe the model.

    Example:
        >>> import sslzoo, tempfile
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> with tempfile.TemporaryDirectory() as place:
        ...     card = sslzoo.save(model, f"{place}/mine")
        ...     sslzoo.load(f"{place}/mine").backbone.name
        'micro'
    """
    folder = local_path("folder", folder)
    one_of("weights", weights, list(WEIGHTS))
    if not isinstance(model, Method):
        raise refused("model", type(model).__name__, "be a method of sslzoo")
    _check_target(folder, overwrite)
    described = _described(model)
    make_folder(folder.parent)
    names = {"dir": folder.parent, "prefix": f".{folder.name}."}
    try:
        with tempfile.TemporaryDirectory(**names, ignore_cleanup_errors=True) as place:
            part = Path(place) / folder.name
            part.mkdir()
            described["weights"] = save_weights(model, part / WEIGHTS[weights], "float32")
            described["digest"] = digest(described)
            card = FolderCard(folder.absolute().name, described)
            text = json.dumps(described, indent=1) + "\n"
            replace_file(part / FOLDER_DESCRIPTION, text.encode())
            replace_file(part / "README.md", markdown_card(card).encode())
            _put(part, folder, Path(place) / "before")
    except OSError as error:
        reason = " ".join(str(error.strerror or error).split())
        raise OSError(f"{folder}: this folder cannot be written ({reason}).") from error
    return card


def load_folder(folder: Path) -> Method:
    """The model of a folder that `save` wrote.

    Raises:
        ValueError: The description or the weights are damaged or missing, or do not belong
            together.

    Example:
        >>> load_folder(Path("mine")).encode(images).shape  # doctest: +SKIP
        (100, 64)
    """
    card = FolderCard.read(folder)
    path = folder / card.described["weights"]["file"]
    if not path.is_file():
        raise ValueError(f"{folder}: the file {path.name} is missing; copy the whole folder again.")
    verify(path, card.sha256, card.bytes)
    return load_described(card, path, str(folder))


def load_described(card: FolderCard, path: Path, place: str) -> Method:
    """The model of a card, with the weights in `path`, which were verified.

    Args:
        card: of a saved model. path: of its weights. place: where it is, for errors.

    Raises:
        ValueError: The description is of no method of sslzoo, or the weights are of another model.

    Example:
        >>> load_described(card, Path("mine/model.safetensors"), "mine")  # doctest: +SKIP
    """
    description_path = f"{place}/{FOLDER_DESCRIPTION}"
    model = read_own(description_path, lambda: _restored(card.described), "description of a model")
    if not isinstance(model, Method):
        raise refused(place, type(model).__name__, "describe a method of sslzoo")
    load_weights(model, path)
    model.remember_origin(card.described["origin"])
    return model


def _check_target(folder: Path, overwrite: bool) -> None:
    if not os.path.lexists(folder):
        return
    if not overwrite:
        raise FileExistsError(f"folder: {folder} exists; give another one, or overwrite=True.")
    if not (folder / FOLDER_DESCRIPTION).is_file():
        raise refused("folder", str(folder), "be one that sslzoo.save wrote, to be replaced")


def _described(model: Method) -> dict[str, Any]:
    """The description of a model, of which the same model was made again."""
    try:
        described = json.loads(json.dumps(description(model)))
        _restored(described)
    except Exception as error:  # Keras names no kinds
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200].rstrip(".")
        raise ValueError(
            f"model: Keras cannot save and make it again ({reason}); use layers and functions "
            "that are registered with Keras."
        ) from error
    paper = inspect.cleandoc(type(model).__doc__ or "").split("\n\n")[0]
    about = {"paper": " ".join(paper.split()), "parameters": model.count_params()}
    return about | described


def _restored(described: dict[str, Any]) -> Any:
    return keras.saving.deserialize_keras_object(copy.deepcopy(described["model"]))  # it empties it


def _put(part: Path, folder: Path, before: Path) -> None:
    """Rename a whole folder to its place; the one before goes away afterwards."""
    if folder.is_dir():
        folder.rename(before)
    try:
        part.rename(folder)
    except OSError:
        if before.is_dir():
            before.rename(folder)
        raise
    shutil.rmtree(before, ignore_errors=True)
