"""What does memory do over images of many sizes, and over a large photograph? `python -m
benchmarks.sizes`

1. `encode` of one image after another, each of another size: seconds for a new size and for a known
   one, resident memory
2. `upscale` of images of many sizes
3. `upscale` of one photograph of 12 megapixels, in tiles: seconds, the highest resident memory

KERAS_BACKEND says which backend is measured; the figures go to
benchmarks/results/sizes_<backend>.json.
"""

import argparse
import json
import resource
import statistics
import time
from pathlib import Path

import keras
import numpy as np

import sslzoo
from benchmarks import report
from benchmarks.machine import machine
from benchmarks.targets import target

WARM_UP = 20  # sizes after which memory is expected to stay
FLAT = 0.05  # of the resident memory after the warm-up
MOST = 2e9  # bytes while a photograph is enlarged
ENCODER = "simclr_resnet20"
ENLARGER = "srresnet_x4"


def resident():
    """Bytes of memory that this process holds now."""
    with open("/proc/self/status") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def over_sizes(verb, count, least, most, seed=0):
    """Resident memory and seconds of a verb over images of `count` different sizes."""
    rng = np.random.default_rng(seed)
    sides = np.arange(least, most)
    pairs = np.stack(np.meshgrid(sides, sides), axis=-1).reshape(-1, 2)
    sizes = rng.permutation(pairs)[:count]
    memory, seconds = [], []
    for size in sizes:
        image = rng.integers(0, 256, (1, *size, 3), dtype=np.uint8)
        start = time.perf_counter()
        verb(image)
        seconds.append(time.perf_counter() - start)
        memory.append(resident())
    start = time.perf_counter()
    verb(image)
    after = memory[WARM_UP:]
    return {
        "sizes": count,
        "seconds_new": statistics.median(seconds[WARM_UP:]),
        "seconds_known": time.perf_counter() - start,
        "resident_after_warm_up": after[0],
        "resident_at_the_end": after[-1],
        "growth": max(after) / after[0] - 1,
    }


def photograph(model, height, width):
    """Seconds and the highest resident memory of enlarging one photograph."""
    image = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    start = time.perf_counter()
    enlarged = model.upscale(image)
    return {
        "pixels": [height, width],
        "enlarged": list(enlarged.shape[1:3]),
        "seconds": time.perf_counter() - start,
        "highest_resident": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def show(name, figures):
    print(name)
    for key, value in figures.items():
        print(f"  {key}: {value / 1e9:.2f} GB" if "resident" in key else f"  {key}: {value}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, default=300)
    parser.add_argument("--photograph", type=int, nargs=2, default=(3000, 4000))
    parser.add_argument("--no-photograph", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    backend = keras.backend.backend()
    where = machine(None)
    enlarger = sslzoo.load(ENLARGER)
    rows = {
        "encode": over_sizes(sslzoo.load(ENCODER).encode, options.sizes, least=40, most=340),
        "upscale": over_sizes(enlarger.upscale, options.sizes, least=8, most=90),
    }
    targets = [
        target(
            f"{backend}, {verb} of {options.sizes} sizes: growth of memory, at most",
            row["growth"],
            FLAT,
            most=True,
        )
        for verb, row in rows.items()
    ]
    if not options.no_photograph:
        rows["photograph"] = photograph(enlarger, *options.photograph)
        gigabytes = rows["photograph"]["highest_resident"] / 1e9
        what = f"{backend}, upscale of a large photograph: GB of memory, at most"
        targets.append(target(what, gigabytes, MOST / 1e9, most=True))
    for name, figures in rows.items():
        show(name, figures)
    path = options.json or report.RESULTS / f"sizes_{backend}.json"
    result = {"suite": "sizes", "machine": where, "rows": rows, "targets": targets}
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(path)
    if path.parent == report.RESULTS:
        report.write()
    raise SystemExit(not all(wanted["met"] for wanted in targets))


if __name__ == "__main__":
    main()
