"""A server in a process of its own, and one model behind it.

With SSLZOO_SERVING_URL the contract is asked of the server there, such as a real TensorFlow Serving
that serves what `exported` wrote.
"""

import os
import sys
from pathlib import Path

import pytest

import sslzoo
from sslzoo.serving import Client, export

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def model():
    return sslzoo.build("simclr", "micro", 8)


@pytest.fixture(scope="session")
def exported(model, tmp_path_factory):
    """<folder>/digits/1."""
    folder = tmp_path_factory.mktemp("served") / "digits"
    export(model, folder, warmup=False)
    return folder


@pytest.fixture(scope="session")
def url(exported):
    given = os.environ.get("SSLZOO_SERVING_URL")
    if given:
        yield given
        return
    from served import Process

    server = Process(exported, "--drain", "0")
    yield server.url
    server.stop()


@pytest.fixture
def client(url):
    return Client(url, "digits")
