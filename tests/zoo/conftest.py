"""Servers of this machine: one of plain files, with the faults of the net, and one that speaks as
much of the Hugging Face Hub's language as huggingface_hub needs.
"""

import base64
import hashlib
import http.server
import json
import threading
from contextlib import contextmanager, suppress
from urllib.parse import unquote, urlsplit

import pytest


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers in few words, and logs nothing."""

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Length": str(len(body))} | names).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            with suppress(ConnectionError):  # the client refused the answer
                self.wfile.write(body)

    def answer_json(self, value, status=200, **headers):
        self.answer(status, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def log_message(self, *_):
        pass


class Files(Handler):
    """Serves `server.files`. The first folder of a path is how: "files" whole, "parts" with an ETag
    and ranges, "moved" by a redirect, "circle" by one to itself, "page" as HTML.

    server.cuts: bytes after which the next answers break off; server.seen: (path, range) of all
    requests; server.headers: those that are changed.
    """

    def do_GET(self):
        server, path = self.server, urlsplit(self.path).path
        server.seen.append((path, self.headers.get("Range")))
        kind, _, name = path[1:].partition("/")
        if kind in ("moved", "circle"):
            place = self.path if kind == "circle" else f"/parts/{name}"
            return self.answer(302, Location=place)
        if kind == "page":
            return self.answer(200, b"<!DOCTYPE html><p>Log in", Content_Type=server.page_type)
        if name not in server.files:
            return self.answer(404)
        content = server.files[name]
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        status, start, headers = 200, 0, {}
        if kind == "parts":
            headers = {"ETag": tag, "Accept-Ranges": "bytes"}
            if self.headers.get("Range") and self.headers.get("If-Range") == tag:
                start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
                status = 206 if start < len(content) else 416
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        headers = {"Content-Length": str(len(body))} | headers | server.headers
        self.answer(status, body[: server.cuts.pop(0) if server.cuts else None], **headers)


class Hub(Handler):
    """One repository, "ann/mine". `server.commits`: {revision: {file: content}}."""

    sha = "a" * 40

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        self.server.seen.append(path)
        files = self.server.commits.get("main")
        if "ann/mine" not in path or files is None:
            return self.missing("RepoNotFound", 401)
        if path.startswith("/api/models/ann/mine/tree/"):
            return self.answer_json(
                [
                    {"type": "file", "path": name, "size": len(content), "oid": self.tag(content)}
                    for name, content in files.items()
                ]
            )
        if path.startswith("/api/models/ann/mine"):
            revision = path.partition("/revision/")[2] or "main"
            if revision not in self.server.commits:
                return self.missing("RevisionNotFound", 404)
            siblings = [{"rfilename": name} for name in files]
            return self.answer_json({"id": "ann/mine", "sha": self.sha, "siblings": siblings})
        name = path.partition("/resolve/")[2].partition("/")[2]
        if name not in files:
            return self.missing("EntryNotFound", 404)
        content = files[name]
        headers = {"ETag": f'"{self.tag(content)}"', "X-Repo-Commit": self.sha}
        if self.headers.get("Range"):
            start = int(self.headers["Range"].removeprefix("bytes=").split("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return self.answer(206, content[start:], **headers)
        self.answer(200, content, **headers)

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        self.server.seen.append(path)
        if self.headers.get("Authorization") != "Bearer hf_ann":
            return self.answer_json({"error": "Invalid credentials"}, 401)
        if path == "/api/repos/create":
            self.server.created.append(json.loads(body))
            self.server.commits.setdefault("main", {})
            return self.answer_json({"url": f"{self.server.url}/ann/mine", "name": "ann/mine"})
        if path == "/api/validate-yaml":
            return self.answer_json({"errors": [], "warnings": []})
        if "/preupload/" in path:
            modes = {"uploadMode": "regular", "shouldIgnore": False}
            paths = [file["path"] for file in json.loads(body)["files"]]
            return self.answer_json({"files": [{"path": path, **modes} for path in paths]})
        revision = unquote(path.rpartition("/")[2])
        if "/branch/" in path:
            self.server.commits.setdefault(revision, dict(self.server.commits["main"]))
            return self.answer(201)
        lines = [json.loads(line) for line in body.splitlines()]
        added = [line["value"] for line in lines if line["key"] == "file"]
        commit = {file["path"]: base64.b64decode(file["content"]) for file in added}
        self.server.commits[revision] |= commit
        url = f"{self.server.url}/ann/mine/commit/{self.sha}"
        self.answer_json({"success": True, "commitOid": self.sha, "commitUrl": url})

    def missing(self, code, status):
        self.answer(status, X_Error_Code=code)

    @staticmethod
    def tag(content):
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def served(handler, **state):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        vars(server).update(state, seen=[], url=f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def web():
    with served(Files, files={}, cuts=[], headers={}, page_type="text/html") as server:
        yield server


@pytest.fixture
def hub():
    with served(Hub, commits={}, created=[]) as server:
        yield server
