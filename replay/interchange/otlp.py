"""OpenTelemetry's own form of spans and logs (OTLP): JSON, JSON lines, and protobuf.

What the collector's file exporter writes and what SDKs post. How spans tell of models and tools is
their instrumentation's affair: one file for each dialect.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final

from replay.interchange import otlp_protobuf
from replay.interchange.json_values import read_values
from replay.interchange.lines import Misfit, want
from replay.interchange.span_traces import tell_spans
from replay.interchange.spans import Span, SpanEvent
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import JsonObject, JsonValue

SOURCE: Final = "otlp"

_ERROR: Final = (2, "STATUS_CODE_ERROR")


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a request of traces or of logs."""
    names = ("resourceSpans", "resourceLogs", "resource_spans", "resource_logs")
    return isinstance(value, dict) and any(isinstance(value.get(name), list) for name in names)


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the spans of ``value``, and the log records that name one.

    Raises:
        Misfit: it is no request of traces, logs or metrics.
    """
    if not isinstance(value, dict):
        raise Misfit([], "an object with `resourceSpans`", value)
    if "resourceMetrics" in value or "resource_metrics" in value:
        place.notes["metrics: left out"] += 1
        return
    if not looks_like(value):
        raise Misfit([], "an object with `resourceSpans` or `resourceLogs`", value)
    for index, part in enumerate(_list(value, "resourceSpans", "resource_spans")):
        want(part, dict, ["resourceSpans", index], "an object")
        yield from _spans(part, ["resourceSpans", index])
    for part in _list(value, "resourceLogs", "resource_logs"):
        yield from _logs(part, place)


def _list(value: JsonObject, *names: str) -> list[Any]:
    return next((value[name] for name in names if isinstance(value.get(name), list)), [])


def _spans(part: JsonObject, path: list[str | int]) -> Iterator[Piece]:
    resource = attributes_of((part.get("resource") or {}).get("attributes"))
    scopes = _list(part, "scopeSpans", "scope_spans", "instrumentationLibrarySpans")
    for scope_index, scope in enumerate(scopes):
        name = (scope.get("scope") or {}).get("name")
        for index, one in enumerate(scope.get("spans") or []):
            here = [*path, "scopeSpans", scope_index, "spans", index]
            want(one, dict, here, "a span")
            span = _span(one, name, resource, here)
            yield Piece(span.trace_id, asdict(span), span.id)


def _span(one: JsonObject, scope: Any, resource: JsonObject, path: list[str | int]) -> Span:
    trace_id = hex_id(want(_of(one, "traceId"), str, [*path, "traceId"], "a trace's id"))
    span_id = hex_id(want(_of(one, "spanId"), str, [*path, "spanId"], "a span's id"))
    status = one.get("status") or {}
    return Span(
        trace_id,
        span_id,
        str(one.get("name") or ""),
        parent_id=hex_id(_of(one, "parentSpanId") or "") or None,
        scope=scope if isinstance(scope, str) else None,
        started_ns=_ns(_of(one, "startTimeUnixNano")),
        ended_ns=_ns(_of(one, "endTimeUnixNano")),
        is_error=status.get("code") in _ERROR,
        status_message=str(status.get("message") or ""),
        attributes=attributes_of(one.get("attributes")),
        events=[
            SpanEvent(
                str(event.get("name") or ""),
                attributes_of(event.get("attributes")),
                time_ns=_ns(_of(event, "timeUnixNano")),
            )
            for event in one.get("events") or []
        ],
        resource=resource,
    )


def _logs(part: JsonObject, place: Place) -> Iterator[Piece]:
    for scope in _list(part, "scopeLogs", "scope_logs"):
        for one in scope.get("logRecords") or scope.get("log_records") or []:
            attributes = attributes_of(one.get("attributes"))
            trace_id, span_id = _of(one, "traceId"), _of(one, "spanId")
            name = _of(one, "eventName") or attributes.get("event.name")
            if not (trace_id and span_id and isinstance(name, str)):
                place.notes["log records that name no span or no event: left out"] += 1
                continue
            event = SpanEvent(
                name,
                attributes,
                value_of(one.get("body")),
                _ns(_of(one, "timeUnixNano")) or _ns(_of(one, "observedTimeUnixNano")),
            )
            content = {"log_of": hex_id(span_id), "event": asdict(event)}
            yield Piece(hex_id(trace_id), content)


def _of(one: JsonObject, name: str) -> Any:
    """A field by its name, or by the name that protobuf gives it: ``trace_id``."""
    if name in one:
        return one[name]
    return one.get("".join(f"_{c.lower()}" if c.isupper() else c for c in name))


def attributes_of(pairs: Any) -> JsonObject:
    """Return OTLP's list of keys and values as an object."""
    return {
        pair["key"]: value_of(pair.get("value"))
        for pair in (pairs if isinstance(pairs, list) else [])
        if isinstance(pair, dict) and isinstance(pair.get("key"), str)
    }


def value_of(value: Any) -> JsonValue:
    """Return one of OTLP's typed values as plain JSON."""
    if not isinstance(value, dict):
        return value
    for kind, one in value.items():
        name = kind.replace("_value", "Value")
        if name == "intValue":
            return int(one)
        if name == "arrayValue":
            return [value_of(item) for item in one.get("values") or []]
        if name == "kvlistValue":
            return attributes_of(one.get("values"))
        return one
    return None


def hex_id(text: str) -> str:
    """Return an id as hexadecimal digits: some writers have base64, as protobuf's JSON does."""
    if len(text) in (12, 24):
        try:
            return base64.b64decode(text, validate=True).hex()
        except binascii.Error:
            return text
    return text.lower()


def _ns(value: Any) -> int | None:
    try:
        return int(value) or None
    except (TypeError, ValueError):
        return None


def tell(key: str, found: list[JsonObject]) -> Iterable[Any]:
    """Return the traces that spans with one trace id tell."""
    spans = [span_of(piece) for piece in found if "log_of" not in piece]
    by_id = {span.id: span for span in spans}
    for piece in found:
        if "log_of" in piece and (span := by_id.get(piece["log_of"])) is not None:
            span.events.append(SpanEvent(**piece["event"]))
    return tell_spans(SOURCE, key, spans)


def span_of(piece: JsonObject) -> Span:
    """Return the span that was put aside as ``piece``."""
    events = [SpanEvent(**event) for event in piece["events"]]
    return Span(**{**piece, "events": events})


FORMAT: Final = TraceFormat(
    SOURCE,
    looks_like,
    pieces,
    tell,
    values=lambda path: (
        otlp_protobuf.read(path) if otlp_protobuf.is_one(path) else read_values(path)
    ),
    is_binary=otlp_protobuf.is_one,
)
