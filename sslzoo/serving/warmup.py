"""Requests that TF Serving answers while it loads a model, so that the first user does not wait for
lazy set-up.
"""

from pathlib import Path

import keras
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from sslzoo.serving.signatures import requests


def write(model: keras.Model, path: str | Path) -> None:
    """A TFRecord of one `tensorflow.serving.PredictionLog` per signature, each with one item of the
    usual size.

    Example:
        >>> import sslzoo, tempfile
        >>> from sslzoo.serving import warmup
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     warmup.write(sslzoo.build("simclr", "micro", 8), file.name)
    """
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in requests(model, model.reads.examples(1)).items():
            log = PredictionLog()
            request = log.predict_log.request
            request.model_spec.name = model.name
            request.model_spec.signature_name = signature
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())
