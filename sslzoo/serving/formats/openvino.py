"""OpenVINO's IR, by OpenVINO itself."""

from collections.abc import Callable
from pathlib import Path

from sslzoo.serving.formats.graph import Graph, saved

NEEDS = ("openvino",)
SUFFIX = ".xml"  # and .bin beside it
# Where the processor has it, OpenVINO computes in bfloat16 unless it is told.
EXACTLY = {"INFERENCE_PRECISION_HINT": "f32"}


def write(graph: Graph, path: Path) -> None:
    """Write a graph as the two files of OpenVINO's IR.

    Example:
        >>> write(graph(model, "encode", any_shape=True), Path("m.xml"))  # doctest: +SKIP
    """
    import openvino

    with saved(graph) as folder:
        # `openvino.convert_model` tells its maker that it was called; this does not.
        model = openvino.Core().read_model(folder)
        openvino.save_model(model, str(path), compress_to_fp16=False)


def opened(path: Path) -> Callable[[dict], dict]:
    """A file as a function of {input: array} -> {output: array}.

    Example:
        >>> opened(Path("m.xml"))({"images": images})["embedding"].shape  # doctest: +SKIP
        (2, 64)
    """
    import openvino

    compiled = openvino.Core().compile_model(str(path), "CPU", EXACTLY)

    def run(request):
        answer = compiled(request)
        return {output.any_name: answer[output] for output in compiled.outputs}

    return run
