"""Models that `sslzoo.save` or `sslzoo.push` wrote and that lie elsewhere: on the Hugging Face Hub
(`hf://USER/NAME`), or in a folder of a web server (`https://HOST/FOLDER`).

The description and the weights are fetched, nothing else. The weights are used once their size and
sha256 are those of the description.
"""

import hashlib
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from sslzoo.checks import refused
from sslzoo.files import make_folder, replace_file
from sslzoo.notices import notice
from sslzoo.zoo.cache import cache_folder
from sslzoo.zoo.download import WeightsError, download_first, matches
from sslzoo.zoo.folder_card import FolderCard
from sslzoo.zoo.hub import Repository
from sslzoo.zoo.registry import FOLDER_DESCRIPTION
from sslzoo.zoo.url import Unusable, read_small

MOST = 64 << 20  # bytes of a description


def remote_card(address: str) -> FolderCard:
    """The card of a saved model elsewhere. Its weights are not fetched.

    Raises:
        As `fetch_remote`.

    Example:
        >>> remote_card("hf://ann/mine").described["method"]  # doctest: +SKIP
        'SimCLR'
    """
    if address.startswith("hf://"):
        repository = Repository.of(address)
        return _card_of(repository, repository.download(whole=False))
    return _described(address)


def fetch_remote(address: str) -> tuple[FolderCard, Path]:
    """(card, verified weights file in the cache) of a saved model elsewhere.

    Raises:
        WeightsError (a ValueError): it cannot be fetched, or its weights are not those of its
            description. ModuleNotFoundError: huggingface_hub is needed and not installed.

    Example:
        >>> fetch_remote("https://example.org/models/mine")  # doctest: +SKIP
    """
    if address.startswith("hf://"):
        return _of_hub(Repository.of(address))
    card = _described(address)
    return card, _weights(address, card)


def _of_hub(repository: Repository) -> tuple[FolderCard, Path]:
    for again in (False, True):  # what is damaged in the cache is fetched again
        folder = repository.download(again=again)
        card = _card_of(repository, folder)
        path = folder / card.described["weights"]["file"]
        if matches(path, card.sha256, card.bytes):
            return card, path
    raise WeightsError(
        f"{repository.address}: {path.name} is missing or damaged there; it must have {card.bytes} "
        f"bytes and sha256 {card.sha256}, so push the model again."
    )


def _card_of(repository: Repository, folder: Path) -> FolderCard:
    try:
        return FolderCard.read(folder, repository.address)
    except FileNotFoundError:
        needed = "be one that sslzoo.push wrote"
        got = f"a repository without {FOLDER_DESCRIPTION}"
        raise refused(repository.address, got, needed) from None


def _described(address: str) -> FolderCard:
    """The card of a folder on a web server; where that cannot be reached, as it was last seen."""
    key = hashlib.sha256(address.encode()).hexdigest()[:16]
    kept = cache_folder() / "remote" / key
    try:
        content = read_small(_url(address, FOLDER_DESCRIPTION), MOST)
    except Unusable as error:
        if error.answered or not (kept / FOLDER_DESCRIPTION).is_file():
            raise _not_fetched(address, FOLDER_DESCRIPTION, error) from error
        notice(f"{address}: not reachable ({error}); its copy in the cache is used.")
        return FolderCard.read(kept, address)
    card = FolderCard.of(content, address)
    with suppress(OSError):  # a cache that cannot be written: the next call needs the network
        make_folder(kept)
        replace_file(kept / FOLDER_DESCRIPTION, content)
    return card


def _weights(address: str, card: FolderCard) -> Path:
    """The weights file of a card, in the cache."""
    file = card.described["weights"]["file"]
    target = cache_folder() / f"{card.sha256[:12]}-{file}"
    if matches(target, card.sha256, card.bytes):
        return target
    failures = []
    url = _url(address, file)
    path = download_first([url], target, card.sha256, card.bytes, failures)
    if path is None:
        raise _not_fetched(address, file, failures[0].removeprefix(f"{url}: "))
    return path


def _url(address: str, file: str) -> str:
    parts = urlsplit(address)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{file}", fragment="").geturl()


def _not_fetched(address: str, file: str, reason: object) -> WeightsError:
    return WeightsError(
        f"{address}: {file} cannot be fetched ({reason}); it must be the address of a folder that "
        "sslzoo.push wrote, so check it and the network, or copy the folder and load its path."
    )
