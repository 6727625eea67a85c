"""`python -m benchmarks.serving`: the throughput of `sslzoo serve` under many clients, beside the
bare SavedModel in a loop on the same requests. On an idle machine.

Both answer requests of one image, in one process each, one after the other and in turns.
"""

import argparse
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
from rich.console import Console
from rich.table import Table

MODEL, SIDE = "simclr_resnet20.cifar10", 32
LEAST = 0.8  # of the bare model's throughput


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    import sslzoo

    with tempfile.TemporaryDirectory() as folder:
        exported = sslzoo.load(MODEL).export(f"{folder}/m", warmup=False)
        files = [_png(seed) for seed in range(64)]
        bare = _bare(exported, files)
        process, url = _server(exported.parent)
        try:
            rounds = [
                {
                    "bare": bare(options.seconds),
                    "served": _load(url, files, options.clients, options.seconds),
                }
                for _ in range(options.rounds)
            ]
        finally:
            process.terminate()
            process.wait()
    ratios = [row["served"]["per_second"] / row["bare"]["per_second"] for row in rounds]
    result = {"model": MODEL, "clients": options.clients, "rounds": rounds, "ratios": ratios}
    _show(rounds, ratios)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    errors = sum(row["served"]["errors"] for row in rounds)
    return int(errors > 0 or float(np.median(ratios)) < LEAST)


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


def _show(rounds: list[dict], ratios: list[float]) -> None:
    table = Table("", "per second", "p50 ms", "p95 ms", "errors", title=MODEL)
    for row in rounds:
        for name, figures in row.items():
            cells = [f"{figures[key]:.1f}" for key in ("per_second", "p50_ms", "p95_ms")]
            table.add_row(name, *cells, str(figures.get("errors", "")))
    console = Console()
    console.print(table)
    console.print(f"served / bare: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")


if __name__ == "__main__":
    sys.exit(main())
