"""Spans in OpenTelemetry's own form (OTLP/JSON): one request for each trace.

A file has a request on each line, as the collector's file exporter writes them and its receiver
reads them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from replay.interchange.own_attributes import SCOPE, as_text
from replay.interchange.spans import Span, SpanEvent
from replay.records import JsonObject

_INTERNAL: Final = 1
_CLIENT: Final = 3
_ERROR: Final = 2


def request_of(spans: Sequence[Span]) -> JsonObject:
    """Return the request (``ExportTraceServiceRequest``) that carries ``spans`` of one resource."""
    scoped = {"scope": {"name": SCOPE}, "spans": [_span(span) for span in spans]}
    resource = {"attributes": _attributes(spans[0].resource)}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scoped]}]}


def _span(span: Span) -> JsonObject:
    is_question = span.attributes.get("gen_ai.operation.name") == "chat"
    found: JsonObject = {
        "traceId": span.trace_id,
        "spanId": span.id,
        "name": span.name,
        "kind": _CLIENT if is_question else _INTERNAL,
        # 64-bit integers are texts in protobuf's JSON.
        "startTimeUnixNano": str(span.started_ns or 0),
        "endTimeUnixNano": str(span.ended_ns or 0),
        "attributes": _attributes(span.attributes),
        "status": {"code": _ERROR, "message": span.status_message} if span.is_error else {},
    }
    if span.parent_id is not None:
        found["parentSpanId"] = span.parent_id
    if span.events:
        found["events"] = [_event(event) for event in span.events]
    return found


def _event(event: SpanEvent) -> JsonObject:
    return {
        "timeUnixNano": str(event.time_ns or 0),
        "name": event.name,
        "attributes": _attributes(event.attributes),
    }


def _attributes(values: JsonObject) -> list[JsonObject]:
    return [
        {"key": name, "value": _value(value)} for name, value in values.items() if value is not None
    ]


def _value(value: Any) -> JsonObject:
    """Attributes are plain values and lists of texts; anything else goes as JSON text."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return {"arrayValue": {"values": [{"stringValue": one} for one in value]}}
    return {"stringValue": as_text(value)}
