"""Repositories of the Hugging Face Hub, by the package `huggingface_hub`.

Its own settings hold: HF_ENDPOINT, HF_HOME, HF_HUB_OFFLINE, and the login that it keeps.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from sslzoo.checks import refused
from sslzoo.zoo.download import WeightsError
from sslzoo.zoo.folder_card import WEIGHTS
from sslzoo.zoo.registry import FOLDER_DESCRIPTION

ADDRESS = re.compile(r"hf://(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[^\s@]+))?/?")
LOGIN = "`hf auth login` or HF_TOKEN"
# What the package raises, with what to do. Versions differ in modules, not in names.
KNOWN = {
    "GatedRepoError": f"access must be asked for on its page; then log in with {LOGIN}",
    "RepositoryNotFoundError": "there is no such repository, or it is private: check the name, or "
    f"log in with {LOGIN}",
    "RevisionNotFoundError": "the repository has no such revision; name a branch, a tag or a "
    "commit of it after the @",
    "LocalEntryNotFoundError": "the Hub cannot be reached, and it is not in the cache; check the "
    "network, HF_ENDPOINT and HF_HUB_OFFLINE",
    "OfflineModeIsEnabled": "HF_HUB_OFFLINE is set; unset it",
    "LocalTokenNotFoundError": f"nobody is logged in; use {LOGIN}",
}
STATUS = {401: f"log in with {LOGIN}", 403: f"this login may not do that; use another one: {LOGIN}"}


class Repository(NamedTuple):
    """A repository of models, and a branch, tag or commit of it; None: its newest state.

    >>> Repository.of("hf://ann/mine@v2")
    Repository(address='hf://ann/mine@v2', name='ann/mine', revision='v2')
    """

    address: str
    name: str
    revision: str | None

    @classmethod
    def of(cls, address: str, field: str = "model") -> "Repository":
        """The repository of an address. Raises ValueError, which names the field."""
        parts = ADDRESS.fullmatch(address)
        if parts is None:
            raise refused(field, repr(address), "be hf://USER/NAME or hf://USER/NAME@REVISION")
        return cls(address.rstrip("/"), parts["repository"], parts["revision"])

    def download(self, whole: bool = True, again: bool = False) -> Path:
        """The local folder of the repository, in the cache of huggingface_hub. Of its files only
        those that `sslzoo.save` writes are fetched.

        Args:
            whole: whether the weights are needed, and not the description alone.
            again: whether files that are in the cache are fetched all the same.

        Raises:
            WeightsError (a ValueError): it cannot be fetched. ModuleNotFoundError: the package is
                not installed.

        >>> Repository.of("hf://ann/mine").download()  # doctest: +SKIP
        """
        files = [FOLDER_DESCRIPTION, *(WEIGHTS.values() if whole else ())]
        folder = self._calling(
            lambda hub: hub.snapshot_download(
                self.name, revision=self.revision, allow_patterns=files, force_download=again
            )
        )
        return Path(folder)

    def upload(self, folder: Path, private: bool) -> None:
        """Put the files of a folder into the repository, as one commit; it is made where there is
        none.

        Raises:
            As `download`.

        >>> Repository.of("hf://ann/mine").upload(Path("mine"), private=True)  # doctest: +SKIP
        """

        def upload(hub: Any) -> None:
            api = hub.HfApi(library_name="sslzoo")
            api.create_repo(self.name, private=private or None, exist_ok=True)
            if self.revision is not None:
                api.create_branch(self.name, branch=self.revision, exist_ok=True)
            api.upload_folder(
                repo_id=self.name,
                folder_path=folder,
                revision=self.revision,
                commit_message="A model of sslzoo",
            )

        self._calling(upload)

    def _calling(self, call: Callable) -> Any:
        try:
            import huggingface_hub
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"{self.address}: the Hub needs huggingface_hub, which is not installed; "
                "`pip install sslzoo[hub]` installs it."
            ) from error
        try:
            return call(huggingface_hub)
        except Exception as error:  # of the network, the disk, the Hub: of several packages
            raise WeightsError(f"{self.address}: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    """What an exception of huggingface_hub means, and what to do, in a few words."""
    for kind in type(error).__mro__:
        if kind.__name__ in KNOWN:
            return KNOWN[kind.__name__]
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in STATUS:
        return f"the Hub refused this ({status}); {STATUS[status]}"
    if isinstance(error, OSError) and error.strerror:
        return (
            f"its cache cannot be written ({error.strerror}); free some space there, or set "
            "HF_HOME to a folder with space that you may write to"
        )
    text = " ".join(str(error).split())[:200].rstrip(".")
    return f"huggingface_hub failed ({type(error).__name__}: {text})"
