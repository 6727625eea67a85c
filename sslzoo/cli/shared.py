"""What the commands share: the forms of their options, and how a backend is chosen."""

import contextlib
import functools
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Literal

import typer

from sslzoo.notices import silence

Backend = Annotated[
    Literal["tensorflow", "jax"] | None,
    typer.Option(help="Keras backend. Default: KERAS_BACKEND, else tensorflow."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no notices. Warnings stay.")]
ModelName = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A name from `sslzoo list`, a config, a run's folder, a model that you saved, or its "
        "address.",
    ),
]
WeightsSource = Annotated[
    str, typer.Option(help="Weights: default, none (untrained), or a path or URL of a file.")
]


OnError = Annotated[
    Literal["raise", "skip"], typer.Option(help="What to do with images that cannot be read.")
]
Download = Annotated[
    bool, typer.Option("--download", help="Download data that are not on this machine.")
]


def long(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes a while, with the option --quiet.

    Example:
        >>> import inspect
        >>> from sslzoo.cli.shared import long
        >>> str(inspect.signature(long(lambda name: None)).parameters["quiet"].default)
        'False'
    """

    @functools.wraps(command)
    def run(*arguments: Any, quiet: bool = False, **options: Any) -> None:
        with silence() if quiet else contextlib.nullcontext():
            command(*arguments, **options)

    own = inspect.signature(command)
    keyword = inspect.Parameter.KEYWORD_ONLY
    option = inspect.Parameter("quiet", keyword, default=False, annotation=Quiet)
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), option])
    run.__annotations__ = {**command.__annotations__, "quiet": Quiet}
    return run


def check_model(name: str) -> None:
    """Refuse the name of no model, before keras is imported. Raises ValueError, FileNotFoundError.

    Example:
        >>> from sslzoo.cli.shared import check_model
        >>> check_model("mine.keras")
        Traceback (most recent call last):
        FileNotFoundError: model: there is no file mine.keras.
    """
    from sslzoo.checks import local_path
    from sslzoo.zoo.registry import resolve, saved_kind

    kind = saved_kind(name)
    if kind is None:
        resolve(name)
    elif kind != "remote" and not local_path("model", name).exists():
        raise FileNotFoundError(f"model: there is no file {name}.")


def load_model(name: str, weights: str) -> Any:
    """The model of a command's arguments.

    Example:
        >>> from sslzoo.cli.shared import load_model
        >>> type(load_model("simclr_resnet20.digits", "none")).__name__
        'SimCLR'
    """
    import sslzoo

    return sslzoo.load(name, weights=None if weights == "none" else weights)


def check_at_hand(names: Iterable[str], download: bool) -> None:
    """Ask before data sets are downloaded.

    Args:
        names: of the data sets. download: the answer, where it was given.

    Raises:
        ValueError: the answer is no, or nobody is there to give it. OSError: there is no network.

    Example:
        >>> from sslzoo.cli.shared import check_at_hand
        >>> check_at_hand(["digits"], download=False)
    """
    from sslzoo.data.remote import check_network, download_bytes

    for name in dict.fromkeys(names):
        size = download_bytes(name)
        if size is None:
            continue
        what = f"{name} is not on this machine; a download of {size / 1e6:,.0f} MB gets it"
        if not download and sys.stdin.isatty():
            download = typer.confirm(f"{what}. Download it?", err=True)
        if not download:
            raise ValueError(f"data: {what}: give --download, or the path of your own data.")
        check_network(name)


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
