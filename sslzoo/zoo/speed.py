"""How fast a model is: `sslzoo eval NAME --speed`."""

import os
import time
from datetime import UTC, datetime
from typing import Any

import keras

from sslzoo.checks import refused
from sslzoo.zoo.run_state import device

BATCH = 64  # a call is short, so that one of them runs undisturbed even on a busy machine
LEAST = 3  # calls


def speed(model: Any, seconds: float = 5.0) -> dict[str, Any]:
    """Time the main verb on a batch of random items of the model's own size, as NumPy arrays.

    Args:
        model: a method of sslzoo.
        seconds: how long. There are at least three calls, after one that is not counted.

    Returns:
        What `sslzoo.zoo.records.Speed` says.

    Raises:
        ValueError: the main verb draws its results.

    Example:
        >>> import sslzoo
        >>> speed(sslzoo.load("simclr_resnet20.digits"), seconds=0.1)["verb"]
        'encode'
    """
    verb, settings = next(iter(model.verbs.items()))
    if settings.draws:
        raise refused("verb", verb, "be one that takes items")
    load = os.getloadavg()[0]
    items = model.reads.examples(BATCH)
    call = getattr(model, verb)
    call(items)  # compiles
    times, end = [], time.perf_counter() + seconds
    while len(times) < LEAST or time.perf_counter() < end:
        start = time.perf_counter()
        call(items)
        times.append(time.perf_counter() - start)
    first = next(iter(items.values())) if isinstance(items, dict) else items
    return {
        "verb": verb,
        "items": model.reads.field,
        "shape": list(first.shape[1:]),
        "per_second": round(BATCH / min(times), 1),  # other programs can only slow it down
        "batch_size": BATCH,
        "device": device(),
        "cores": os.cpu_count(),
        "load": round(load, 2),
        "backend": keras.backend.backend(),
        "measured": datetime.now(UTC).date().isoformat(),
    }
