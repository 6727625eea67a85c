"""Whether an export is one that TensorFlow Serving can serve, and how fast it answers."""

import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from sslzoo.checks import local_path, refused
from sslzoo.serving.folders import is_saved_model, newest
from sslzoo.serving.server.loaded import Loaded

BATCHES = (1, 8, 64)
CALLS = 20  # of each batch
TOOL = "tensorflow.python.tools.saved_model_cli"  # the program of the same name


class Conformance(NamedTuple):
    """What a check found.

    folder: of the version. ops: operations in its graphs. foreign: those that TensorFlow alone does
    not have. failed: {signature: what it said}. shown: whether `saved_model_cli show` reads it.
    milliseconds: {batch: (median, 95th percentile)} of the default signature.

    Example:
        >>> from sslzoo.serving.conformance import Conformance
        >>> Conformance("m/1", 10, [], {}, True, {}).whole
        True
    """

    folder: Path
    ops: int
    foreign: list[str]
    failed: dict[str, str]
    shown: bool
    milliseconds: dict[int, tuple[float, float]]

    @property
    def whole(self) -> bool:
        """Whether nothing is against it."""
        return not self.foreign and not self.failed and self.shown


def conformance(path: str | Path) -> Conformance:
    """Check the newest version in the folder of an export, or the version that is given.

    Every signature answers one item. Its operations are held against those of TensorFlow, and
    `saved_model_cli show` must read it. Times are those of this machine.

    Raises:
        FileNotFoundError: No such folder. ValueError: No version in it. OSError: It does not load.

    Example:
        >>> import sslzoo, tempfile
        >>> from sslzoo.serving.conformance import conformance
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = sslzoo.build("simclr", "micro", 8).export(folder, warmup=False)
        ...     conformance(folder).whole
        True
    """
    folder = newest(local_path("path", path))
    if not is_saved_model(folder):
        raise refused("path", str(folder), "be a SavedModel")
    loaded = Loaded(folder)
    ops = _ops(folder)
    return Conformance(
        folder=folder,
        ops=len(ops),
        foreign=sorted(op for op in ops if not hasattr(tf.raw_ops, op)),
        failed=loaded.failed,
        shown=_shown(folder),
        milliseconds={count: _time(loaded, count) for count in BATCHES},
    )


def _ops(folder: Path) -> set[str]:
    """Of the graph, and of the functions in it."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    own = {function.signature.name for function in graph.library.function}
    nodes = [*graph.node, *(node for body in graph.library.function for node in body.node_def)]
    return {node.op for node in nodes} - own


def _shown(folder: Path) -> bool:
    command = [sys.executable, "-m", TOOL, "show", "--dir", str(folder), "--all"]
    return subprocess.run(command, capture_output=True).returncode == 0


def _time(loaded: Loaded, count: int) -> tuple[float, float]:
    signature = "serving_default"
    request, times = loaded.example(signature, count), []
    for _ in range(CALLS + 1):
        start = time.perf_counter()
        loaded.compute(signature, request)
        times.append(1000 * (time.perf_counter() - start))
    middle, slow = np.percentile(times[1:], [50, 95])  # the first call sets up
    return float(middle), float(slow)
