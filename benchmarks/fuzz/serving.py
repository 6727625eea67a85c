"""Encoded images in requests to an export: whole files, damaged ones, other kinds, bombs."""

import contextlib
import functools
import itertools
import tempfile
import time
from pathlib import Path

import numpy as np

import sslzoo
from benchmarks.fuzz import Case, Marked
from benchmarks.fuzz._bytes import DAMAGE, words
from benchmarks.fuzz._images import files, others
from sslzoo.data.decode import decode

COUNT = 1500
NEAR = 1e-2  # features: some CMYK files are converted with a difference of 1 in 255
AT_ONCE = 5.0  # seconds of a request


def cases(count):
    """Every kind of file as it is, then the kinds of damage in turn, each to the next file."""
    import tensorflow as tf

    whole = files()
    undamaged = [(f"whole: {name}", content) for name, content in (others() | whole).items()]
    with tempfile.TemporaryDirectory(prefix="sslzoo_fuzz_") as folder:
        model = sslzoo.build("simclr", "micro", 8)
        exported = tf.saved_model.load(str(model.export(f"{folder}/model", warmup=False)))
        read = functools.partial(_equal, exported, model, Path(folder), whole)
        damaged = _damaged(list(whole.values()))
        for kind, content in itertools.islice(itertools.chain(undamaged, damaged), count):
            yield Case(kind, functools.partial(read, content))


def _damaged(contents):
    for number, change in enumerate(itertools.cycle(DAMAGE)):
        content = contents[number // len(DAMAGE) % len(contents)]
        yield words(change), change(content, np.random.default_rng(number))


def _equal(exported, model, folder, whole, content):
    """Whether a file, and a good one beside it, get the answers of `encode`. A file that is marked
    fails the plain signature, and is none of the whole ones.
    """
    import tensorflow as tf

    good = whole["JPEG"]
    start = time.monotonic()
    asked = tf.constant([good, content])
    found = exported.signatures["serving_bytes_marked"](image_bytes=asked)
    if time.monotonic() - start > AT_ONCE:
        raise TimeoutError(f"{time.monotonic() - start:.0f} seconds for one request")
    features, readable = found["embedding"].numpy(), found["readable"].numpy()
    wanted = _features(model, folder, content)
    if not (readable[0] and _near(features[0], _features(model, folder, good))):
        return False
    if readable[1]:
        return wanted is not None and _near(features[1], wanted)
    with contextlib.suppress(tf.errors.InvalidArgumentError):
        exported.signatures["serving_bytes"](image_bytes=asked)
        return False
    if content in whole.values():
        return False
    raise Marked


def _features(model, folder, content):
    """What `encode` gives for the file, None where `sslzoo.data` cannot read it."""
    path = folder / "file"
    path.write_bytes(content)
    try:
        return model.encode(decode(path)[None])[0]
    except OSError:
        return None


def _near(mine, wanted):
    return np.abs(mine - wanted).max() <= NEAR * np.abs(wanted).max()
