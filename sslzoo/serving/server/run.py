"""The server: a process that answers until it is told to stop."""

import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

import uvicorn

from sslzoo.checks import at_least, local_path, refused, whole
from sslzoo.notices import notice
from sslzoo.serving.server.app import Service, application
from sslzoo.serving.server.limits import DEFAULT, Limits
from sslzoo.serving.server.models_config import read_config
from sslzoo.serving.server.versions import Settings


def serve(
    path: str | Path,
    name: str | None = None,
    host: str = "127.0.0.1",
    port: int = 8501,
    limits: Limits = DEFAULT,
    drain: float = 1.0,
) -> None:
    """Serve exported models over TensorFlow Serving's REST API, until SIGTERM or SIGINT.

    Args:
        path: The folder of a model's versions, as `model.export` writes it, or a `models.config`.
        name: Of the model in the requests' paths. Default: the folder's name.
        host, port: Where to listen. Port 0 takes a free one.
        limits: Of a request.
        drain: Seconds between the signal and the end of listening. `/readyz` says no meanwhile, so
            that a load balancer sends no more; what came is answered in any case.

    Raises:
        ValueError: No version in the folder, one that cannot be loaded, a port that is taken.
        FileNotFoundError: No such folder.

    Example:
        >>> from sslzoo.serving.server import serve
        >>> serve("nowhere")
        Traceback (most recent call last):
        FileNotFoundError: path: there is no nowhere.
    """
    whole("port", port, 0, 65_535)
    at_least("drain", drain, 0)
    models = _models(path, name)
    service = Service(models, limits)
    listening = _listen(host, port)
    service.refresh()
    for name, model in service.models.items():
        if not model.ready:
            raise refused("path", _why(model), f"have a version that loads, for {name}")
    where = f"http://{host}:{listening.getsockname()[1]}"
    for name, model in service.models.items():
        numbers = ", ".join(map(str, sorted(model.loaded)))
        notice(f"{where}/v1/models/{name}:predict answers (version {numbers})")
    config = uvicorn.Config(application(service), log_level="warning", access_log=False)
    _Server(config, service, drain).run([listening])
    notice("Stopped; every request was answered.")


class _Server(uvicorn.Server):
    """Says that it is not ready before it stops listening."""

    def __init__(self, config: uvicorn.Config, service: Service, drain: float) -> None:
        super().__init__(config)
        self.service, self.drain = service, drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.service.draining:  # the second signal
            super().handle_exit(sig, frame)
            return
        self.service.draining = True
        threading.Timer(self.drain, self._stop).start()

    def _stop(self) -> None:
        self.should_exit = True


def _models(path: str | Path, name: str | None) -> Iterable[Settings]:
    path = local_path("path", path)
    if not path.exists():
        raise FileNotFoundError(f"path: there is no {path}.")
    if path.is_file():
        if name is not None:
            raise refused("name", name, "be left out: a models.config has the names")
        return read_config(path)
    if not any(folder.name.isdecimal() for folder in path.iterdir()):
        needed = "be the folder that holds the versions 1, 2, ..., as model.export writes it"
        raise refused("path", str(path), needed)
    name = path.resolve().name if name is None else name
    if not name or set(name) & set("/:"):
        raise refused("name", repr(name), "be a name without / and :")
    return [Settings(name, path)]


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        words = error.strerror or str(error)
        raise ValueError(f"port: got {host}:{port}, where nobody can listen: {words}.") from None


def _why(model) -> str:
    states = [state for state in model.states.values() if state.message]
    return f"{model.settings.folder}" + (f" ({states[-1].message})" if states else "")
