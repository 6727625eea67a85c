"""Requests to `sslzoo serve` with bytes, values, keys, types or the path changed."""

import asyncio
import copy
import functools
import itertools
import json
import tempfile
import threading
from pathlib import Path

import numpy as np

import sslzoo
from benchmarks.fuzz import Case, Marked
from benchmarks.fuzz._bytes import DAMAGE, words

COUNT = 10_000
WITHIN = 10.0  # seconds for an answer
PATH = "/v1/models/m:predict"
# What replaces a value of a body.
VALUES = (
    None,
    True,
    -1,
    256,
    1e400,
    0.5,
    "x",
    "",
    [],
    {},
    [[]],
    {"b64": "AA=="},
    {"b64": 3},
    2**70,
)
# What replaces the path.
PATHS = (
    *("/", "/v1", "/v1/models", "/v1/models/m", "/v1/models/m:", "/v1/models/m:classify"),
    *("/v1/models/m/versions/99999999999999999999:predict", "/v1/models/m/versions/x:predict"),
    *("/v1/models/m/labels/a:predict", "/v1/models/%00:predict", "/v1/models/m/metadata"),
    *("/v1/models/../m:predict", "/v1/models/m:predict/", "/v1/models/M:predict", "/metrics/x"),
)


def cases(count):
    """Every kind of change in turn, each to the next body."""
    with tempfile.TemporaryDirectory(prefix="sslzoo_fuzz_") as folder:
        model = sslzoo.build("simclr", "micro", 8)
        model.export(f"{folder}/m", warmup=False)
        server = _Server(Path(folder) / "m")
        expected = [server.ask(PATH, body)[1] for body in BODIES]
        try:
            for number, change in zip(range(count), itertools.cycle(CHANGES), strict=False):
                place = number // len(CHANGES) % len(BODIES)
                path, body = change(copy.deepcopy(BODIES[place]), np.random.default_rng(number))
                read = functools.partial(_read, server, path, body, expected[place])
                yield Case(words(change), read)
        finally:
            server.close()


def _read(server, path, body, expected):
    """An answer, or an error of the request in JSON; afterwards a good request is answered."""
    code, answer = server.ask(path, body)
    good, _ = server.ask(PATH, BODIES[0])
    if good != 200:
        raise RuntimeError(f"a good request got {good} afterwards")
    if code == 200:
        return True if answer == expected else None  # what it means is another request
    if not 400 <= code < 500 or set(json.loads(answer)) != {"error"}:
        raise RuntimeError(f"{code} {answer[:100]}")
    raise Marked


class _Server:
    """The application of `sslzoo serve` in this process, without sockets."""

    def __init__(self, folder):
        from sslzoo.serving.server.app import Service, application
        from sslzoo.serving.server.limits import Limits
        from sslzoo.serving.server.versions import Settings

        service = Service([Settings("m", folder)], Limits(seconds=WITHIN, pixels=10**6))
        service.refresh()
        self.app = application(service)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def ask(self, path, body):
        """(code, body) of an answer."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = asyncio.run_coroutine_threadsafe(asked(self.app, path, content), self.loop)
        return answer.result(2 * WITHIN)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)


async def asked(app, path, content):
    """(code, body) of what an ASGI application answers."""
    sent, parts = [{"type": "http.request", "body": content}], []

    async def receive():
        return sent.pop() if sent else {"type": "http.disconnect"}

    async def send(message):
        parts.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": b"", "headers": [], "http_version": "1.1", "root_path": ""}
    await app(scope, receive, send)
    return parts[0]["status"], b"".join(part.get("body", b"") for part in parts[1:])


def _bodies():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 3, 3, 3)).tolist()
    file = {"b64": PNG}
    return [
        {"instances": images},
        {"inputs": {"images": images}},
        {"signature_name": "serving_bytes_marked", "instances": [file, file]},
        {"signature_name": "encode_bytes", "inputs": [file]},
    ]


# A white pixel.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJg"
    "gg=="
)
BODIES = _bodies()


def _places(value, path=()):
    """The paths to all values in a body."""
    yield path
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(part, (*path, key))


def _changed(body, rng, change):
    places = list(_places(body))[1:]
    *path, key = places[rng.integers(len(places))]
    parent = body
    for step in path:
        parent = parent[step]
    change(parent, key, rng)
    return PATH, body


def _a_value_is_another(body, rng):
    def change(parent, key, rng):
        parent[key] = VALUES[rng.integers(len(VALUES))]

    return _changed(body, rng, change)


def _a_value_is_gone(body, rng):
    return _changed(body, rng, lambda parent, key, rng: parent.pop(key))


def _a_value_is_nested(body, rng):
    def change(parent, key, rng):
        for _ in range(int(rng.integers(1, 400))):
            parent[key] = [parent[key]]

    return _changed(body, rng, change)


def _a_key_is_added(body, rng):
    key = ("instances", "inputs", "signature_name", "x")[rng.integers(4)]
    return PATH, body | {key: VALUES[rng.integers(len(VALUES))]}


def _a_file_is_damaged(body, rng):
    import base64

    damage = DAMAGE[rng.integers(len(DAMAGE))]
    file = {"b64": base64.b64encode(damage(base64.b64decode(PNG), rng)).decode()}
    good = {"b64": PNG}
    return PATH, {"signature_name": "serving_bytes_marked", "instances": [good, file]}


def _the_path_is_another(body, rng):
    return PATHS[rng.integers(len(PATHS))], body


def _the_body_is_damaged(body, rng):
    damage = DAMAGE[rng.integers(len(DAMAGE))]
    return PATH, damage(json.dumps(body).encode(), rng)


def _the_body_is_something_else(body, rng):
    bodies = (b"", b"null", b"[" * 100_000, b'{"a":' * 50_000, b"\xff" * 100, b"9" * 10_000, b"NaN")
    return PATH, bodies[rng.integers(len(bodies))]


CHANGES = (
    _a_value_is_another,
    _a_value_is_gone,
    _a_value_is_nested,
    _a_key_is_added,
    _a_file_is_damaged,
    _the_path_is_another,
    _the_body_is_damaged,
    _the_body_is_something_else,
)
