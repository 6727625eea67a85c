"""What the commands share: the forms of their options, and how a backend is chosen."""

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from typing import Annotated, Literal

import typer

Backend = Annotated[
    Literal["tensorflow", "jax"] | None,
    typer.Option(help="Of Keras; default KERAS_BACKEND, or tensorflow."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
ModelName = Annotated[
    str,
    typer.Argument(
        metavar="NAME|CONFIG.yaml", help="A model of `sslzoo list`, or a config of yours."
    ),
]
WeightsSource = Annotated[
    str, typer.Option(help="default, none (untrained), or the path or URL of a weights file.")
]


def use_backend(name: str | None) -> None:
    """Choose Keras' backend and import keras.

    Args:
        name: "tensorflow" or "jax"; None: what KERAS_BACKEND says, or tensorflow.

    Raises:
        ValueError: it is not installed, or keras runs on another one in this process.

    Example:
        >>> from sslzoo.cli.shared import use_backend
        >>> use_backend(None)
        >>> "keras" in sys.modules
        True
    """
    if name is not None:
        if importlib.util.find_spec(name) is None:
            raise ValueError(f"backend: got {name}; it must be installed in this Python.")
        running = sys.modules["keras"].backend.backend() if "keras" in sys.modules else name
        if running != name:
            raise ValueError(
                f"backend: got {name}; it must be {running}, on which keras runs in this process."
            )
        os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    debug = os.environ.get("SSLZOO_DEBUG") == "1"
    with contextlib.nullcontext() if debug else without_stderr():
        importlib.import_module("keras")


@contextlib.contextmanager
def without_stderr() -> Iterator[None]:
    """Nothing reaches file descriptor 2, unless there is an exception: TensorFlow 2.21 writes its
    start-up log there before it reads TF_CPP_MIN_LOG_LEVEL.

    Example:
        >>> from sslzoo.cli.shared import without_stderr
        >>> with without_stderr():
        ...     written = os.write(2, b"a log")
    """
    import tempfile

    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(kept, log.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
