"""Embeddings of folders of 1,000, 20,000 and 100,000 photographs: time and memory per image, and
how fast files are decoded and how fast the network is, each alone.

200 drawn photographs, which hard links repeat. Folders of many have small ones and a small network,
so that 100,000 take minutes. Each is embedded by a process of its own: `python -m
benchmarks.embedding PHOTOS OUT COUNT`. The rates are those of photographs of 256 x 192 pixels and a
network of 32 pixels.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.kept import kept
from benchmarks.machine import busy
from benchmarks.targets import target
from benchmarks.throughput import LOADER_WORKERS, find_peer

MODEL, SMALL_MODEL, BATCH = "simclr_resnet20.cifar10", "simclr_resnet20.digits", 256
COUNTS = (1_000, 20_000, 100_000)
DRAWN, IN_A_FOLDER = 200, 1_000
SIZE, SMALL = (256, 192), (64, 48)  # pixels of a photograph
ALONE = 4_000  # images of the rates of decoder and network
WARM_UP = 512  # images before the clock starts


def run(runs, counts=COUNTS):
    """{"rows": one of each count, "rates", "targets"}."""
    rows = [
        kept(runs / f"{n}.json", _settings(n, SMALL_MODEL, SMALL), row, runs, n) for n in counts
    ]
    rates = kept(runs / "rates.json", _settings(ALONE, MODEL, SIZE), alone, runs)
    first, last = rows[0], rows[-1]
    of_all = f"{last['images']:,} images to {first['images']:,}"
    slower = last["processor_ms"] / first["processor_ms"]
    targets = [
        target(f"processor time per image, {of_all}", slower, 1.2, most=True),
        target(f"memory, {of_all}", last["peak_mb"] / first["peak_mb"], 1.2, most=True),
        target("decoder to network, images a second", rates["decoder"] / rates["network"], 1.0),
    ]
    if "torch" in rates:
        times = rates["together"] / max(rates["torch"].values())
        targets.append(target("images a second, to those of a PyTorch loader loop", times, 1.0))
    return {"rows": rows, "rates": rates, "targets": targets}


def _settings(count, model, size):
    return {"model": model, "batch": BATCH, "photographs": [DRAWN, *size], "images": count}


def row(runs, count):
    """One folder, by a process of its own."""
    folder = photographs(runs / "small", count, SMALL)
    out = runs / f"embedded-{count}"
    shutil.rmtree(out, ignore_errors=True)  # of a run that was stopped
    command = [sys.executable, "-m", "benchmarks.embedding", folder, out, count]
    done = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(found), flush=True)
    return found


def photographs(folder, count, size):
    """A folder with so many files, of which every 200th is the same one."""
    place = folder / str(count)
    originals = [draw(folder / "drawn", number, size) for number in range(DRAWN)]
    for number in range(count):
        path = place / f"{number // IN_A_FOLDER:03}" / f"{number % IN_A_FOLDER:03}.jpg"
        if number % IN_A_FOLDER == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            os.link(originals[number % DRAWN], path)
    return place


def draw(folder, number, size):
    """A photograph: soft shapes, and the noise of a sensor."""
    path = folder / f"{number:03}.jpg"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(number)
        coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        pixels = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), "float32")
        pixels = (pixels + rng.normal(0, 6, pixels.shape)).clip(0, 255).astype("uint8")
        Image.fromarray(pixels).save(path, quality=85)
    return path


def measure(photos, out, count):
    """Of this process: milliseconds per image, by the clock and of the processor, and the peak of
    its memory in MB, also that before the first image.
    """
    import sslzoo
    from sslzoo.zoo.embed_folder import embed_folder

    model = sslzoo.load(SMALL_MODEL)
    size = model.reads.shape[0]
    model.encode(np.zeros((WARM_UP, size, size, 3), "uint8"), BATCH)
    load, before = os.getloadavg()[0], _peak_mb()
    clock, processor = time.monotonic(), time.process_time()
    done = embed_folder(model, photos, out, SMALL_MODEL, BATCH)
    clock, processor = time.monotonic() - clock, time.process_time() - processor
    return {
        "images": done.rows,
        "ms": 1e3 * clock / count,
        "processor_ms": 1e3 * processor / count,
        "peak_mb": _peak_mb(),
        "before_mb": before,
        "load": load,
    }


def alone(runs):
    """Images a second: of the decoder, of the network, and of both together in this process."""
    import sslzoo
    from sslzoo.zoo.embed_folder import embed_folder
    from sslzoo.zoo.embed_shards import Batch, decoded, reader

    folder = photographs(runs / "photographs", ALONE, SIZE)
    model = sslzoo.load(MODEL)
    size = model.reads.shape[0]
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
    batches = [Batch(0, False, files[s : s + BATCH]) for s in range(0, ALONE, BATCH)]
    rates = {"load": os.getloadavg()[0], "busy": busy()}
    began = time.monotonic()
    pixels = [np.stack(images) for _, images in decoded(folder, batches, reader(model))]
    rates["decoder"] = ALONE / (time.monotonic() - began)
    images = np.concatenate(pixels)
    model.encode(images[:WARM_UP], BATCH)
    began = time.monotonic()
    model.encode(images, BATCH)
    rates["network"] = ALONE / (time.monotonic() - began)
    shutil.rmtree(runs / "embedded-rates", ignore_errors=True)
    began = time.monotonic()
    embed_folder(model, folder, runs / "embedded-rates", MODEL, BATCH)
    rates["together"] = ALONE / (time.monotonic() - began)
    python = find_peer(None, required=False)
    if python is not None:
        rates["torch"] = {n: torch_rate(python, runs, folder, size, n) for n in LOADER_WORKERS}
    return rates


def torch_rate(python, runs, folder, size, workers):
    """Images a second of the same network in a loop of PyTorch, with so many loading processes."""
    arguments = folder, runs / "torch.npy", size, BATCH, "resnet20", workers, WARM_UP
    command = [python, "-W", "ignore", "-m", "benchmarks.peers.torch_embedding"]
    done = subprocess.run(
        [*command, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def _peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux: kB


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
