"""TensorFlow Serving's REST API, as an ASGI application."""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson
from fastapi import FastAPI, Request, Response

from sslzoo.serving.server.answers import answered
from sslzoo.serving.server.batches import Batches
from sslzoo.serving.server.limits import DEFAULT, Limits
from sslzoo.serving.server.loaded import Loaded
from sslzoo.serving.server.metrics import Metrics
from sslzoo.serving.server.requests import arrays, parsed, signature_name
from sslzoo.serving.server.status import Refused, invalid
from sslzoo.serving.server.versions import Settings, Versions

_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
PREDICT = re.compile(_MODEL + r":(?P<method>classify|regress|predict)", re.IGNORECASE)
STATUS = re.compile(_MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE)
JSON = "application/json"
LOG = logging.getLogger("sslzoo.serving")
POLL = 1.0  # seconds between two looks at the folders, as TensorFlow Serving has it


class Service:
    """The models of a server, and what answers their requests.

    Args:
        models: what to serve.
        limits: of a request.

    Example:
        >>> from pathlib import Path
        >>> from sslzoo.serving.server.app import Service
        >>> from sslzoo.serving.server.versions import Settings
        >>> Service([Settings("digits", Path("nowhere"))]).ready
        False
    """

    def __init__(self, models: Iterable[Settings], limits: Limits = DEFAULT) -> None:
        self.models = {settings.name: Versions(settings, Loaded) for settings in models}
        self.limits = limits
        self.metrics = Metrics()
        self.draining = False
        # The graph has threads of its own: one call at a time is the fastest.
        self.graphs = ThreadPoolExecutor(1, "graph")
        self.texts = ThreadPoolExecutor(2, "json")
        self.batches: dict[tuple, Batches] = {}

    @property
    def ready(self) -> bool:
        return not self.draining and all(model.ready for model in self.models.values())

    def refresh(self) -> None:
        """Look at the folders of all models."""
        for name, model in self.models.items():
            before = set(model.loaded)
            model.refresh()
            for number in before | set(model.loaded):
                loaded = int(number in model.loaded)
                self.metrics.versions.labels(name, str(number)).set(loaded)
        loaded = {
            id(version) for model in self.models.values() for version in model.loaded.values()
        }
        self.batches = {key: batch for key, batch in self.batches.items() if key[0] in loaded}

    async def watch(self) -> None:
        """Refresh now and then, until cancelled."""
        while True:
            await asyncio.sleep(POLL)
            try:
                await asyncio.get_running_loop().run_in_executor(None, self.refresh)
            except Exception:  # such as a folder that cannot be read: what is loaded is served
                LOG.exception("The folders of the models cannot be looked at.")

    def model(self, name: str) -> Versions:
        """A model by its name.

        Raises:
            Refused: there is none.
        """
        if name not in self.models:
            raise Refused("NOT_FOUND", f"Servable not found for request: Latest({name})")
        return self.models[name]

    async def predict(self, place: dict, body: bytes) -> bytes:
        """The answer to a request.

        Raises:
            Refused: what it asks for cannot be answered.
        """
        loop = asyncio.get_running_loop()
        model = self.model(place["name"])
        version = model.find(_number(place), place["label"])
        request = await loop.run_in_executor(self.texts, parsed, body)
        signature = signature_name(request)
        read = partial(self._read, request, version.inputs(signature))
        inputs, rows = await loop.run_in_executor(self.texts, read)
        outputs = await self._compute(model, version, signature, inputs)
        return await loop.run_in_executor(self.texts, answered, outputs, rows)

    def _read(self, request: dict, needed: dict) -> tuple[dict, bool]:
        inputs, rows = arrays(request, needed)
        self.limits.check_inputs(inputs)
        return inputs, rows

    async def _compute(self, model: Versions, version: Any, signature: str, inputs: dict) -> dict:
        """Batched where the inputs have rows."""
        function = partial(version.compute, signature)
        if not all(array.ndim for array in inputs.values()):
            work = asyncio.get_running_loop().run_in_executor(self.graphs, function, inputs)
        else:
            key = id(version), signature
            if key not in self.batches:
                seen = self.metrics.rows.labels(model.settings.name).observe
                self.batches[key] = Batches(
                    function, self.graphs, self.limits.batch, self.limits.queue, seen
                )
            work = self.batches[key](inputs)
        try:
            return await asyncio.wait_for(work, self.limits.seconds)
        except TimeoutError:
            words = f"no answer within {self.limits.seconds:g} seconds"
            raise Refused("DEADLINE_EXCEEDED", words) from None

    def describe(self, place: dict) -> bytes:
        """Status or metadata of a model.

        Raises:
            Refused: there is no such model or version.
        """
        if not place["metadata"]:
            name = place["name"]
            if name not in self.models:
                raise Refused("NOT_FOUND", f"Could not find any versions of model {name}")
            return orjson.dumps(self.models[name].status(_number(place), place["label"]))
        version = self.model(place["name"]).find(_number(place), place["label"])
        spec = {"name": place["name"], "signature_name": "", "version": str(version.number)}
        signatures = {"signature_def": {"signature_def": version.metadata}}
        return orjson.dumps({"model_spec": spec, "metadata": signatures})


