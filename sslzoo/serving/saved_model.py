"""A model as plain TensorFlow: the object of its SavedModel, and the check that it computes what
the model's verbs do.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from sslzoo.evaluate.agreement import agreement
from sslzoo.nn import ema
from sslzoo.serving import signatures

EXACT = 1e-5  # relative difference from the verb in float32
ROUNDED = 1e-3  # of images, whose values are rounded to 0..255
COARSE = 2e-2  # in half precision or TF32, where two graphs of one network round differently
LARGER = 3  # pixels, steps, ... of the second size that is compared


def save(model: keras.Model, folder: str | Path) -> list[int]:
    """Write a model as a SavedModel: for each of its verbs the signature `<verb>`, and the first of
    them as `serving_default`. Images also have `<verb>_bytes` and `serving_bytes`.

    Returns:
        Which of the model's variables are in it, in the order of the saved object's.

    Raises:
        ValueError: a weight that is not finite, or that the model does not own.

    Example:
        >>> import sslzoo, tempfile
        >>> from sslzoo.serving import saved_model
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     len(saved_model.save(sslzoo.build("simclr", "micro", 8), folder)) > 2
        True
    """
    traced = {}  # a default is the same function as its verb's
    for signature in signatures.signatures(model).values():
        if signature not in traced:
            traced[signature] = signatures.function(model, signature)
    served = {name: traced[value] for name, value in signatures.signatures(model).items()}
    root = _servable(model, list(traced.values()))
    tf.saved_model.save(root, folder, served)
    places = {id(variable.value): index for index, variable in enumerate(model.variables)}
    return [places[id(value)] for value in root.variables]


def check(model: keras.Model, folder: str | Path) -> None:
    """Load the SavedModel in `folder` again and compare its signatures with the model's verbs, at
    two sizes of items where the model takes any.

    Raises:
        RuntimeError: they differ.

    Example:
        >>> import sslzoo, tempfile
        >>> from sslzoo.serving import saved_model
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     places = saved_model.save(model, folder)
        ...     saved_model.check(model, folder)
    """
    loaded = tf.saved_model.load(folder)
    for more in (0, LARGER) if model.reads.any_size else (0,):
        items = model.reads.examples(4, more=more)
        references = {verb: asked(model, verb, items) for verb in model.verbs}
        for name, request in signatures.requests(model, items).items():
            verb = signatures.signatures(model)[name].verb
            inputs = {key: tf.constant(value) for key, value in request.items()}
            outputs = loaded.signatures[name](**inputs)
            for output, reference in references[verb].items():
                served = outputs.get(output, outputs.get(f"{output}_bytes"))  # a picture as a file
                what = f"{name} of the reloaded SavedModel"
                compare(what, verb, served.numpy(), reference, allowed(model))


def asked(model: keras.Model, verb: str, items: Any) -> dict:
    """{output: values} of a verb, as users get them.

    Example:
        >>> import sslzoo
        >>> from sslzoo.serving import saved_model
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> saved_model.asked(model, "encode", model.reads.examples(2))["embedding"].shape
        (2, 16)
    """
    settings = model.verbs[verb]
    count = model.reads.count(items)
    inputs = (count, signatures.SEED) if settings.draws else (items,)
    return settings.named(getattr(model, verb)(*inputs))


def allowed(model: keras.Model) -> float:
    """The relative difference that the precision of a model explains.

    Example:
        >>> import sslzoo
        >>> from sslzoo.serving import saved_model
        >>> saved_model.allowed(sslzoo.build("simclr", "micro", 8)) in (1e-5, 2e-2)
        True
    """
    networks = [network for network in model.networks if network is not None]
    tensors = keras.tree.flatten([getattr(network, "outputs", []) for network in networks])
    half = any(tensor.dtype in ("float16", "bfloat16") for tensor in tensors)
    tf32 = (
        tf.config.list_physical_devices("GPU")
        and tf.config.experimental.tensor_float_32_execution_enabled()
    )
    return COARSE if half or tf32 else EXACT


def compare(
    what: str, verb: str, served: np.ndarray, reference: np.ndarray, allowed: float
) -> None:
    """Raise RuntimeError where `what` gives something else than the verb. allowed: the relative
    difference of floats; pictures are rounded.

    Example:
        >>> import numpy as np
        >>> from sslzoo.serving import saved_model
        >>> saved_model.compare("it", "encode", np.ones((1, 2)), 2 * np.ones((1, 2)), 1e-5)
        Traceback (most recent call last):
        RuntimeError: export: it differs from encode by 5.0e-01 (relative), more than 1e-05.
    """
    if served.dtype == object:  # encoded images
        served = np.stack([tf.io.decode_png(data).numpy() for data in served])
    limit = max(allowed, ROUNDED) if served.dtype == np.uint8 else allowed
    if served.shape != reference.shape:
        raise RuntimeError(f"export: {what} gives shape {served.shape}, {verb} {reference.shape}.")
    # All items as one row: an output near 0, as a single number may be, has no relative difference.
    rows = (values.reshape(1, -1) for values in (served, reference))
    difference = agreement(*rows)["max_relative_difference"]
    if difference > limit:
        raise RuntimeError(
            f"export: {what} differs from {verb} by {difference:.1e} (relative), more than "
            f"{limit:.0e}."
        )


def _servable(model: keras.Model, traces: list) -> tf.train.Checkpoint:
    """The object to save, in the interface of TF Hub's reusable SavedModels.

    It is `obj(items, training=False)` -> float32 (N, D) where the model encodes, with `variables`,
    `trainable_variables` and `regularization_losses`: of the encoder and of what the verbs need.
    The rest stays behind.
    """
    root = tf.train.Checkpoint()
    if "encode" in model.verbs:
        root.__call__, more = _representation(model)
        traces = [*traces, *more]
    kept = variables(model, traces)
    networks = [network for network in model.networks if network is not None]
    parameters = {id(v) for network in networks for v in ema.parameters(network)}
    trainable = [variable for variable in kept if id(variable) in parameters]
    root.variables = [variable.value for variable in kept]
    root.trainable_variables = [variable.value for variable in trainable]
    root.regularization_losses = [_penalty(v) for v in trainable if v.regularizer]
    return root


def _representation(model: keras.Model) -> tuple[Any, list]:
    """`call` of the saved object, for every dtype of the items, and its traces."""

    @tf.function(autograph=False)
    def represent(x, training):
        return tf.cast(model(x, training=training), tf.float32)

    @tf.function(autograph=False)
    def call(items, training=False):
        def features(items):
            return represent(model.reads.served(items), training)

        return features(items) if training else signatures.never_empty(features, items)

    traces = [
        call.get_concrete_function(items, training=training)
        for items in signatures.item_specs(model)
        for training in (False, True)
    ]
    return call, traces


def variables(model: keras.Model, traces: list) -> list:
    """The variables of the model that its functions read.

    Raises:
        ValueError: one is not finite, or a function reads one that the model does not hold.

    Example:
        >>> import sslzoo
        >>> from sslzoo.serving import saved_model, signatures
        >>> model = sslzoo.build("simclr", "micro", 8)
        >>> encode = signatures.function(model, signatures.Signature("encode"))
        >>> len(saved_model.variables(model, [encode])) == len(model.backbone.variables)
        True
    """
    read = {variable.ref(): variable for trace in traces for variable in trace.variables}
    kept = []
    for variable in model.variables:
        own = [copy.ref() for copy in _copies(variable)]
        if any(ref in read for ref in own):
            kept.append(variable)
        for ref in own:
            read.pop(ref, None)
    if read:
        names = sorted(variable.name for variable in read.values())
        raise ValueError(
            f"export: the verbs read {names[0]}, which {type(model).__name__} does not hold; make "
            "it a weight of one of its layers."
        )
    for variable in kept:
        # The features do not show it: TensorFlow's ReLU makes 0 of NaN.
        value = keras.ops.convert_to_numpy(variable)
        if "float" in variable.dtype and not np.isfinite(value.astype("float32")).all():
            raise ValueError(
                f"export: the weight {variable.path} holds NaN or infinity, finite values are "
                "needed."
            )
    return kept


def _copies(variable: keras.Variable) -> tuple:
    """TensorFlow's variables behind one of Keras': one for each replica it was made under."""
    value = variable.value
    if isinstance(value, tf.distribute.DistributedValues):
        return (value, *value.values)
    return (value,)


def _penalty(variable: keras.Variable) -> Any:
    """The regularization of a variable, as a function without arguments."""
    return tf.function(
        lambda: variable.regularizer(variable.value), autograph=False, input_signature=[]
    )
