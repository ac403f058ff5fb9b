"""A trace from its spans: each is a model call, a run of a tool, or what is around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from replay.interchange import genai_spans, langfuse_spans, openinference_spans, own_attributes
from replay.interchange.spans import Span, parsed
from replay.interchange.told import ToldModelCall, ToldRun, ToldTrace
from replay.records import JsonObject

OTHER_SPANS: Final = "spans of neither a model nor a tool: left out"
NO_CONTENT: Final = "model calls whose messages were not kept: their times and tokens only"

_DIALECTS: Final = (langfuse_spans, openinference_spans, genai_spans)
_APP: Final = ("gen_ai.agent.name", "agent.name", "service.name")
_SESSION: Final = ("session.id", "gen_ai.conversation.id")
_USER: Final = ("user.id", "enduser.id")
_KNOWN: Final = (
    *("gen_ai.", "llm.", "openinference.", "input.", "output.", "traceloop.", "langfuse."),
    *("telemetry.", "metadata", "session.id", "user.id", "error.", "exception."),
    own_attributes.PREFIX,
)
"""How the names of attributes begin that are no metadata of the application's."""


def tell_spans(source: str, trace_id: str, spans: Sequence[Span]) -> Iterator[ToldTrace]:
    """Yield the trace that ``spans`` tell; nothing where they tell of no model and no tool."""
    told = ToldTrace(source, trace_id, is_named=True)
    for span in spans:
        if span.parent_id is not None:
            told.parents[span.id] = span.parent_id
        _take(span, told)
    if not told.model_calls and not told.runs:
        return
    _add_facts(told, spans)
    yield told


def _take(span: Span, told: ToldTrace) -> None:
    dialect = next((one for one in _DIALECTS if one.is_of(span)), None)
    if dialect is None:
        told.notes[OTHER_SPANS] += 1
        return
    found = dialect.read(span, told.notes)
    if isinstance(found, ToldModelCall):
        own_attributes.add_to_model_call(span, found)
        if found.output is None and not found.messages:
            told.notes[NO_CONTENT] += 1
        told.model_calls.append(found)
    elif isinstance(found, ToldRun):
        own_attributes.add_to_run(span, found)
        told.runs.append(found)
    else:
        told.notes[OTHER_SPANS] += 1
    told.opinions += dialect.opinions(span)


def _add_facts(told: ToldTrace, spans: Sequence[Span]) -> None:
    """What the outermost span says, and what every span may: the session, the user."""
    ids = {span.id for span in spans}
    outermost = [span for span in spans if span.parent_id not in ids]
    root = min(outermost or spans, key=lambda span: span.started_ns or 0)
    told.started_ns = min((s.started_ns for s in spans if s.started_ns), default=None)
    told.ended_ns = max((s.ended_ns for s in spans if s.ended_ns), default=None)
    told.app = root.text(*_APP[:2]) or _text(root.resource.get("service.name"))
    told.code_version = _text(root.resource.get("service.version"))
    for label, names in (("session", _SESSION), ("user", _USER)):
        values = (span.text(*names) for span in (root, *spans))
        value = next((one for one in values if one), None)
        if value is not None:
            told.labels[label] = value
    error = root.error()
    told.outcome = f"error: {error.type}" if error is not None and root.is_error else None
    told.metadata = _metadata(root)
    own_attributes.add_to_trace(root, told)


def _metadata(root: Span) -> JsonObject:
    said = parsed(root.attributes.get("metadata"))
    rest = root.rest(*_KNOWN)
    return {**rest, **(said if isinstance(said, dict) else {})}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value and value != "unknown_service" else None
