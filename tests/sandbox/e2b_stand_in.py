"""Stands in for E2B on loopback: its API, and the daemon of one machine, which is this machine.

The process service is the SDK's own definition of it, served by the SDK's own library; files and
sandboxes answer as its REST calls need. No E2B has ever been asked by these tests.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from e2b.envd.client_shared import ENVD_JSON_CODEC
from e2b.envd.process import process_connect, process_pb
from protobuf import Oneof

MACHINE = "standin1"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        """Return the request, its body read: chunked bodies are foreign to WSGI."""
        environ: dict[str, Any] = super().get_environ()
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            environ["stand_in.body"] = body
            environ["CONTENT_LENGTH"] = str(len(body))
        return environ

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class StandIn:
    """An E2B of one machine; what it was asked is kept."""

    def __init__(self) -> None:
        self.created: list[dict[str, Any]] = []
        self.killed: list[str] = []
        self.commands: list[str] = []
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        service = process_connect.ProcessWSGIApplication(self, codecs=[ENVD_JSON_CODEC])
        self._service = service
        self._server = make_server("127.0.0.1", 0, self._answer, _Server, _Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                assert pipe is not None
                pipe.close()

    # The API, and files

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if "stand_in.body" in environ:
            environ["wsgi.input"] = io.BytesIO(environ["stand_in.body"])
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        body = b""
        if not path.startswith("/process."):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if method == "POST" and path.endswith("/sandboxes"):
            self.created.append(json.loads(body))
            return _json(start, 201, _machine())
        if method == "DELETE" and path.endswith(f"/sandboxes/{MACHINE}"):
            self.killed.append(MACHINE)
            for process in self._processes.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            return _json(start, 204, None)
        if (method, path) == ("POST", "/files"):
            return _json(start, 200, _written(environ, body))
        if path.startswith("/process."):
            answer: Iterable[bytes] = self._service(environ, start)
            return answer
        return _json(start, 404, {"code": 404, "message": f"{method} {path}"})

    # The process service

    def start(self, request: Any, _: Any) -> Iterator[Any]:
        process = subprocess.Popen(
            [request.process.cmd, "-c", request.process.args[-1]],
            env={"PATH": os.environ["PATH"], **request.process.envs},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self.commands.append(request.process.args[-1])
        self._processes[process.pid] = process
        events = process_pb.ProcessEvent
        yield _event(Oneof("start", events.StartEvent(pid=process.pid)))
        for name, chunk in _output(process):
            yield _event(Oneof("data", events.DataEvent(output=Oneof(name, chunk))))
        status = process.wait()
        ended = events.EndEvent(exit_code=status, exited=True, status=f"exit status {status}")
        yield _event(Oneof("end", ended))

    def send_input(self, request: Any, _: Any) -> Any:
        process = self._processes[request.process.selector.value]
        assert process.stdin is not None
        content = request.input.input.value
        while content:
            content = content[os.write(process.stdin.fileno(), content) :]
        return process_pb.SendInputResponse()

    def __getattr__(self, name: str) -> Any:
        """Stand for the calls of the service that nobody makes here."""

        def absent(*_: Any) -> Any:
            raise NotImplementedError(name)

        return absent


def _event(event: Any) -> Any:
    return process_pb.StartResponse(event=process_pb.ProcessEvent(event=event))


def _output(process: subprocess.Popen[bytes]) -> Iterator[tuple[str, bytes]]:
    with selectors.DefaultSelector() as selector:
        assert process.stdout is not None
        assert process.stderr is not None
        selector.register(process.stdout, selectors.EVENT_READ, "stdout")
        selector.register(process.stderr, selectors.EVENT_READ, "stderr")
        while selector.get_map():
            for key, _ in selector.select():
                chunk = os.read(key.fd, 50_000)
                if chunk:
                    yield key.data, chunk
                else:
                    selector.unregister(key.fileobj)


def _machine() -> dict[str, Any]:
    return {
        "sandboxID": MACHINE,
        "templateID": "base",
        "clientID": "standin",
        "envdVersion": "0.5.0",
        "envdAccessToken": "token",
    }


def _written(environ: dict[str, Any], body: bytes) -> list[dict[str, str]]:
    head = f"Content-Type: {environ['CONTENT_TYPE']}\r\n\r\n".encode()
    path = parse_qs(environ["QUERY_STRING"])["path"][0]
    (part,) = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content)
    return [{"name": Path(path).name, "type": "file", "path": path}]


def _json(start: Any, status: int, value: Any) -> list[bytes]:
    body = b"" if value is None else json.dumps(value).encode()
    words = {200: "OK", 201: "Created", 204: "No Content", 404: "Not Found"}[status]
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start(f"{status} {words}", headers)
    return [body]
