"""The REST contract of TensorFlow Serving: paths, forms, codes and the words of its errors."""

import numpy as np
import pytest
from served import ask, b64, png

from sslzoo.serving import Client, ServerError

pytestmark = pytest.mark.tensorflow

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 9, 7, 3), dtype=np.uint8)
ROWS = IMAGES.tolist()
MODEL = "/v1/models/digits"


@pytest.mark.parametrize("path", [MODEL, f"{MODEL}/versions/1", "/V1/MODELS/digits"])
def test_status(url, path):
    code, answer = ask(url, path)
    status = {"error_code": "OK", "error_message": ""}
    one = {"version": "1", "state": "AVAILABLE", "status": status}
    assert (code, answer) == (200, {"model_version_status": [one]})


@pytest.mark.parametrize("path", [f"{MODEL}/metadata", f"{MODEL}/versions/1/metadata"])
def test_metadata(url, path):
    code, answer = ask(url, path)
    assert code == 200
    assert answer["model_spec"] == {"name": "digits", "signature_name": "", "version": "1"}
    encode = answer["metadata"]["signature_def"]["signature_def"]["encode"]
    assert encode["method_name"] == "tensorflow/serving/predict"
    images = encode["inputs"]["images"]
    assert images["dtype"] == "DT_UINT8"
    assert [size["size"] for size in images["tensor_shape"]["dim"]] == ["-1"] * 4
    assert encode["outputs"]["embedding"]["dtype"] == "DT_FLOAT"


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        (MODEL, {"instances": ROWS}, "predictions"),
        (MODEL, {"instances": [{"images": row} for row in ROWS]}, "predictions"),
        (MODEL, {"inputs": ROWS}, "outputs"),
        (MODEL, {"inputs": {"images": ROWS}}, "outputs"),
        (f"{MODEL}/versions/1", {"signature_name": "encode", "instances": ROWS}, "predictions"),
    ],
)
def test_answers_are_those_of_the_model(url, model, path, body, key):
    code, answer = ask(url, f"{path}:predict", body)
    assert code == 200 and list(answer) == [key]
    np.testing.assert_allclose(answer[key], model.encode(IMAGES), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("signature", ["serving_bytes", "encode_bytes"])
def test_files_are_answered_by_their_bytes(url, model, signature):
    files = [b64(png(image)) for image in IMAGES]
    body = {"signature_name": signature, "instances": files}
    code, answer = ask(url, f"{MODEL}:predict", body)
    assert code == 200
    np.testing.assert_allclose(answer["predictions"], model.encode(IMAGES), rtol=1e-5, atol=1e-6)


def test_several_outputs_come_by_name(url, model):
    files = [b64(png(IMAGES[0])), b64(b"no image")]
    body = {"signature_name": "serving_bytes_marked", "instances": files}
    code, answer = ask(url, f"{MODEL}:predict", body)
    assert code == 200
    assert [row["readable"] for row in answer["predictions"]] == [True, False]
    expected = model.encode(IMAGES[:1])[0]
    np.testing.assert_allclose(
        answer["predictions"][0]["embedding"], expected, rtol=1e-5, atol=1e-6
    )
    body = {"signature_name": "serving_bytes_marked", "inputs": files}
    assert set(ask(url, f"{MODEL}:predict", body)[1]["outputs"]) == {"embedding", "readable"}


PREDICT = f"{MODEL}:predict"
REFUSED = [
    ("/v1/models/none", None, 404, "Could not find any versions of model none"),
    ("/v1/models/none:predict", {"instances": [1]}, 404, "Servable not found for request: Latest"),
    (f"{MODEL}/versions/7", None, 404, "Could not find version 7 of model digits"),
    (f"{MODEL}/versions/7:predict", {"instances": [1]}, 404, "Servable not found for request"),
    (
        f"{MODEL}/labels/best:predict",
        {"instances": [1]},
        400,
        "Unrecognized servable version label",
    ),
    ("/v1/nothing", {"instances": [1]}, 400, "Malformed request: POST /v1/nothing"),
    (f"{MODEL}:guess", {"instances": [1]}, 400, "Malformed request: POST /v1/models/digits:guess"),
    (PREDICT, b"", 400, "JSON Parse error: The document is empty"),
    (PREDICT, b"{", 400, "JSON Parse error"),
    (PREDICT, b'{"instances": [' + b"[" * 5000, 400, "JSON Parse error"),
    (PREDICT, b"\xff\xfe", 400, "JSON Parse error"),
    (PREDICT, [1], 400, "Is not object"),
    (PREDICT, {}, 400, "Missing 'inputs' or 'instances' key"),
    (PREDICT, {"instances": ROWS, "inputs": ROWS}, 400, "only one of 'inputs' or 'instances' keys"),
    (PREDICT, {"instances": 3}, 400, "to be an list/array|to be a list/array"),
    (PREDICT, {"instances": []}, 400, "No values in 'instances' array"),
    (PREDICT, {"signature_name": "no", "instances": ROWS}, 400, "no.*not found in signature def"),
    (
        PREDICT,
        {"signature_name": 3, "instances": ROWS},
        400,
        "'signature_name' key must be a string",
    ),
    (PREDICT, {"instances": [{"x": 1}]}, 400, "element: 0"),
    (PREDICT, {"instances": [ROWS[0], {"images": ROWS[0]}]}, 400, "at item 1 of input list"),
    (PREDICT, {"instances": [{"images": ROWS[0]}, ROWS[0]]}, 400, "Expecting object but got list"),
    (
        PREDICT,
        {"inputs": {"pictures": ROWS}},
        400,
        "Missing named input: images in 'inputs' object",
    ),
    (PREDICT, {"instances": [ROWS[0], ROWS[0][:3]]}, 400, "element: 1"),
    (PREDICT, {"instances": [[[[0.5] * 3]]]}, 400, "Number is not of expected type: uint8"),
    (PREDICT, {"instances": [[[["a"] * 3]]]}, 400, "String is not of expected type: uint8"),
    (PREDICT, {"instances": [[[[None] * 3]]]}, 400, "Null is not of expected type: uint8"),
    (PREDICT, {"signature_name": "serving_bytes", "instances": [b64(b"x")]}, 400, "must be JPEG"),
    (
        PREDICT,
        {"signature_name": "serving_bytes", "instances": [{"b64": "$"}]},
        400,
        "base64 decode",
    ),
    (PREDICT, {"signature_name": "serving_bytes", "instances": [3]}, 400, "expected type: string"),
]


@pytest.mark.parametrize(("path", "body", "code", "words"), REFUSED)
def test_what_is_refused(url, path, body, code, words):
    found, answer = ask(url, path, body)
    assert found == code and list(answer) == ["error"], answer
    with pytest.raises(ValueError, match=words):
        raise ValueError(answer["error"])


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_malformed(url, method):
    code, answer = ask(url, PREDICT, {"instances": ROWS}, method)
    assert code == 400 and answer["error"] == f"Malformed request: {method} {PREDICT}"


def test_the_client(client, model):
    expected = model.encode(IMAGES)
    assert client.status() == {1: "AVAILABLE"}
    assert set(client.metadata()) >= {"encode", "serving_default"}
    found = client.predict(images=IMAGES)
    assert list(found) == ["embedding"] and found["embedding"].dtype == "float32"
    np.testing.assert_allclose(found["embedding"], expected, rtol=1e-5, atol=1e-6)
    files = [png(image) for image in IMAGES]
    marked = client.predict("serving_bytes_marked", image_bytes=[*files, b"no image"])
    np.testing.assert_allclose(marked["embedding"][:3], expected, rtol=1e-5, atol=1e-6)
    assert marked["readable"].tolist() == [True, True, True, False]


def test_the_client_says_what_the_server_said(client, url):
    with pytest.raises(ServerError, match="not of expected type") as refused:
        client.predict(images=np.zeros((1, 8, 8, 3)))
    assert refused.value.code == 400
    with pytest.raises(ServerError, match="Could not find any versions") as refused:
        Client(url, "none").status()
    assert refused.value.code == 404


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("localhost:8501", "url: got 'localhost:8501'; it must be http://HOST:PORT"),
        ("ftp://host", "url: got 'ftp://host'"),
        ("http://", "url: got 'http://'"),
    ],
)
def test_a_client_of_nowhere_is_refused(place, words):
    with pytest.raises(ValueError, match=words):
        Client(place, "digits")
    with pytest.raises(ServerError, match="no answer"):
        Client("http://127.0.0.1:9", "digits").status()
