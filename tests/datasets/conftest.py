"""A web server on the loopback that misbehaves as it is told, and an empty cache beside it."""

from __future__ import annotations

import hashlib
import io
import socket
import threading
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from neurogebra.datasets.fetched.texts import SMS_SPAM
from neurogebra.datasets.remote import Remote, RemoteFile


class Site(ThreadingHTTPServer):
    """Answers by path: bytes, or a function of the request handler; counts what is asked for."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.pages: dict[str, bytes | Callable] = {}
        self.asked = Counter()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, request, client_address):
        """A client that hangs up is what these tests are about."""


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked[self.path] += 1
        page = self.server.pages.get(self.path, status(404))
        page(self) if callable(page) else send(self, page)

    def log_message(self, *args):
        pass


def send(handler, data, *, length=None, kind="application/octet-stream"):
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data) if length is None else length))
    handler.end_headers()
    handler.wfile.write(data)


def status(code):
    return lambda handler: handler.send_error(code)


def truncated(data, n):
    return lambda handler: send(handler, data[:n], length=len(data))


def leads_to(place):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", place)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache; nothing but the loopback can be reached."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("NEUROGEBRA_DATA", str(folder))
    monkeypatch.delenv("NEUROGEBRA_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    connect = socket.socket.connect

    def near(self, address):
        assert address[0] == "127.0.0.1", f"a test reached for {address}"
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", near)
    return folder


@pytest.fixture
def site(cache):
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


ROWS = [("ham", "hello there"), ("spam", "WIN a prize"), ("ham", "see you, soon"), ("spam", "free")]


def zipped(members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


@pytest.fixture
def messages():
    """The bytes of a small archive in the form of the SMS spam collection."""
    return zipped({"SMSSpamCollection": "".join(f"{c}\t{t}\n" for c, t in ROWS), "readme": "x"})


@pytest.fixture
def tiny(messages):
    """A record of that archive at some addresses."""

    def record(*urls, data=messages, **changes):
        facts = {
            "name": "sms.zip",
            "urls": urls,
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
        }
        remote = Remote(
            files=(RemoteFile(**{**facts, **changes}),), reader="sms", instead="spambase"
        )
        target = replace(SMS_SPAM.target, counts=(2, 2))
        return replace(SMS_SPAM, n_samples=len(ROWS), target=target, remote=remote)

    return record


@pytest.fixture
def play():
    """How a page of the site can misbehave."""

    class Play:
        pass

    Play.send, Play.status, Play.truncated = map(staticmethod, (send, status, truncated))
    Play.leads_to, Play.endless, Play.zipped = map(staticmethod, (leads_to, endless, zipped))
    return Play