def _number(place: dict) -> int | None:
    if place["version"] is None:
        return None
    number = int(place["version"])
    if number >= 2**63:
        raise invalid(f"Failed to convert version: {place['version']} to numeric.")
    return number


def application(service: Service) -> FastAPI:
    """The ASGI application of a service.

    Beside TensorFlow Serving's paths it has `/healthz` (the process lives), `/readyz` (all models
    are loaded, and it is not about to stop) and `/metrics` (Prometheus; also under TensorFlow
    Serving's `/monitoring/prometheus/metrics`).

    Example:
        >>> from sslzoo.serving.server.app import Service, application
        >>> application(Service([])).title
        'sslzoo'
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(service.watch())
        yield
        watch.cancel()

    app = FastAPI(title="sslzoo", openapi_url=None, redirect_slashes=False, lifespan=lifespan)

    @app.get("/healthz")
    async def live() -> Response:
        return Response("ok\n", media_type="text/plain")

    @app.get("/readyz")
    async def ready() -> Response:
        words, code = ("ok\n", 200) if service.ready else ("not ready\n", 503)
        return Response(words, code, media_type="text/plain")

    @app.get("/metrics")
    @app.get("/monitoring/prometheus/metrics")
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"])
    async def rest(request: Request) -> Response:
        start = time.perf_counter()
        answer = await _answer(service, request)
        service.metrics.requests.labels(answer.model, answer.method, str(answer.code)).inc()
        service.metrics.seconds.labels(answer.model).observe(time.perf_counter() - start)
        headers = {"Connection": "close"} if service.draining else None
        return Response(answer.body, answer.code, headers=headers, media_type=JSON)

    return app


class _Answer(NamedTuple):
    """model, method: what it is counted under; unknown models count together. code: of HTTP."""

    model: str
    method: str
    code: int
    body: bytes


async def _answer(service: Service, request: Request) -> _Answer:
    model, method = "", ""
    path = request.scope["path"]
    try:
        found = {"POST": PREDICT, "GET": STATUS}.get(request.method, PREDICT).fullmatch(path)
        if not found or request.method not in ("POST", "GET"):
            raise invalid(f"Malformed request: {request.method} {path}")
        place = found.groupdict()
        place["name"] = unquote(place["name"])
        model = place["name"] if place["name"] in service.models else ""
        method = place.get("method", "status")
        if method == "status":
            return _Answer(model, method, 200, service.describe(place))
        if method.lower() != "predict":
            raise invalid(f"{method}: this model has no such signatures; use predict.")
        body = await service.predict(place, await _body(service, request))
        return _Answer(model, method, 200, body)
    except Refused as error:
        return _Answer(model, method, error.http, error.body)
    except Exception as error:  # a fault of ours: the others are answered
        LOG.exception("%s %s", request.method, path)
        refused = Refused("INTERNAL", f"{type(error).__name__}: {str(error)[:300]}")
        return _Answer(model, method, refused.http, refused.body)


async def _body(service: Service, request: Request) -> bytes:
    """The body, refused as soon as it is too large."""
    given = request.headers.get("content-length", "")
    if given.isdecimal():
        service.limits.check_body(int(given))
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        service.limits.check_body(size)
        parts.append(part)
    return b"".join(parts)
