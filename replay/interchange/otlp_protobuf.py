"""OTLP as protobuf: one request, or many, each behind its length (the collector's way)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from replay.errors import ImportFileError, MissingExtraError, ReplayError
from replay.interchange.lines import BadLine, Line
from replay.interchange.sources import Source, head_of, open_source
from replay.records import JsonObject

_LENGTH_BYTES: Final = 4
_REQUEST_BYTES_MAX: Final = 2**30
_FIRST_FIELD: Final = 0x0A
"""What a request begins with: its field 1, which has a length."""
_IDS: Final = ("traceId", "spanId", "parentSpanId")


def is_one(path: Path) -> bool:
    """Return whether ``path`` begins as requests in protobuf do."""
    head = head_of(path, 16)
    return _is_request(head) or (len(head) > _LENGTH_BYTES and _is_behind_length(head))


def _is_request(head: bytes) -> bool:
    # A line end is the same byte, but no JSON has a control character right after it.
    return len(head) > 3 and head[0] == _FIRST_FIELD and not _is_text(head)


def _is_behind_length(head: bytes) -> bool:
    size = int.from_bytes(head[:_LENGTH_BYTES], "big")
    return 0 < size < _REQUEST_BYTES_MAX and head[_LENGTH_BYTES] == _FIRST_FIELD


def _is_text(head: bytes) -> bool:
    return head.strip()[:1] in (b"{", b"[", b'"', b"") and b"\x12" not in head


def read(path: Path) -> Iterator[Line | BadLine]:
    """Yield every request in ``path`` as OTLP/JSON.

    Raises:
        ImportFileError: opentelemetry-proto is not installed, or the file is cut or damaged.
    """
    request_of = _parser(path)
    with open_source(path) as source:
        for number, content in enumerate(_requests(path, source), start=1):
            yield Line(number, "", request_of(content, number), source.passed())


def _requests(path: Path, source: Source) -> Iterator[bytes]:
    head = source.bytes.read(_LENGTH_BYTES + 1)
    if len(head) <= _LENGTH_BYTES or not _is_behind_length(head):
        yield head + source.bytes.read()
        return
    while head:
        size = int.from_bytes(head[:_LENGTH_BYTES], "big")
        content = head[_LENGTH_BYTES:] + _exactly(source.bytes, size + _LENGTH_BYTES - len(head))
        if len(head) < _LENGTH_BYTES or len(content) < size:
            raise ImportFileError(
                f"{str(path)!r} ends inside a request.",
                hint="Nothing was imported. Was the collector still writing it?",
            )
        yield content
        head = source.bytes.read(_LENGTH_BYTES)


def _exactly(file: IO[bytes], size: int) -> bytes:
    content = b""
    while len(content) < size and (more := file.read(size - len(content))):
        content += more
    return content


def _parser(path: Path) -> Any:
    try:
        from google.protobuf.json_format import MessageToDict
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
            ExportLogsServiceRequest,
        )
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )
    except ImportError as error:
        raise MissingExtraError(
            f"{str(path)!r} is OTLP in protobuf, and opentelemetry-proto is not installed.",
            extra="otlp",
            hint="Install it with `pip install 'replay-sandbox[otlp]'`, or have the collector "
            "write JSON (`format: json` of its file exporter).",
        ) from error

    def request_of(content: bytes, number: int) -> Any:
        for kind in (ExportTraceServiceRequest, ExportLogsServiceRequest):
            try:
                request = kind.FromString(content)
            except DecodeError:
                continue
            found = MessageToDict(request, use_integers_for_enums=True)
            if _has_ids(found):
                return _hexadecimal(found)
        raise ImportFileError(
            f"{str(path)!r}, request {number:,}: this is no request of traces or logs.",
            hint="Nothing was imported. Is it OTLP (ExportTraceServiceRequest) in protobuf?",
        )

    return request_of


def _has_ids(found: Any) -> bool:
    """Logs read as traces parse, and make no sense: their spans have no ids."""
    for part in found.get("resourceSpans", []):
        for scope in part.get("scopeSpans", []):
            return all("traceId" in span and "spanId" in span for span in scope.get("spans", []))
    return "resourceLogs" in found


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


def as_protobuf(request: JsonObject) -> bytes:
    """Return a request of traces in OTLP/JSON as protobuf.

    Raises:
        ReplayError: opentelemetry-proto is not installed.
    """
    try:
        from google.protobuf.json_format import ParseDict
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )
    except ImportError as error:
        raise ReplayError(
            "OTLP in protobuf is written by opentelemetry-proto, which is not installed.",
            hint="Install it with `pip install 'replay-sandbox[otlp]'`, or choose --to otlp.",
        ) from error
    found: bytes = ParseDict(_base64(request), ExportTraceServiceRequest()).SerializeToString()
    return found


def partial_success(answer: bytes) -> JsonObject:
    """Return an endpoint's answer in protobuf as OTLP/JSON; empty where it is none."""
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    try:
        found: JsonObject = MessageToDict(ExportTraceServiceResponse.FromString(answer))
    except DecodeError:
        return {}
    return found


def behind_length(content: bytes) -> bytes:
    """Return a request as a file has it that holds several: behind its length."""
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


def _base64(value: Any) -> Any:
    """The way back from `_hexadecimal`."""
    if isinstance(value, list):
        return [_base64(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64encode(bytes.fromhex(one)).decode() if name in _IDS else _base64(one)
        for name, one in value.items()
    }
