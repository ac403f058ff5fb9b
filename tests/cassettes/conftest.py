"""A real HTTP server on loopback, in a thread, and a switch that takes it down."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import zstandard

import cassettes

cassettes.install()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _CountingServer

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""

    def _answer(self) -> None:
        self.server.count()
        body = self._body()
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        route = parts.path.strip("/").split("/")
        answer = getattr(self, f"_{route[0]}", None)
        if answer is None:
            self._send(404, b"no such route")
        else:
            answer(route, query, body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _answer

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        length: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def _echo(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        if "release" in query:
            self.server.gate.wait(10)
        shown = {
            "id": route[1],
            "query": query,
            "method": self.command,
            "body": None if b"boundary" in body or b"\r\n--" in body else body.decode("latin-1"),
            "cookie": self.headers.get("Cookie"),
        }
        self._send(
            200,
            json.dumps(shown).encode(),
            {"Content-Type": "application/json", "Set-Cookie": f"sid={route[1]}; Path=/"},
        )

    def _count(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self._send(200, str(self.server.hits).encode())

    def _packed(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        plain = json.dumps({"words": "hello " * 50}).encode()
        packers: dict[str, Any] = {
            "gzip": gzip.compress,
            "deflate": zlib.compress,
            "zstd": zstandard.ZstdCompressor().compress,
        }
        self._send(
            200,
            packers[route[1]](plain),
            {"Content-Type": "application/json", "Content-Encoding": route[1]},
        )

    def _chunked(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(int(route[1])):
            chunk = b'data: {"number": %d}\n\n' % number
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
            if "step" in query:
                self.server.gate.wait(10)
        self.wfile.write(b"0\r\n\r\n")

    def _binary(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self._send(200, bytes(range(256)) * 20, {"Content-Type": "application/octet-stream"})

    def _redirect(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self._send(302, b"", {"Location": "/echo/redirected", "Set-Cookie": "hop=1; Path=/"})

    def _moved(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self._send(int(route[1]), b"", {"Location": "/echo/moved"})

    def _circle(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self._send(302, b"", {"Location": "/circle"})

    def _many(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self.send_response(200)
        for number in range(3):
            self.send_header("Set-Cookie", f"c{number}={number}; Path=/")
        self.send_header("X-Many", "one")
        self.send_header("X-Many", "two")
        self.send_header("X-Latin", "caf\xe9")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def _trailers(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Trailer", "X-Digest")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n0\r\nX-Digest: abc\r\n\r\n")

    def _hints(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        self._send(200, b"after the hints")

    def _corrupt(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        packed = gzip.compress(b"hello " * 50)
        self._send(200, packed[:20] + b"\0\0\0" + packed[23:], {"Content-Encoding": "gzip"})

    def _status(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self._send(int(route[1]), b"" if "empty" in query else b"status " + route[1].encode())

    def _cut(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self._send(200, b"only this much", length=1000)
        self.close_connection = True

    def _tillclose(self, route: list[str], query: dict[str, list[str]], body: bytes) -> None:
        self.protocol_version = "HTTP/1.0"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"until I hang up")
        self.close_connection = True


class _CountingServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hits = 0
        self.gate = threading.Event()
        self._lock = threading.Lock()

    def count(self) -> None:
        with self._lock:
            self.hits += 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is part of the tests."""


class Server:
    """The running server: its address, how often it was asked, and how to take it down."""

    def __init__(self) -> None:
        self._server = _CountingServer()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(poll_interval=0.005)
        )
        self._thread.start()
        self.is_up = True

    @property
    def hits(self) -> int:
        return self._server.hits

    @property
    def gate(self) -> threading.Event:
        """Held responses go on when it is set."""
        return self._server.gate

    def stop(self) -> None:
        if self.is_up:
            self.is_up = False
            self._server.gate.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def refused_url() -> str:
    """An address on loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(autouse=True)
def _policy_is_reset() -> Iterator[None]:
    yield
    cassettes.outside("pass")
