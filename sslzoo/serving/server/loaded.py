"""One version of an exported model, loaded."""

import json
import re
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from numpy.typing import NDArray
from tensorflow.core.protobuf import saved_model_pb2

from sslzoo.serving.server.status import Refused, invalid
from sslzoo.serving.server.values import Input

# TensorFlow's names of errors that a request can cause -> status codes of the REST API.
CODES = {
    tf.errors.InvalidArgumentError: "INVALID_ARGUMENT",
    tf.errors.ResourceExhaustedError: "RESOURCE_EXHAUSTED",
    tf.errors.FailedPreconditionError: "FAILED_PRECONDITION",
}
COLORS = 3
USUAL = 32  # of a size that neither the signature nor the description knows, in warm-up


class Loaded:
    """A version of an export: its signatures as functions of arrays.

    Args:
        folder: <base>/<number>, a SavedModel.

    Raises:
        OSError: there is no whole SavedModel.

    Example:
        >>> import sslzoo, tempfile
        >>> from sslzoo.serving.server.loaded import Loaded
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = sslzoo.build("simclr", "micro", 8).export(folder, warmup=False)
        ...     list(Loaded(path).inputs("encode"))
        ['images']
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, int(folder.name)
        start = time.monotonic()
        self.saved = tf.saved_model.load(str(folder))
        self.signatures = dict(self.saved.signatures)
        description = folder / "assets.extra" / "sslzoo.json"
        self.description = json.loads(description.read_text()) if description.exists() else {}
        graph = saved_model_pb2.SavedModel()
        graph.ParseFromString((folder / "saved_model.pb").read_bytes())
        self.definitions = graph.meta_graphs[0].signature_def
        self.failed = self.warm_up()
        self.seconds = time.monotonic() - start

    def inputs(self, signature: str) -> dict[str, Input]:
        """The inputs of a signature.

        Raises:
            Refused: there is no such signature.
        """
        if signature not in self.signatures:
            raise invalid(f'Serving signature name: "{signature}" not found in signature def')
        _, named = self.signatures[signature].structured_input_signature
        return {
            name: Input(np.dtype(spec.dtype.as_numpy_dtype), tuple(spec.shape))
            for name, spec in named.items()
        }

    def compute(self, signature: str, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
        """The outputs of a signature.

        Raises:
            Refused: TensorFlow refused what it was given.
        """
        tensors = {name: tf.constant(array) for name, array in inputs.items()}
        try:
            outputs = self.signatures[signature](**tensors)
        except tuple(CODES) as error:
            raise Refused(CODES[type(error)], _words(error)) from None
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    @cached_property
    def metadata(self) -> dict:
        """The signatures as TensorFlow Serving describes them."""
        return {name: _described(self.definitions[name]) for name in sorted(self.definitions)}

    def warm_up(self) -> dict[str, str]:
        """One item for every signature: the first call of a graph sets much up. {signature: what it
        said} of those that refused it.
        """
        failed = {}
        for name in self.signatures:
            try:
                self.compute(name, self.example(name))
            except Refused as error:  # an item of this size
                failed[name] = str(error)
        return failed

    def example(self, signature: str, count: int = 1) -> dict[str, NDArray]:
        """A request for `count` items of the usual size."""
        sizes = self.description.get("preprocessing", {})
        inputs = self.inputs(signature).items()
        return {name: _example(needed, sizes, count) for name, needed in inputs}


def _words(error: tf.errors.OpError) -> str:
    """The sentence of an error, without the places in the graph."""
    text = str(error.message).split("<stack traces unavailable>")[-1]
    text = " ".join(re.split(r"\n\t \[\[|\nStack trace| \[Op:", text)[0].split())
    said = re.fullmatch(r"assertion failed: \[(.*)\]", text)
    return said[1] if said else text


def _example(needed: Input, sizes: Mapping[str, Any], count: int) -> NDArray:
    side = sizes.get("image_size", USUAL)
    side = side if isinstance(side, int) else USUAL
    if needed.dtype.kind == "O":
        image = tf.io.encode_png(np.full((side, side, 3), 128, "uint8")).numpy()
        return np.array([image] * count, object)
    if not needed.shape:  # the number of samples, or a seed
        return np.array(count, needed.dtype)
    shape = [count, *(size or side for size in needed.shape[1:])]
    if len(shape) == 4:  # images
        shape[-1] = needed.shape[-1] or COLORS
    return np.zeros(shape, needed.dtype)


def _described(definition: Any) -> dict:
    """A signature's definition with every field, as TensorFlow Serving prints it."""
    return MessageToDict(
        definition, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
