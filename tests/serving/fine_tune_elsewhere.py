"""Run by test_export.py in a process of its own: uses an exported model with TensorFlow alone, as a
stranger would.

python fine_tune_elsewhere.py <version folder> <inputs.npz> <results.npz>
"""

import io
import sys

# whoever imports them gets an ImportError; TensorFlow does without
sys.modules.update(sslzoo=None, keras=None)

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from PIL import Image  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402


def encoded(image, kind):
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, quality=90)
    return file.getvalue()


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def gradients(obj, images, training):
    with tf.GradientTape() as tape:
        features = obj(images, training=training)
        loss = tf.reduce_sum(features * tf.random.stateless_normal(features.shape, (1, 2)))
    found = tape.gradient(loss, obj.trainable_variables)
    return [0.0 if g is None else float(tf.norm(g)) for g in found]


def fine_tune(obj, steps=80, rate=3.0):
    """A linear head and the encoder, by plain gradient descent on the digits; the loss before each
    step.
    """
    digits = load_digits()
    images = tf.constant((digits.images[:256, ..., None] * 15).astype("uint8"))
    labels = tf.constant(digits.target[:256])
    width = obj(images[:1]).shape[-1]
    head = [tf.Variable(tf.zeros((width, 10))), tf.Variable(tf.zeros(10))]
    variables = [*head, *obj.trainable_variables]

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            logits = obj(images, training=True) @ head[0] + head[1]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(rate * gradient)
        return loss

    return [float(step()) for _ in range(steps)]


def main(folder, inputs, results):
    given, out = np.load(inputs), {}
    obj = tf.saved_model.load(folder)
    for name, images in given.items():
        out[f"{name}/serving_default"] = obj.signatures["serving_default"](
            images=tf.constant(images)
        )["embedding"]
        out[f"{name}/call_uint8"] = obj(images)
        out[f"{name}/call_float"] = obj(images.astype("float32") / 255)
        pngs = [encoded(image.squeeze(), "PNG") for image in images[:8]]
        out[f"{name}/png"] = obj.signatures["serving_bytes"](image_bytes=tf.constant(pngs))[
            "embedding"
        ]
    jpegs = [encoded(images[0], "JPEG") for name, images in given.items() if images.shape[-1] == 3]
    out["jpegs"] = obj.signatures["serving_bytes"](image_bytes=tf.constant(jpegs))["embedding"]
    for index, data in enumerate(jpegs):
        out[f"jpeg_pixels_{index}"] = pixels(data)
    try:
        obj.signatures["serving_bytes"](image_bytes=tf.constant([b"no image"]))
        out["broken_bytes"] = ""
    except tf.errors.InvalidArgumentError as error:
        out["broken_bytes"] = str(error)

    images = given["same_size"]
    out["variables"] = [v.shape.num_elements() for v in obj.variables]
    out["gradients_inference"] = gradients(obj, images, training=False)
    out["gradients_training"] = gradients(obj, images, training=True)  # updates the statistics too
    out["after_training_pass"] = obj(images)
    out["served_after_training_pass"] = obj.signatures["serving_default"](
        images=tf.constant(images)
    )["embedding"]
    out["losses"] = fine_tune(obj)
    out["modules"] = [name for name, module in sys.modules.items() if module is not None]
    np.savez(results, **out)


if __name__ == "__main__":
    main(*sys.argv[1:])
