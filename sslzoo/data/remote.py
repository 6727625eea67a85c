"""What `load` would download: asked before it does."""

import importlib.util
import os
import urllib.error
import urllib.request

from sslzoo.data.read import tfds
from sslzoo.data.sources import available, find
from sslzoo.errors import unknown

SECONDS = 10  # to reach a server


def download_bytes(name: str | os.PathLike) -> int | None:
    """How many bytes `load` would download for a data set; None if it is on this machine, 0 if
    TensorFlow Datasets does not say how many.

    Raises:
        ValueError: a data set that is nowhere.

    >>> download_bytes("digits") is None
    True
    """
    name = os.fspath(name)
    stored = name.removeprefix("tfds:") in tfds.stored()
    if name == "digits" or stored or (not name.startswith("tfds:") and find(name) is not None):
        return None
    if importlib.util.find_spec("tensorflow_datasets") is None:
        raise ValueError(unknown("data set", name, [known for known, _, _ in available()]))
    return sum(info.size or 0 for info in _downloads(name).values())


def check_network(name: str) -> None:
    """Refuse a download where its server cannot be reached.

    Raises:
        OSError: after a few seconds, in one sentence.

    >>> check_network("mnist")  # doctest: +SKIP
    """
    url = next(iter(_downloads(name)), "https://storage.googleapis.com")
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=SECONDS).close()
    except urllib.error.HTTPError:
        return  # the server is there
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise OSError(
            f"data: {name} cannot be downloaded, {url} is not reached ({reason}); put the data on "
            "this machine and name their path."
        ) from None


def _downloads(name: str) -> dict:
    """{URL: size and checksum} of a TensorFlow data set."""
    import tensorflow_datasets

    name = name.removeprefix("tfds:")
    try:
        return tensorflow_datasets.builder_cls(name.split("/")[0].split(":")[0]).url_infos
    except tensorflow_datasets.core.DatasetNotFoundError:
        names = [known for known, _, _ in available()]
        raise ValueError(unknown("data set", name, names)) from None
