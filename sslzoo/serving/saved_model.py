"""A model as plain TensorFlow: the functions of its SavedModel, and the check that they compute
what its verbs do.
"""

import keras
import numpy as np
import tensorflow as tf

from sslzoo.nn import ema
from sslzoo.zoo.weights import agreement

EXACT = 1e-5  # relative difference from `encode` in float32
ROUNDED = 1e-3  # of images, whose values are rounded to 0..255
COARSE = 2e-2  # in half precision or TF32, where two graphs of one network round differently


def save(model, folder):
    """Write `model` as a SavedModel: for each of its verbs the signatures `<verb>` and
    `<verb>_bytes`, and the first of them as `serving_default` and `serving_bytes`.

    Raises ValueError if a weight is not finite.
    """
    root, signatures = _servable(model)
    tf.saved_model.save(root, folder, signatures)


def check(model, folder):
    """Load the SavedModel in `folder` again and compare its signatures with the model's verbs, at
    two sizes of image.

    Raises RuntimeError if they differ.
    """
    loaded = tf.saved_model.load(folder)
    size, channels = model.preprocess.image_size, model.preprocess.channels
    half = keras.backend.standardize_dtype(model.encoder.outputs[0].dtype) != "float32"
    tf32 = (
        tf.config.list_physical_devices("GPU")
        and tf.config.experimental.tensor_float_32_execution_enabled()
    )
    allowed = COARSE if half or tf32 else EXACT
    for height, width in ((size, size), (size + 3, 2 * size)):
        images = np.random.default_rng(0).integers(
            0, 256, (4, height, width, channels), dtype=np.uint8
        )
        references = {verb: getattr(model, verb)(images) for verb in model.verbs}
        for name, inputs in example_requests(model, images).items():
            verb = verb_of(model, name)
            outputs = loaded.signatures[name](
                **{key: tf.constant(value) for key, value in inputs.items()}
            )
            found = outputs[model.verbs[verb].output].numpy()
            if found.dtype == object:  # encoded images
                found = np.stack([tf.io.decode_png(data).numpy() for data in found])
            limit = max(allowed, ROUNDED) if found.dtype == np.uint8 else allowed
            rows, reference = (
                values.reshape(len(images), -1) for values in (found, references[verb])
            )
            difference = agreement(rows, reference)["max_relative_difference"]
            if difference > limit:
                raise RuntimeError(
                    f"export: {name} of the reloaded SavedModel differs from {verb} by "
                    f"{difference:.1e} (relative), "
                    f"more than {limit:.0e}."
                )


def signature_names(model):
    """{signature: (verb, whether it takes encoded images)}, the defaults first."""
    default = next(iter(model.verbs))
    names = {"serving_default": (default, False), "serving_bytes": (default, True)}
    return names | {
        name: (verb, name != verb) for verb in model.verbs for name in (verb, f"{verb}_bytes")
    }


def verb_of(model, signature):
    """The verb that a signature computes."""
    return signature_names(model)[signature][0]


def example_requests(model, images):
    """{signature: {input: value}} that ask for every verb of `images`, uint8 (N, H, W, C)."""
    data = np.array([tf.io.encode_png(image).numpy() for image in images], object)
    inputs = {"images": images}, {"image_bytes": data}
    return {name: inputs[encoded] for name, (_, encoded) in signature_names(model).items()}


def _servable(model):
    """The object to save, in the interface of TF Hub's reusable SavedModels, and its signatures.

    The object is `obj(images, training=False)` -> float32 (N, D), of uint8 or float32 images, with
    `variables`,
    `trainable_variables` and `regularization_losses`: of the encoder and of what the verbs need;
    the rest stays behind.
    """
    channels = model.preprocess.channels
    # networks for colour take grey images too
    shape = [None, None, None, None if channels == 3 else channels]

    @tf.function(autograph=False)
    def represent(images, training):
        return tf.cast(model(images, training=training), tf.float32)

    @tf.function(autograph=False)
    def call(images, training=False):
        return represent(_prepared(model, images), training)

    traces = [
        call.get_concrete_function(tf.TensorSpec(shape, dtype, "images"), training=training)
        for dtype in (tf.uint8, tf.float32)
        for training in (False, True)
    ]
    plain, encoded = {}, {}
    for verb in model.verbs:
        plain[verb], encoded[verb] = _signatures(model, verb, shape)
        traces.append(plain[verb].get_concrete_function())
    used = {variable.ref() for trace in traces for variable in trace.variables}

    kept = [variable for variable in model.variables if variable.value.ref() in used]
    _check_finite(kept)
    parameters = {
        id(variable) for network in model.networks for variable in ema.parameters(network)
    }
    trainable = [variable for variable in kept if id(variable) in parameters]
    root = tf.train.Checkpoint()
    root.__call__ = call
    root.variables = [variable.value for variable in kept]
    root.trainable_variables = [variable.value for variable in trainable]
    root.regularization_losses = [
        _regularization(variable) for variable in trainable if variable.regularizer
    ]
    return root, {
        name: (encoded if bytes_ else plain)[verb]
        for name, (verb, bytes_) in signature_names(model).items()
    }


def _signatures(model, verb, shape):
    """A verb as a function of uint8 images and as one of encoded images."""
    output, whole = model.verbs[verb]
    compute = getattr(model, f"{verb}_graph")
    size, channels = model.preprocess.image_size, model.preprocess.channels

    @tf.function(autograph=False, input_signature=[tf.TensorSpec(shape, tf.uint8, "images")])
    def plain(images):
        return {output: compute(_coloured(images, channels) if whole else _prepared(model, images))}

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def encoded(image_bytes):
        def decode(data):
            # This op reads PNG too. The exact inverse DCT is Pillow's, with which images of a
            # training set are read.
            return tf.io.decode_jpeg(data, channels=channels, dct_method="INTEGER_ACCURATE")[None]

        if whole:  # images of any sizes: one by one, and encoded again
            one = lambda data: tf.io.encode_png(compute(decode(data))[0])  # noqa: E731
            return {output: tf.map_fn(one, image_bytes, fn_output_signature=tf.string)}
        square = tf.TensorSpec([size, size, channels], tf.float32)
        images = tf.map_fn(
            lambda data: _prepared(model, decode(data))[0], image_bytes, fn_output_signature=square
        )
        return {output: compute(images)}

    return plain, encoded


def _coloured(images, channels):
    """(N, H, W, 1 or C) -> (N, H, W, C): repeats grey, refuses 2 and 4 channels."""
    count, height, width, _ = tf.unstack(tf.shape(images))
    images = tf.broadcast_to(images, [count, height, width, channels])
    return tf.ensure_shape(images, [None, None, None, channels])


def _prepared(model, images):
    return model.preprocess(_coloured(images, model.preprocess.channels))


def _check_finite(variables):
    """The features do not show it: TensorFlow's ReLU makes 0 of NaN."""
    for variable in variables:
        if variable.value.dtype.is_floating and not np.isfinite(variable.numpy()).all():
            raise ValueError(
                f"export: the weight {variable.path} holds NaN or infinity, finite values are "
                "needed."
            )


def _regularization(variable):
    return tf.function(
        lambda: variable.regularizer(variable.value), autograph=False, input_signature=[]
    )
