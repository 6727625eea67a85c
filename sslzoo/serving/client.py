"""Answers of a model that TensorFlow Serving or `sslzoo serve` serves."""

import base64
import http.client
import importlib.util
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from sslzoo.checks import above, refused


class ServerError(RuntimeError):
    """What a server answered in place of a result, or that it did not answer.

    code: the HTTP code, or gRPC's; None where there was no answer.

    Example:
        >>> from sslzoo.serving.client import ServerError
        >>> ServerError("no server", None).code is None
        True
    """

    def __init__(self, message: str, code: int | str | None) -> None:
        super().__init__(message)
        self.code = code


class Client:
    """A model on a server.

    Args:
        url: "http://host:8501" of REST, or "grpc://host:8500", which needs
            `tensorflow-serving-api` (the extra `serving`).
        name: The model's name there.
        version: Its number, or None for the newest one.
        timeout: Seconds until an answer.

    Raises:
        ValueError: Another kind of URL, or gRPC without its package.

    Example:
        >>> from sslzoo.serving import Client
        >>> client = Client("http://localhost:8501", "digits")
        >>> client.predict(images=photos)  # doctest: +SKIP
        {'embedding': array(...)}
    """

    def __init__(
        self, url: str, name: str, version: int | None = None, timeout: float = 60.0
    ) -> None:
        scheme, _, self.place = url.rstrip("/").partition("://")
        if scheme not in ("http", "https", "grpc") or not self.place:
            raise refused("url", repr(url), "be http://HOST:PORT, https://... or grpc://HOST:PORT")
        if scheme == "grpc" and importlib.util.find_spec("tensorflow_serving") is None:
            needed = "have tensorflow-serving-api: pip install sslzoo[serving]"
            raise refused("url", repr(url), needed)
        self.scheme = scheme
        self.name, self.version = name, version
        self.timeout = above("timeout", timeout, 0)
        self.outputs = {}  # of signatures that have one

    def predict(self, signature: str = "serving_default", **inputs: Any) -> dict[str, NDArray]:
        """The outputs of a signature.

        Args:
            signature: Its name.
            inputs: {input: array}. Encoded files are bytes, a path, or a list of these.

        Returns:
            {output: array}; an output of bytes is an object array.

        Raises:
            ServerError: What the server refuses, or no answer.
        """
        values = {name: _array(value) for name, value in inputs.items()}
        if self.scheme == "grpc":
            return self._by_grpc(signature, values)
        body = {"signature_name": signature, "inputs": {k: _jsonable(v) for k, v in values.items()}}
        outputs = self._asked(":predict", json.dumps(body).encode())["outputs"]
        if not isinstance(outputs, dict):  # one output comes without its name
            outputs = {self._only_output(signature): outputs}
        return {name: _read(value) for name, value in outputs.items()}

    def status(self) -> dict[int, str]:
        """{version: state} of the model, such as {1: "AVAILABLE"}.

        Raises:
            ServerError: There is no such model, no answer, or gRPC.
        """
        states = self._asked("")["model_version_status"]
        return {int(state["version"]): state["state"] for state in states}

    def metadata(self) -> dict:
        """{signature: its inputs and outputs}, as TensorFlow Serving describes them.

        Raises:
            ServerError: There is no such model, no answer, or gRPC.
        """
        return self._asked("/metadata")["metadata"]["signature_def"]["signature_def"]

    def _only_output(self, signature: str) -> str:
        if signature not in self.outputs:
            (self.outputs[signature],) = self.metadata()[signature]["outputs"]
        return self.outputs[signature]

    def _asked(self, verb: str, body: bytes | None = None) -> Any:
        if self.scheme == "grpc":
            raise ServerError("status and metadata are asked over http.", None)
        version = f"/versions/{self.version}" if self.version is not None else ""
        url = f"{self.scheme}://{self.place}/v1/models/{quote(self.name)}{version}{verb}"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise ServerError(_message(error), error.code) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ServerError(f"{url}: no answer ({error}).", None) from None

    def _by_grpc(self, signature: str, values: Mapping[str, NDArray]) -> dict[str, NDArray]:
        import grpc
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.name
        request.model_spec.signature_name = signature
        if self.version is not None:
            request.model_spec.version.value = self.version
        for name, value in values.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        endless = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(self.place, endless) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            try:
                answer = stub.Predict(request, self.timeout)
            except grpc.RpcError as error:
                raise ServerError(error.details(), error.code().name) from None
        return {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}


def _array(value: Any) -> NDArray:
    """What was given, as an array; files as an object array of bytes."""
    if isinstance(value, (bytes, Path)):
        value = [value]
    if isinstance(value, Sequence) and value and isinstance(value[0], (bytes, Path)):
        files = [item.read_bytes() if isinstance(item, Path) else item for item in value]
        return np.array(files, object)
    return np.asarray(value)


def _jsonable(array: NDArray) -> Any:
    if array.dtype.kind in "OS":
        return [{"b64": base64.b64encode(file).decode()} for file in array.tolist()]
    return array.tolist()


def _read(value: Any) -> NDArray:
    """JSON -> an array; TensorFlow Serving marks bytes."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return np.array([base64.b64decode(item["b64"]) for item in value], object)
    array = np.asarray(value)
    return array.astype("float32") if array.dtype == np.float64 else array


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return json.loads(error.read())["error"]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {error.code} {error.reason}"
