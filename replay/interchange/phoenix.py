"""Spans as Phoenix gives them out, by its client or as its table, and annotations of them.

The console exporter of OpenTelemetry's Python SDK writes spans in much the same form, and is read
here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final

from replay.interchange import otlp
from replay.interchange.lines import Misfit, want
from replay.interchange.openinference_spans import KIND
from replay.interchange.span_traces import tell_spans
from replay.interchange.spans import Span, SpanEvent, flattened
from replay.interchange.times import ns_of
from replay.interchange.told import Opinion, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import JsonObject, JsonValue

SOURCE: Final = "phoenix"

_COLUMN: Final = "attributes."
_ALONE: Final = "annotations of spans that stand in another file"
_ERRORS: Final = ("ERROR", "STATUS_CODE_ERROR", 2)


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a span, a row of Phoenix's table of spans, or an annotation."""
    if not isinstance(value, dict):
        return False
    context = value.get("context")
    if isinstance(context, dict) and "trace_id" in context and "span_id" in context:
        return "start_time" in value
    return "context.trace_id" in value or _is_annotation(value)


def _is_annotation(value: JsonObject) -> bool:
    named = "span_id" in value or "trace_id" in value
    return "annotator_kind" in value and named and "result" in value


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the span, or the annotation, in ``value``.

    Raises:
        Misfit: it is neither.
    """
    if not isinstance(value, dict) or not looks_like(value):
        raise Misfit([], "a span, with `context`, or an annotation of Phoenix", value)
    if _is_annotation(value):
        about = value.get("span_id")
        key = value.get("trace_id") if about is None else place.recall(str(about))
        yield Piece(str(key or _ALONE), {"annotation": value})
        return
    span = _span(value)
    place.remember(span.id, span.trace_id)
    yield Piece(span.trace_id, asdict(span), span.id)


def _span(said: JsonObject) -> Span:
    context = said.get("context") or {
        name: said.get(f"context.{name}") for name in ("trace_id", "span_id")
    }
    ids = [want(context.get(n), str, ["context", n], "an id") for n in ("trace_id", "span_id")]
    status = said.get("status")
    code = status.get("status_code") if isinstance(status, dict) else said.get("status_code")
    words = status.get("description") if isinstance(status, dict) else said.get("status_message")
    attributes = _attributes(said)
    if isinstance(said.get("span_kind"), str) and said["span_kind"] != "UNKNOWN":
        attributes.setdefault(KIND, said["span_kind"])
    resource = said.get("resource")
    parent = said.get("parent_id")
    return Span(
        _plain(ids[0]),
        _plain(ids[1]),
        str(said.get("name") or ""),
        parent_id=_plain(parent) if isinstance(parent, str) else None,
        started_ns=ns_of(said.get("start_time")),
        ended_ns=ns_of(said.get("end_time")),
        is_error=code in _ERRORS,
        status_message=str(words or ""),
        attributes=attributes,
        events=[
            SpanEvent(
                str(event.get("name") or ""),
                flattened(event.get("attributes") or {}),
                time_ns=ns_of(event.get("timestamp")),
            )
            for event in said.get("events") or []
            if isinstance(event, dict)
        ],
        resource=(resource.get("attributes") or {}) if isinstance(resource, dict) else {},
    )


def _plain(span_id: str) -> str:
    return span_id.removeprefix("0x")


def _attributes(said: JsonObject) -> JsonObject:
    """Flat names, whatever was nested; a table has a column for each, mostly empty."""
    rows = {
        name.removeprefix(_COLUMN): one
        for name, one in said.items()
        if name.startswith(_COLUMN) and one is not None
    }
    attributes = said.get("attributes")
    whole = flattened({**(attributes if isinstance(attributes, dict) else {}), **rows})
    return {name: _number(one) for name, one in whole.items()}


def _number(value: Any) -> Any:
    """A column with gaps has its counts as floating point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def tell(key: str, found: list[JsonObject]) -> Iterable[ToldTrace]:
    """Yield the trace that spans with one trace id tell."""
    spans = [otlp.span_of(piece) for piece in found if "annotation" not in piece]
    opinions = [_opinion(piece["annotation"]) for piece in found if "annotation" in piece]
    told = next(iter(tell_spans(SOURCE, key, spans)), None)
    if told is not None or opinions:
        told = told or ToldTrace(SOURCE, key)
        told.opinions += opinions
        yield told


def _opinion(said: JsonObject) -> Opinion:
    result = said.get("result") or {}
    name, label, score = str(said.get("name")), result.get("label"), result.get("score")
    about = said.get("span_id")
    return Opinion(
        str(said.get("id") or f"{about or said.get('trace_id')}.{name}"),
        None if about is None else str(about),
        label=f"{name}: {label}" if label else name,
        score=float(score) if isinstance(score, (int, float)) else None,
        text=result.get("explanation"),
        annotator=str(said.get("annotator_kind")),
        at_ns=ns_of(said.get("created_at")),
    )


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
