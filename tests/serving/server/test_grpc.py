"""The client over gRPC, against a server that runs the exported graph behind TensorFlow Serving's
protocol. With SSLZOO_SERVING_GRPC it is asked of the server there.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from served import png

from sslzoo.serving import Client, ServerError

pytestmark = pytest.mark.tensorflow
grpc = pytest.importorskip("grpc")
pytest.importorskip("tensorflow_serving")


def service(folder):
    """`Predict` of version 1 of the model "digits"."""
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    loaded = tf.saved_model.load(str(folder / "1"))

    class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):
            spec = request.model_spec
            if spec.name != "digits" or spec.version.value not in (0, 1):
                context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found: {spec.name}")
            inputs = {
                name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()
            }
            try:
                outputs = loaded.signatures[spec.signature_name](**inputs)
            except (KeyError, TypeError, tf.errors.InvalidArgumentError) as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error)[:200])
            answer = predict_pb2.PredictResponse()
            for name, value in outputs.items():
                answer.outputs[name].CopyFrom(tf.make_tensor_proto(value.numpy()))
            return answer

    return Service()


@pytest.fixture(scope="module")
def place(exported):
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    given = os.environ.get("SSLZOO_SERVING_GRPC")
    if given:
        yield given
        return
    server = grpc.server(
        ThreadPoolExecutor(2),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service(exported), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0)


@pytest.fixture
def client(place):
    return Client(f"grpc://{place}", "digits")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)


def test_arrays_and_files_give_what_encode_gives(client, model, images, tmp_path):
    for name in (None, 1):
        client.version = name
        answer = client.predict("encode", images=images)
        np.testing.assert_allclose(answer["embedding"], model.encode(images), rtol=1e-4, atol=1e-5)
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for path, image in zip(paths, images, strict=True):
        path.write_bytes(png(image))
    for files in (paths, [png(image) for image in images]):
        found = client.predict("encode_bytes", image_bytes=files)["embedding"]
        np.testing.assert_allclose(found, model.encode(images), rtol=1e-4, atol=1e-5)


def test_more_than_four_megabytes_pass(client, model):
    images = np.zeros((24_000, 8, 8, 3), "uint8")  # gRPC's own limit is 4 MiB
    assert len(client.predict("encode", images=images)["embedding"]) == 24_000


def test_refusals_are_server_errors_with_their_code(client, place, images):
    with pytest.raises(ServerError, match="not found: none") as refusal:
        Client(f"grpc://{place}", "none").predict(images=images)
    assert refusal.value.code == "NOT_FOUND"
    with pytest.raises(ServerError) as refusal:
        client.predict("encode", images=images[..., 0])
    assert refusal.value.code == "INVALID_ARGUMENT"
    with pytest.raises(ServerError) as refusal:
        Client("grpc://127.0.0.1:9", "digits", timeout=2).predict(images=images)
    assert refusal.value.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
    with pytest.raises(ServerError, match="asked over http"):
        client.status()
