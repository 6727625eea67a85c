"""A model as plain TensorFlow: the functions of its SavedModel, and the check that it computes what `encode` does."""

import keras
import numpy as np
import tensorflow as tf

from sslzoo.zoo.weights import agreement

EXACT = 1e-5  # relative difference from `encode` in float32
COARSE = 2e-2  # in half precision or TF32, where two graphs of one network round differently


def save(model, folder):
    """Write `model` as a SavedModel with the signatures `serving_default` and `serving_bytes`.

    Raises ValueError if a weight is not finite.
    """
    root, signatures = _servable(model)
    tf.saved_model.save(root, folder, signatures)


def check(model, folder):
    """Load the SavedModel in `folder` again and compare both signatures with `encode`, at the model's size and another.

    Raises RuntimeError if they differ.
    """
    loaded = tf.saved_model.load(folder)
    size, channels = model.preprocess.image_size, model.preprocess.channels
    half = keras.backend.standardize_dtype(model.backbone.outputs[0].dtype) != "float32"
    tf32 = tf.config.list_physical_devices("GPU") and tf.config.experimental.tensor_float_32_execution_enabled()
    allowed = COARSE if half or tf32 else EXACT
    for height, width in ((size, size), (size + 3, 2 * size)):
        images = np.random.default_rng(0).integers(0, 256, (4, height, width, channels), dtype=np.uint8)
        reference = model.encode(images)
        for name, inputs in example_requests(images).items():
            outputs = loaded.signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
            difference = agreement(outputs["embedding"].numpy(), reference)["max_relative_difference"]
            if difference > allowed:
                raise RuntimeError(
                    f"export: {name} of the reloaded SavedModel differs from encode by {difference:.1e} (relative), "
                    f"more than {allowed:.0e}."
                )


def example_requests(images):
    """{signature: {input: value}} that ask for the features of `images`, uint8 (N, H, W, C)."""
    return {
        "serving_default": {"images": images},
        "serving_bytes": {"image_bytes": np.array([tf.io.encode_png(image).numpy() for image in images], object)},
    }


def _servable(model):
    """The object to save, in the interface of TF Hub's reusable SavedModels, and its signatures.

    The object is `obj(images, training=False)` -> float32 (N, D), of uint8 or float32 images, with `variables`,
    `trainable_variables` and `regularization_losses`: of the encoder alone, heads and targets stay behind.
    """
    size, channels = model.preprocess.image_size, model.preprocess.channels
    shape = [None, None, None, None if channels == 3 else channels]  # networks for colour take grey images too

    def prepare(images):
        count, height, width, _ = tf.unstack(tf.shape(images))
        images = tf.broadcast_to(images, [count, height, width, channels])  # repeats grey, refuses 2 and 4 channels
        return model.preprocess(tf.ensure_shape(images, [None, None, None, channels]))

    def decode(data):
        # This op reads PNG too. The exact inverse DCT is Pillow's, with which images of a training set are read.
        image = tf.io.decode_jpeg(data, channels=channels, dct_method="INTEGER_ACCURATE")
        return prepare(image[None])[0]

    @tf.function(autograph=False)
    def represent(images, training):
        return tf.cast(model(images, training=training), tf.float32)

    @tf.function(autograph=False)
    def call(images, training=False):
        return represent(prepare(images), training)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec(shape, tf.uint8, "images")])
    def serving_default(images):
        return {"embedding": call(images)}

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serving_bytes(image_bytes):
        images = tf.map_fn(decode, image_bytes, fn_output_signature=tf.TensorSpec([size, size, channels], tf.float32))
        return {"embedding": represent(images, False)}

    for dtype in (tf.uint8, tf.float32):
        for training in (False, True):
            call.get_concrete_function(tf.TensorSpec(shape, dtype, "images"), training=training)
    prepared = tf.TensorSpec([None, size, size, channels], tf.float32)
    traces = [represent.get_concrete_function(prepared, training) for training in (False, True)]
    used = {variable.ref() for trace in traces for variable in trace.variables}

    encoder = [variable for variable in model.variables if variable.value.ref() in used]
    _check_finite(encoder)
    trainable = [variable for variable in encoder if variable.trainable]
    root = tf.train.Checkpoint()
    root.__call__ = call
    root.variables = [variable.value for variable in encoder]
    root.trainable_variables = [variable.value for variable in trainable]
    root.regularization_losses = [_regularization(variable) for variable in trainable if variable.regularizer]
    return root, {"serving_default": serving_default, "serving_bytes": serving_bytes}


def _check_finite(variables):
    """The features do not show it: TensorFlow's ReLU makes 0 of NaN."""
    for variable in variables:
        if variable.value.dtype.is_floating and not np.isfinite(variable.numpy()).all():
            raise ValueError(f"export: the weight {variable.path} holds NaN or infinity, finite values are needed.")


def _regularization(variable):
    return tf.function(lambda: variable.regularizer(variable.value), autograph=False, input_signature=[])
