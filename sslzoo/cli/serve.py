"""`sslzoo serve`: TensorFlow Serving's REST API for exported models."""

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from sslzoo.cli.shared import use_backend


def command(
    path: Annotated[
        Path, typer.Argument(help="Folder of an export's versions, or a models.config.")
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the model in requests. Default: the folder's.")
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen. 0.0.0.0: everywhere.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where to listen. 0: a free one.")] = 8501,
    batch: Annotated[int, typer.Option(help="Items that are computed together, at most.")] = 64,
    queue: Annotated[int, typer.Option(help="Requests that may wait.")] = 256,
    max_body: Annotated[int, typer.Option(help="MiB of a request.")] = 64,
    max_pixels: Annotated[int, typer.Option(help="Pixels of an image.")] = 50_000_000,
    timeout: Annotated[float, typer.Option(help="Seconds until an answer.")] = 60.0,
    drain: Annotated[
        float, typer.Option(help="Seconds from SIGTERM until it stops listening.")
    ] = 1.0,
) -> None:
    """Serve exported models over TensorFlow Serving's REST API.

    Example:
        >>> from sslzoo.cli.serve import command
        >>> command(Path("models/digits"), batch=0)
        Traceback (most recent call last):
        ValueError: --batch: got 0; it must be an integer of at least 1.
    """
    from sslzoo.checks import above, whole

    numbers = {"batch": batch, "queue": queue, "max-body": max_body, "max-pixels": max_pixels}
    for option, value in numbers.items():
        whole(f"--{option}", value, 1)
    above("--timeout", timeout, 0)
    missing = [part for part in ("fastapi", "uvicorn") if importlib.util.find_spec(part) is None]
    if missing:
        raise ValueError(f"serve: {missing[0]} is not installed: pip install sslzoo[serve].")
    use_backend("tensorflow")
    from sslzoo.serving.server import Limits, serve

    limits = Limits(max_body * 2**20, 1024, batch, max_pixels, timeout, queue)
    serve(path, name, host, port, limits, drain)
