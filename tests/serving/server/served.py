"""`sslzoo serve` in a process, and requests to it."""

import base64
import io
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

from PIL import Image


class Process:
    """`sslzoo serve` in a process; `url` once it answers."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sslzoo", "serve", *map(str, arguments), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        self.lines = []
        self.url = self._wait()

    def _wait(self):
        for line in self.process.stdout:
            self.lines.append(line)
            found = re.search(r"http://[\d.]+:\d+", line)
            if found:
                return found[0]
        raise RuntimeError("".join(self.lines))

    def stop(self, signal=15):
        """Its exit code and what else it said."""
        self.process.send_signal(signal)
        rest = self.process.communicate(timeout=60)[0]
        return self.process.returncode, rest


def until(condition, seconds=30.0):
    """Whether something became true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


def ask(url, path, body=None, method=None):
    """(HTTP code, JSON) of a request; bytes go as they are."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, content, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.headers["Content-Type"].startswith("application/json")
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
