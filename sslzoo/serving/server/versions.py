"""The versions of a model in a folder: loaded as they appear, dropped as they go."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sslzoo.serving.server.status import Refused, invalid


class Settings(NamedTuple):
    """What to serve of one folder.

    name: in the paths of requests. folder: that of the versions 1, 2, ...
    policy: how many of the newest versions ("latest" and `count`), all, or the numbers of `only`.
    labels: {label: version}.

    Example:
        >>> from pathlib import Path
        >>> from sslzoo.serving.server.versions import Settings
        >>> Settings("digits", Path("models/digits")).wanted([1, 2, 3])
        [3]
    """

    name: str
    folder: Path
    count: int | None = 1  # None: all
    only: tuple[int, ...] = ()
    labels: Mapping[str, int] = {}

    def wanted(self, numbers: list[int]) -> list[int]:
        """Those of the versions that are there that are to be served."""
        if self.only:
            return sorted(set(self.only) & set(numbers))
        return sorted(numbers)[-self.count :] if self.count else sorted(numbers)


class State(NamedTuple):
    """Where a version stands, in TensorFlow Serving's words.

    Example:
        >>> from sslzoo.serving.server.versions import State
        >>> State(2, "END", "UNKNOWN", "no SavedModel").described()["version"]
        '2'
    """

    number: int
    state: str  # LOADING, AVAILABLE or END
    code: str = "OK"
    message: str = ""

    def described(self) -> dict:
        """The status as JSON."""
        status = {"error_code": self.code, "error_message": self.message}
        return {"version": str(self.number), "state": self.state, "status": status}


class Versions:
    """The loaded versions of a model.

    `refresh` looks at the folder. What it newly wants is loaded before anything is dropped. A
    version that cannot be loaded is left out until its files change, and the others stay. Requests
    that run keep the version that they began with.

    Args:
        settings: what to serve.
        load: folder of a version -> a `Loaded`.

    Example:
        >>> from pathlib import Path
        >>> from sslzoo.serving.server.versions import Settings, Versions
        >>> versions = Versions(Settings("digits", Path("nowhere")), load=print)
        >>> versions.refresh()
        >>> versions.ready
        False
    """

    def __init__(self, settings: Settings, load: Callable[[Path], Any]) -> None:
        self.settings, self.load = settings, load
        self.loaded: dict[int, Any] = {}
        self.states: dict[int, State] = {}
        self.failed: dict[int, float] = {}  # version: when its files last changed
        self.lock = threading.Lock()

    @property
    def ready(self) -> bool:
        return bool(self.loaded)

    def refresh(self) -> None:
        """Load what is new, and drop what is gone."""
        with self.lock:
            folder = self.settings.folder
            there = [int(path.name) for path in folder.glob("*") if _is_version(path)]
            wanted = self.settings.wanted(there)
            for number in wanted:
                if number not in self.loaded:
                    self._try(number)
            if not any(number in self.loaded for number in wanted):
                wanted = [number for number in self.loaded if number in there]  # better than none
            for number in [number for number in self.loaded if number not in wanted]:
                self.states[number] = State(number, "END")
                self.loaded = {key: old for key, old in self.loaded.items() if key != number}

    def _try(self, number: int) -> None:
        folder = self.settings.folder / str(number)
        changed = _changed(folder)
        if self.failed.get(number) == changed:
            return
        self.states[number] = State(number, "LOADING")
        try:
            version = self.load(folder)
        except Exception as error:  # whatever is in a folder, the others are served
            words = " ".join(str(error).split())[:300]
            self.states[number] = State(number, "END", "UNKNOWN", words)
            self.failed[number] = changed
            return
        self.failed.pop(number, None)
        self.loaded = {**self.loaded, number: version}
        self.states[number] = State(number, "AVAILABLE")

    def find(self, number: int | None = None, label: str | None = None) -> Any:
        """The version that a request asks for; the newest one if it names none.

        Raises:
            Refused: it is not loaded.
        """
        name = self.settings.name
        if label is not None:
            if label not in self.settings.labels:
                raise invalid(f"Unrecognized servable version label: {label}")
            number = self.settings.labels[label]
        loaded = self.loaded
        if number is None:
            if not loaded:
                raise Refused("NOT_FOUND", f"Servable not found for request: Latest({name})")
            return loaded[max(loaded)]
        if number not in loaded:
            what = f"Specific({name}, {number})"
            raise Refused("NOT_FOUND", f"Servable not found for request: {what}")
        return loaded[number]

    def status(self, number: int | None = None, label: str | None = None) -> dict:
        """The states of all versions, the newest first, or of one.

        Raises:
            Refused: there is no such version.
        """
        name = self.settings.name
        if label is not None:
            number = self.find(label=label).number
        if number is None:
            states = [self.states[key] for key in sorted(self.states, reverse=True)]
            if not states:
                raise Refused("NOT_FOUND", f"Could not find any versions of model {name}")
        elif number not in self.states:
            raise Refused("NOT_FOUND", f"Could not find version {number} of model {name}")
        else:
            states = [self.states[number]]
        return {"model_version_status": [state.described() for state in states]}


def _is_version(path: Path) -> bool:
    return path.name.isdecimal() and path.is_dir()


def _changed(folder: Path) -> float:
    """When a file of a version last changed."""
    times = [0.0]
    for path in (folder, *folder.rglob("*")):
        try:
            times.append(path.stat().st_mtime)
        except OSError:  # it went away meanwhile
            continue
    return max(times)
