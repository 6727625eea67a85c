"""Requests that TF Serving answers while it loads a model, so that the first user does not wait for
lazy set-up.
"""

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from sslzoo.zoo.saved_model import example_requests


def write(model, path):
    """A TFRecord of one `tensorflow.serving.PredictionLog` per signature, each with one image of
    the model's size.
    """
    size = model.preprocess.image_size
    images = np.random.default_rng(0).integers(
        0, 256, (1, size, size, model.preprocess.channels), dtype=np.uint8
    )
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in example_requests(model, images).items():
            log = PredictionLog()
            request = log.predict_log.request
            request.model_spec.name = model.name
            request.model_spec.signature_name = signature
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())
