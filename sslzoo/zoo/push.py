"""Give a model away: as a repository of the Hugging Face Hub, or as a folder."""

import re
import tempfile
from dataclasses import replace
from pathlib import Path

from sslzoo.checks import local_path
from sslzoo.files import replace_file
from sslzoo.training import Method
from sslzoo.zoo.build import load
from sslzoo.zoo.entry import info
from sslzoo.zoo.folder import save
from sslzoo.zoo.folder_card import FolderCard
from sslzoo.zoo.hub import Repository
from sslzoo.zoo.markdown_card import markdown_card
from sslzoo.zoo.registry import is_remote, saved_kind

README = "README.md"
EXAMPLE = re.compile(r'sslzoo\.load\("[^"]*"\)')


def push(
    model: Method | str | Path,
    target: str | Path,
    private: bool = False,
    overwrite: bool = False,
) -> FolderCard:
    """Put a model where others load it with `sslzoo.load(target)`.

    The description `sslzoo.json`, the card `README.md`, and the weights as safetensors are written.
    Files with these names are replaced in a repository, as a new commit. Its other files stay.

    Args:
        model: A method of sslzoo, or what `sslzoo.load` takes, such as the name of an entry or a
            folder of `sslzoo.save`. The card of an entry has its figures. The `README.md` of a
            folder is taken as you edited it. Its first `sslzoo.load(...)` becomes that of the
            target.
        target: `hf://USER/NAME` or `hf://USER/NAME@BRANCH` for a repository of the Hugging Face
            Hub, which is made where there is none. It needs `pip install sslzoo[hub]` and a login
            (`hf auth login`). Or a folder, which any web server can offer.
        private: Whether a new repository is private.
        overwrite: Whether to replace a folder that `sslzoo.save` or `push` wrote before.

    Returns:
        The card of what was written. Its name is the target.

    Raises:
        WeightsError (a ValueError): The Hub cannot be reached, or refuses. FileExistsError: The
            folder exists. ModuleNotFoundError: huggingface_hub is not installed.

    Example:
        >>> import sslzoo, tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     card = sslzoo.push("simclr_resnet20.digits", f"{place}/digits")
        ...     sslzoo.load(f"{place}/digits").backbone.name
        'resnet20'
    """
    if not is_remote(target):
        return _write(model, target, str(target), overwrite)
    repository = Repository.of(target, "target")
    with tempfile.TemporaryDirectory(prefix="sslzoo_") as place:
        folder = Path(place, repository.name.rpartition("/")[2])
        card = _write(model, folder, repository.address, False)
        repository.upload(folder, private)
    return card


def _write(
    model: Method | str | Path, folder: str | Path, address: str, overwrite: bool
) -> FolderCard:
    """The folder of a model, whose card says how to load it from an address."""
    loaded = model if isinstance(model, Method) else load(model)
    folder = local_path("target", folder)
    readme = _own_readme(model, address)
    card = save(loaded, folder, "safetensors", overwrite)
    is_entry = not isinstance(model, Method) and saved_kind(model) is None
    readme = readme or markdown_card(info(model) if is_entry else card, address)
    replace_file(folder / README, readme.encode())
    return replace(card, name=address)


def _own_readme(model: Method | str | Path, address: str) -> str | None:
    """The card in a folder, which may have been edited, with the address in its first example."""
    if isinstance(model, Method) or saved_kind(model) != "folder":
        return None
    path = local_path("model", model) / README
    text = path.read_text("utf-8") if path.is_file() else ""
    return EXAMPLE.sub(lambda _: f'sslzoo.load("{address}")', text, count=1) or None
