"""The server as a process: signals, new versions, limits, readiness."""

import shutil
import threading
import urllib.error
import urllib.request

import numpy as np
import pytest
from served import Process, ask, until

import sslzoo
from sslzoo.serving import Client, ServerError, export

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)


def test_a_new_version_is_served_and_a_broken_one_is_not(exported, tmp_path):
    folder = tmp_path / "digits"
    shutil.copytree(exported, folder)
    server = Process(folder, "--drain", "0")
    client = Client(server.url, "digits")
    first = client.predict(images=IMAGES)["embedding"]
    other = sslzoo.build("simclr", "micro", 8, seed=1)
    export(other, folder, version=2, warmup=False)
    assert until(lambda: client.status() == {2: "AVAILABLE", 1: "END"})
    second = client.predict(images=IMAGES)["embedding"]
    np.testing.assert_allclose(second, other.encode(IMAGES), rtol=1e-5, atol=1e-6)
    assert not np.allclose(first, second)
    (folder / "3").mkdir()
    (folder / "3" / "saved_model.pb").write_bytes(b"no model")
    assert until(lambda: client.status().get(3) == "END")
    _, status = ask(server.url, "/v1/models/digits/versions/3")
    assert status["model_version_status"][0]["status"]["error_message"]
    assert (client.predict(images=IMAGES)["embedding"] == second).all()
    shutil.rmtree(folder / "3")
    shutil.rmtree(folder / "2")
    assert until(lambda: client.status()[1] == "AVAILABLE")  # back to the version before
    assert (client.predict(images=IMAGES)["embedding"] == first).all()
    shutil.rmtree(folder / "1")
    assert until(lambda: client.status()[1] == "END")
    with pytest.raises(ServerError, match="Servable not found for request: Latest"):
        client.predict(images=IMAGES)
    assert server.stop()[0] == 0


def test_sigterm_loses_no_request(exported):
    """As a load balancer sends: no more once `/readyz` says no."""
    server = Process(exported, "--drain", "2")
    answers, lost, stop = [], [], threading.Event()

    def send():
        client = Client(server.url, "digits")
        while not stop.is_set():
            try:
                answers.append(client.predict(images=IMAGES)["embedding"].shape)
            except ServerError as error:
                lost.append(str(error))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert until(lambda: len(answers) > 50)
    server.process.send_signal(15)
    assert until(lambda: ask_text(server.url, "/readyz")[0] == 503, 2)
    stop.set()
    for thread in threads:
        thread.join()
    said = server.process.communicate(timeout=60)[0]
    assert server.process.returncode == 0 and "every request was answered" in said
    assert not lost and set(answers) == {(2, 16)}


def test_it_is_not_ready_before_it_stops(exported):
    server = Process(exported, "--drain", "3")
    assert ask_text(server.url, "/healthz") == (200, "ok\n")
    assert ask_text(server.url, "/readyz") == (200, "ok\n")
    server.process.send_signal(15)
    assert until(lambda: ask_text(server.url, "/readyz") == (503, "not ready\n"), 2)
    assert ask_text(server.url, "/healthz") == (200, "ok\n")
    assert server.process.wait(timeout=60) == 0


def test_several_models_by_a_config(exported, tmp_path, model):
    config = tmp_path / "models.config"
    label = 'version_labels { key: "stable" value: 1 }'
    config.write_text(
        f"""
        model_config_list {{  # two names of one model
          config {{
            name: "digits" base_path: "{exported}" model_platform: "tensorflow" {label}
          }}
          config {{ name: "other", base_path: "{exported}", model_version_policy {{ all {{}} }} }}
        }}
        """
    )
    server = Process(config, "--drain", "0")
    expected = model.encode(IMAGES)
    paths = [f"/v1/models/{name}:predict" for name in ("digits", "other", "digits/labels/stable")]
    for path in paths:
        code, answer = ask(server.url, path, {"instances": IMAGES.tolist()})
        assert code == 200
        np.testing.assert_allclose(answer["predictions"], expected, rtol=1e-5, atol=1e-6)
    code, counted = ask_text(server.url, "/metrics")
    assert code == 200
    assert 'sslzoo_requests_total{code="200",method="predict",model="digits"} 2.0' in counted
    assert 'sslzoo_version_loaded{model="other",version="1"} 1.0' in counted
    assert server.stop(2)[0] == 0


def ask_text(url, path):
    try:
        with urllib.request.urlopen(url + path, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("make", "arguments", "words"),
    [
        (lambda folder: folder / "missing", [], "there is no"),
        (lambda folder: folder, [], "it must be the folder that holds the versions 1, 2"),
        (lambda folder: folder / "broken", [], "it must have a version that loads, for broken"),
        (lambda folder: folder / "broken", ["--name", "a/b"], "be a name without / and :"),
        (lambda folder: folder / "text.config", [], "have a model_config_list"),
        (
            lambda folder: folder / "text.config",
            ["--name", "x"],
            "name: got x; it must be left out",
        ),
        (lambda folder: folder / "broken", ["--port", "70000"], "port: got 70000"),
        (lambda folder: folder / "broken", ["--batch", "0"], "--batch: got 0"),
    ],
)
def test_what_cannot_be_served_is_said_before_it_listens(command, tmp_path, make, arguments, words):
    (tmp_path / "broken" / "1").mkdir(parents=True)
    (tmp_path / "text.config").write_text("# nothing\n")
    code, _, said = command("serve", make(tmp_path), *arguments)
    assert code == 2 and words in said and len(said.splitlines()) == 1


def test_a_port_that_is_taken_is_said(command, exported, url):
    port = url.rpartition(":")[2]
    code, _, said = command("serve", exported, "--port", port)
    assert code == 2 and f"127.0.0.1:{port}, where nobody can listen" in said
