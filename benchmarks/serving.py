"""The throughput of `sslzoo serve` under many clients, beside the bare SavedModel in a loop on the
same requests. On an idle machine.

Both answer requests of one image, in one process each, one after the other and in turns.
"""

import base64
import http.client
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.targets import target

MODEL, SIDE = "simclr_resnet20.cifar10", 32
SECONDS, ROUNDS, CLIENTS = 10.0, 3, 16  # of each measurement; pairs of them; threads that ask


def run(_, seconds=SECONDS, rounds=ROUNDS):
    """{"rows": one of each measurement, "targets"}."""
    import sslzoo

    with tempfile.TemporaryDirectory() as folder:
        exported = sslzoo.load(MODEL).export(f"{folder}/m", warmup=False)
        files = [_png(seed) for seed in range(64)]
        bare = _bare(exported, files)
        process, url = _server(exported.parent)
        try:
            pairs = [(bare(seconds), _load(url, files, CLIENTS, seconds)) for _ in range(rounds)]
        finally:
            process.terminate()
            process.wait()
    rows = [{"what": "bare" if i == 0 else "served"} | pair[i] for pair in pairs for i in (0, 1)]
    ratios = [served["per_second"] / alone["per_second"] for alone, served in pairs]
    errors = sum(served["errors"] for _, served in pairs)
    return {
        "model": MODEL,
        "clients": CLIENTS,
        "rows": rows,
        "targets": [
            target("requests a second, served to bare", np.median(ratios), 0.8),
            target("errors", errors, 0, most=True),
        ],
    }


def _png(seed: int) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _bare(exported: Path, files: list[bytes]):
    """A function of seconds -> the figures of the SavedModel called once for each file."""
    import tensorflow as tf

    signature = tf.saved_model.load(str(exported)).signatures["serving_bytes"]
    requests = [tf.constant([file]) for file in files]

    def measure(seconds: float) -> dict:
        signature(image_bytes=requests[0])
        return _figures(_timed(lambda i: signature(image_bytes=requests[i % 64]), seconds), seconds)

    return measure


def _timed(ask, seconds: float) -> list[float]:
    """Seconds of each call."""
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        ask(len(times))
        times.append(time.perf_counter() - start)
    return times


def _load(url: str, files: list[bytes], clients: int, seconds: float) -> dict:
    """The figures of clients that each send one request after the other."""
    bodies = [
        json.dumps(
            {
                "signature_name": "serving_bytes",
                "instances": [{"b64": base64.b64encode(file).decode()}],
            }
        ).encode()
        for file in files
    ]
    times, errors = [], []

    def client() -> None:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)

        def ask(number: int) -> None:
            connection.request("POST", "/v1/models/m:predict", bodies[number % len(bodies)])
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                errors.append(body)

        times.extend(_timed(ask, seconds))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _figures(times, seconds) | {"errors": len(errors)}


def _figures(times: list[float], seconds: float) -> dict:
    p50, p95 = np.percentile(times, [50, 95]) * 1000
    return {"per_second": len(times) / seconds, "p50_ms": float(p50), "p95_ms": float(p95)}


def _server(folder: Path) -> tuple[subprocess.Popen, str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sslzoo", "serve", str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
    )
    for line in process.stdout:
        found = re.search(r"http://[\d.]+:\d+", line)
        if found:
            return process, found[0]
    raise RuntimeError("the server ended")
