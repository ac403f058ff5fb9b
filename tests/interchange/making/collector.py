"""A collector on loopback: keeps what exporters post, as files of the collector's file exporter.

OTLP comes in as protobuf and is kept as it came, each request behind its length, and as OTLP/JSON,
one request a line.
"""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_IDS = ("traceId", "spanId", "parentSpanId")


class Collector:
    """What was posted, in order: path, headers, and the body in bytes."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, Any] = {}
        """What to answer, by the beginning of ``METHOD path``; ``{}`` otherwise."""

    def bodies(self, path: str) -> list[bytes]:
        """Return what was posted to ``path``, unpacked."""
        return [
            gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
            for posted, headers, body in self.posted
            if posted.endswith(path)
        ]

    def otlp_json(self) -> list[dict[str, Any]]:
        """Return every request of traces and logs as OTLP/JSON has it."""
        from google.protobuf.json_format import MessageToDict
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
            ExportLogsServiceRequest,
        )
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        kinds = {"/v1/traces": ExportTraceServiceRequest, "/v1/logs": ExportLogsServiceRequest}
        return [
            _hexadecimal(MessageToDict(kind.FromString(body), use_integers_for_enums=True))
            for path, kind in kinds.items()
            for body in self.bodies(path)
        ]

    def otlp_protobuf(self) -> bytes:
        """Return every request of traces behind its length, four bytes with the highest first."""
        bodies = self.bodies("/v1/traces")
        return b"".join(len(body).to_bytes(4, "big") + body for body in bodies)


def _hexadecimal(value: Any) -> Any:
    """OTLP/JSON writes ids in hexadecimal digits, where protobuf's own JSON has base64."""
    if isinstance(value, list):
        return [_hexadecimal(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64decode(one).hex() if name in _IDS else _hexadecimal(one)
        for name, one in value.items()
    }


@contextmanager
def collecting() -> Iterator[tuple[Collector, str]]:
    """Yield a collector and the address that it listens at."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def answer(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            chunked = self.headers.get("transfer-encoding") == "chunked"
            body = self._chunks() if chunked else self.rfile.read(size)
            headers = {name.lower(): value for name, value in self.headers.items()}
            if self.command != "GET":
                collector.posted.append((self.path, headers, body))
            asked = f"{self.command} {self.path}"
            said = next((a for k, a in collector.answers.items() if asked.startswith(k)), {})
            content = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = answer

        def _chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield collector, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def json_lines(values: list[Any]) -> str:
    """Return ``values`` as JSON lines."""
    return "".join(json.dumps(value) + "\n" for value in values)
