"""ONNX, by tf2onnx; read again by onnxruntime."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sslzoo.serving.formats.graph import Graph

NEEDS = ("tf2onnx", "onnxruntime")
SUFFIX = ".onnx"
OPSET = 18  # tf2onnx's highest; onnxruntime has it since 1.14


def write(graph: Graph, path: Path) -> None:
    """Write a graph as an ONNX file.

    Example:
        >>> write(graph(model, "encode", any_shape=True), Path("m.onnx"))  # doctest: +SKIP
    """
    from tf2onnx import convert

    convert.from_function(
        graph.function,
        graph.specs,
        opset=OPSET,
        custom_op_handlers={"Erfc": (_erfc, [])},
        output_path=str(path),
    )


def opened(path: Path) -> Callable[[dict], dict]:
    """A file as a function of {input: array} -> {output: array}.

    Example:
        >>> opened(Path("m.onnx"))({"images": images})["embedding"].shape  # doctest: +SKIP
        (2, 64)
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda request: dict(zip(names, session.run(names, request), strict=True))


def _erfc(context: Any, node: Any, *_: Any) -> None:
    """GELU's 1 - erf(x), which tf2onnx does not know."""
    kept = {"outputs": node.output, "shapes": node.output_shapes, "dtypes": node.output_dtypes}
    context.remove_node(node.name)
    one = context.make_const(f"{node.name}_one", np.ones((), "float32"))
    erf = context.make_node("Erf", node.input)
    context.make_node("Sub", [one.output[0], erf.output[0]], **kept)
