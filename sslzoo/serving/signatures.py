"""The verbs of a model as TensorFlow functions: the signatures of its SavedModel."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from sslzoo.serving.decode import decode, decode_or_mark

SEED = 0  # of the requests that ask for samples
READABLE = "readable"  # the output (N,) that tells the rows that answer an image


class Signature(NamedTuple):
    """What a signature computes.

    verb: a verb of the model.
    encoded: it takes encoded files in place of items.
    marked: files that cannot be read are marked, and the others answered.

    Example:
        >>> from sslzoo.serving.signatures import Signature
        >>> Signature("encode").encoded
        False
    """

    verb: str
    encoded: bool = False
    marked: bool = False


def signatures(model: keras.Model) -> dict[str, Signature]:
    """{name: Signature} of a model's export. The defaults stand first: the first verb's.

    Example:
        >>> import sslzoo
        >>> from sslzoo.serving.signatures import signatures
        >>> list(signatures(sslzoo.build("simclr", "micro", 8)))
        ['serving_default', 'serving_bytes', 'serving_bytes_marked', 'encode', 'encode_bytes', \
'encode_bytes_marked']
    """
    named = {}
    for verb, settings in model.verbs.items():
        named[verb] = Signature(verb)
        if model.reads.encoded and not settings.draws:
            named[f"{verb}_bytes"] = Signature(verb, encoded=True)
            named[f"{verb}_bytes_marked"] = Signature(verb, encoded=True, marked=True)
    first = next(iter(model.verbs))
    defaults = {"serving_default": named[first]}
    for files in ("bytes", "bytes_marked"):
        if f"{first}_{files}" in named:
            defaults[f"serving_{files}"] = named[f"{first}_{files}"]
    return defaults | named


def requests(model: keras.Model, items: Any) -> dict[str, dict]:
    """{signature: {input: value}}: requests that ask for every verb of `items`, what
    `model.reads.examples` gives. Verbs that draw are asked for as many samples.

    Example:
        >>> import sslzoo
        >>> from sslzoo.serving.signatures import requests
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> requests(model, model.reads.examples(2))["encode"]["images"].shape
        (2, 8, 8, 3)
    """
    return {
        name: _request(model, signature, items) for name, signature in signatures(model).items()
    }


def _request(model: keras.Model, signature: Signature, items: Any) -> dict:
    if model.verbs[signature.verb].draws:
        return {"n": np.int32(model.reads.count(items)), "seed": np.int32(SEED)}
    if signature.encoded:
        files = [tf.io.encode_png(item).numpy() for item in items]
        return {model.reads.encoded: np.array(files, object)}
    return model.reads.named(items)


def function(model: keras.Model, signature: Signature) -> tf.types.experimental.ConcreteFunction:
    """A signature as a function of tensors -> {output: tensor}.

    Raises:
        ValueError: a verb that draws, whose graph needs the number of samples when it is traced.

    Example:
        >>> import sslzoo
        >>> from sslzoo.serving.signatures import Signature, function
        >>> encode = function(sslzoo.build("simclr", "micro", 8), Signature("encode"))
        >>> encode.structured_outputs["embedding"].shape
        TensorShape([None, 16])
    """
    if model.verbs[signature.verb].draws:
        return _of_a_seed(model, signature.verb)
    if signature.encoded:
        return _of_files(model, signature)
    return _of_items(model, signature.verb)


def item_specs(model: keras.Model) -> list:
    """What stands for items when a function is traced: for each dtype that the model takes the
    structure that `model.reads.of` gives. The signatures take the first.

    Example:
        >>> import sslzoo
        >>> from sslzoo.serving.signatures import item_specs
        >>> [spec.dtype.name for spec in item_specs(sslzoo.build("simclr", "micro", 8))]
        ['uint8', 'float32']
    """
    reads = model.reads
    first = {field: tf.TensorSpec(*spec, field) for field, spec in reads.specs().items()}
    # A Graph has fields of several dtypes, and takes no others.
    others = [
        {reads.field: tf.TensorSpec(first[reads.field].shape, dtype, reads.field)}
        for dtype in reads.dtypes[1:]
    ]
    return [reads.of({**first, **other}) for other in ({}, *others)]


def never_empty(function: Callable, items: Any) -> Any:
    """`function(items)`. Of no item it is what one item gives, without that one: TensorFlow's
    convolutions fail on an empty batch.

    Example:
        >>> import tensorflow as tf
        >>> from sslzoo.serving.signatures import never_empty
        >>> never_empty(lambda x: x, tf.zeros((0, 0, 3))).shape
        TensorShape([0, 1, 3])
    """
    count = tf.shape(tf.nest.flatten(items)[0])[0]
    none = tf.cast(tf.equal(count, 0), tf.int32)

    def filled(x):
        missing = none * tf.maximum(0, 1 - tf.shape(x))
        padded = tf.pad(x, tf.stack([tf.zeros_like(missing), missing], axis=1))
        padded.set_shape([size or None for size in x.shape])  # which the padding forgets
        return padded

    results = function(tf.nest.map_structure(filled, items))
    return tf.nest.map_structure(lambda values: values[:count], results)


def _graph(model: keras.Model, verb: str) -> Callable:
    """The graph of a verb, with its results by name."""
    settings = model.verbs[verb]
    graph = getattr(model, f"{verb}_graph")
    return lambda *inputs: settings.named(graph(*inputs))


def _of_items(model: keras.Model, verb: str) -> tf.types.experimental.ConcreteFunction:
    reads, whole = model.reads, model.verbs[verb].whole
    graph = _graph(model, verb)

    def compute(**fields):
        return never_empty(lambda items: graph(reads.served(items, whole)), reads.of(fields))

    tensors = reads.named(item_specs(model)[0])
    return tf.function(compute, autograph=False).get_concrete_function(**tensors)


def _of_files(model: keras.Model, signature: Signature) -> tf.types.experimental.ConcreteFunction:
    """Of N encoded images of any sizes."""
    reads, whole = model.reads, model.verbs[signature.verb].whole
    graph = _graph(model, signature.verb)
    files = tf.TensorSpec([None], tf.string, reads.encoded)

    def decoded(file):
        if signature.marked:
            return decode_or_mark(file)
        return decode(file), True

    def prepared(file):
        pixels, readable = decoded(file)
        return reads.served(pixels[None])[0], readable  # (H, W, C) of the network

    def alone(file):
        pixels, readable = decoded(file)
        outputs = graph(reads.served(pixels[None], whole))
        return {
            _named(name, value): _item(value, readable) for name, value in outputs.items()
        }, readable

    def together(files):
        item = tf.TensorSpec(reads.shape, tf.float32), tf.TensorSpec([], tf.bool)
        images, readable = tf.map_fn(prepared, files, fn_output_signature=item)
        outputs = never_empty(graph, images)
        return {name: _answered(value, readable) for name, value in outputs.items()}, readable

    def one_by_one(files):
        one = tf.function(alone, autograph=False)
        traced = one.get_concrete_function(tf.TensorSpec([], tf.string)).structured_outputs
        item = tf.nest.map_structure(lambda x: tf.TensorSpec(x.shape, x.dtype), traced)
        return tf.map_fn(one, files, fn_output_signature=item)

    def compute(files):
        # Images that keep their sizes do not fit into one batch.
        outputs, readable = (one_by_one if whole or None in reads.shape else together)(files)
        return outputs | {READABLE: readable} if signature.marked else outputs

    return tf.function(compute, autograph=False).get_concrete_function(files)


def _of_a_seed(model: keras.Model, verb: str) -> tf.types.experimental.ConcreteFunction:
    """Of the number of samples and a seed, which each request gives."""
    graph = _graph(model, verb)
    numbers = {name: tf.TensorSpec([], tf.int32, name) for name in ("n", "seed")}

    def compute(n, seed):
        return graph(n, seed)

    try:
        return tf.function(compute, autograph=False).get_concrete_function(**numbers)
    except (TypeError, ValueError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"verbs: got {verb}_graph that cannot be traced with a tensor as n ({reason}); an "
            "export needs shapes such as (n, D) there, and no Python loop over n."
        ) from error


def _answered(values: Any, readable: Any) -> Any:
    """Values (N, ...) with 0 in the rows that answer no image."""
    shape = tf.concat([tf.shape(readable), tf.ones(tf.rank(values) - 1, tf.int32)], axis=0)
    return tf.where(tf.reshape(readable, shape), values, tf.zeros_like(values))


def _named(name: str, values: Any) -> str:
    """The name of an output: TensorFlow Serving sends what ends in `_bytes` as {"b64": ...}."""
    return f"{name}_bytes" if _is_picture(values) else name


def _is_picture(values: Any) -> bool:
    return values.dtype == tf.uint8 and values.shape.rank == 4


def _item(values: Any, readable: Any) -> Any:
    """The only item of values (1, ...); a picture, uint8 (1, H, W, 1 or 3), as a PNG file. 0, or no
    bytes, where it answers no image.
    """
    value = values[0]
    if _is_picture(values):
        value = tf.io.encode_png(value)
    return tf.where(readable, value, tf.zeros_like(value))
