"""LiteRT (TensorFlow Lite), by TensorFlow's converter; read again by LiteRT's interpreter."""

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from sslzoo.serving.formats.graph import SIGNATURE, Graph, saved

NEEDS = ("ai_edge_litert",)
SUFFIX = ".tflite"


def write(graph: Graph, path: Path) -> None:
    """Write a graph as a LiteRT file, of LiteRT's own operations alone.

    Example:
        >>> write(graph(model, "encode", any_shape=True), Path("m.tflite"))  # doctest: +SKIP
    """
    with saved(graph) as folder:
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE])
        path.write_bytes(converter.convert())


def opened(path: Path) -> Callable[[dict], dict]:
    """A file as a function of {input: array} -> {output: array}.

    Example:
        >>> opened(Path("m.tflite"))({"images": images})["embedding"].shape  # doctest: +SKIP
        (2, 64)
    """
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(path)).get_signature_runner(SIGNATURE)
    return lambda request: runner(**request)
