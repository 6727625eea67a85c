"""What a request can be refused for: TensorFlow's status codes, as its REST API answers them."""

import json

# tensorflow/serving, model_servers/http_server.cc.
HTTP = {
    "INVALID_ARGUMENT": 400,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
    "TOO_LARGE": 413,  # a body over our limit; TensorFlow Serving has none
}


class Refused(Exception):
    """A request that gets an error for an answer.

    Args:
        code: A key of `HTTP`.
        message: One sentence.

    Example:
        >>> from sslzoo.serving.server.status import Refused
        >>> Refused("NOT_FOUND", "Could not find any versions of model x").http
        404
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def http(self) -> int:
        return HTTP[self.code]

    @property
    def body(self) -> bytes:
        """The answer, JSON."""
        return json.dumps({"error": str(self)}).encode()


def invalid(message: str) -> Refused:
    """A request that makes no sense.

    Example:
        >>> from sslzoo.serving.server.status import invalid
        >>> invalid("No values").body
        b'{"error": "No values"}'
    """
    return Refused("INVALID_ARGUMENT", message)
