"""A verb as one graph in operations that other runtimes have too."""

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from sslzoo.serving import saved_model

SIGNATURE = "serving_default"


class Graph(NamedTuple):
    """The graph of a verb.

    function: of tensors -> {output: tensor}.
    specs: what the tensors are, named by the fields of an item.
    outputs: {result of the verb: what the output is, with its name}.
    variables: that it reads.

    Example:
        >>> import sslzoo
        >>> from sslzoo.serving.formats.graph import graph
        >>> graph(sslzoo.build("simclr", "micro", 8), "encode", any_shape=True).outputs
        {'embedding': TensorSpec(shape=(None, 16), dtype=tf.float32, name='embedding')}
    """

    function: Any
    specs: list
    outputs: dict[str, tf.TensorSpec]
    variables: list


def graph(model: keras.Model, verb: str, any_shape: bool) -> Graph:
    """The graph of a verb, of items as the signature of its SavedModel takes them.

    Args:
        any_shape: whether it takes any number of items, and images of any size. Otherwise it takes
            one item of the network's size.

    Raises:
        ValueError: a weight that is not finite, or an interpolation that other runtimes do not
            have.

    Example:
        >>> import sslzoo
        >>> from sslzoo.serving.formats.graph import graph
        >>> graph(sslzoo.build("simclr", "micro", 8), "encode", any_shape=False).specs
        [TensorSpec(shape=(1, 8, 8, 3), dtype=tf.uint8, name='images')]
    """
    reads, settings = model.reads, model.verbs[verb]
    compute = model.portable_graph(verb)
    # Runtimes name inputs and outputs in one space.
    names = {name: f"{name}_out" if name in reads.fields else name for name in settings.names}

    @tf.function(autograph=False)
    def function(*tensors):
        items = reads.of(dict(zip(reads.fields, tensors, strict=True)))
        results = compute(reads.served(items, settings.whole, portable=True))
        return {names[name]: value for name, value in settings.named(results).items()}

    specs = [_spec(reads, field, any_shape) for field in reads.fields]
    traced = function.get_concrete_function(*specs)
    variables = saved_model.variables(model, [traced])
    results = traced.structured_outputs
    outputs = {
        result: tf.TensorSpec(results[name].shape, results[name].dtype, name)
        for result, name in names.items()
    }
    return Graph(function, specs, outputs, [variable.value for variable in variables])


def _spec(reads: Any, field: str, any_shape: bool) -> tf.TensorSpec:
    shape, dtype = reads.specs()[field]
    if not any_shape:
        shape = (1, *(reads.shape if field == reads.field else shape[1:]))
    return tf.TensorSpec(shape, dtype, field)


@contextlib.contextmanager
def saved(graph: Graph) -> Iterator[str]:
    """The folder of a SavedModel of a graph, while the block runs: converters read it.

    Example:
        >>> import sslzoo, tensorflow as tf
        >>> from sslzoo.serving.formats.graph import graph, saved
        >>> with saved(graph(sslzoo.build("simclr", "micro", 8), "encode", True)) as folder:
        ...     tf.saved_model.contains_saved_model(folder)
        True
    """
    root = tf.train.Checkpoint()
    root.variables = graph.variables
    with tempfile.TemporaryDirectory() as folder:
        traced = graph.function.get_concrete_function(*graph.specs)
        tf.saved_model.save(root, folder, {SIGNATURE: traced})
        yield folder
