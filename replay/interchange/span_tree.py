"""A trace as spans: one for the run of the agent, and under it one for each step.

Ids are hashes of ours, so that exporting a trace twice gives the same spans, and a backend that
gets them twice keeps one. What a span says of its step is a dialect's affair.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from replay.interchange import own_attributes
from replay.interchange.spans import EXCEPTION, Span, SpanEvent
from replay.interchange.times import ns_of
from replay.records import (
    CallError,
    Feedback,
    JsonObject,
    ModelCall,
    Outcome,
    ToolCall,
    Trace,
    Transcript,
)

_NS_OF_ORDER_MAX: Final = 999
"""Our times are microseconds. The nanoseconds below keep the order of steps that began in one."""

_NOT_CARRIED: Final = {
    "interactions": "what tools asked of the outside",
    "attempts": "tries of calls that were retried",
    "pins": "pins",
}

_INNER: Final = "payloads and results of tools, beside what the model was told"


@dataclass(frozen=True)
class Dialect:
    """How one convention says what a span is of."""

    root: Callable[[Trace, str], tuple[str, JsonObject]]
    """Name and attributes of the outermost span; the second argument is the agent's name."""
    model_call: Callable[[ModelCall, Counter[str]], tuple[str, JsonObject]]
    tool_call: Callable[[ToolCall], tuple[str, JsonObject]]
    add_feedback: Callable[[Span, Feedback], None]


def spans_of(transcript: Transcript, dialect: Dialect, lost: Counter[str]) -> list[Span]:
    """Return the spans of a trace, the outermost first; what they cannot say is counted."""
    trace = transcript.trace
    root = _root(transcript, dialect)
    by_step = {step.step_number: _step(step, root, dialect, lost) for step in transcript.steps}
    root.ended_ns = max(root.ended_ns or 0, *(span.ended_ns or 0 for span in by_step.values()), 0)
    for said in transcript.feedback:
        dialect.add_feedback(by_step.get(said.step_number or 0, root), said)
    for name, words in _NOT_CARRIED.items():
        found = getattr(transcript, name)
        number = sum(map(len, found.values())) if isinstance(found, dict) else len(found)
        _count(lost, words, number)
    resource: JsonObject = {"service.name": trace.app or "replay"}
    if trace.code_version is not None:
        resource["service.version"] = trace.code_version
    spans = [root, *by_step.values()]
    for span in spans:
        span.resource = resource
    return spans


def _count(lost: Counter[str], words: str, number: int) -> None:
    if number:
        lost[words] += number


def trace_id_of(trace_id: str) -> str:
    """Return OpenTelemetry's id of a trace: 32 hexadecimal digits, always the same ones."""
    return _digits(f"trace {trace_id}", 16)


def span_id_of(step_id: str) -> str:
    """Return OpenTelemetry's id of a step's span: 16 hexadecimal digits, always the same ones."""
    return _digits(f"span {step_id}", 8)


def _digits(name: str, size_bytes: int) -> str:
    # All zeros is no id; a hash that is all zeros nobody will ever see.
    return hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=size_bytes).hexdigest()


def _root(transcript: Transcript, dialect: Dialect) -> Span:
    trace = transcript.trace
    name, attributes = dialect.root(trace, trace.app or "agent")
    started_ns = ns_of(trace.started_at) or 0
    return Span(
        trace_id_of(trace.id),
        span_id_of(trace.id),
        name,
        scope=own_attributes.SCOPE,
        started_ns=started_ns,
        ended_ns=max(started_ns, ns_of(trace.ended_at) or 0),
        attributes={**attributes, **own_attributes.of_trace(trace)},
    )


def _step(step: ModelCall | ToolCall, root: Span, dialect: Dialect, lost: Counter[str]) -> Span:
    if isinstance(step, ModelCall):
        name, attributes = dialect.model_call(step, lost)
        error = step.error
    else:
        name, attributes = dialect.tool_call(step)
        attributes |= own_attributes.of_tool_call(step)
        error = _error_of(step)
        _count(lost, _INNER, step.payload is not None or step.result is not None)
    started_ns = (ns_of(step.started_at) or 0) + min(step.step_number, _NS_OF_ORDER_MAX)
    span = Span(
        root.trace_id,
        span_id_of(step.id),
        name,
        parent_id=root.id,
        scope=own_attributes.SCOPE,
        started_ns=started_ns,
        ended_ns=started_ns + round((step.duration_ms or 0) * 1e6),
        attributes={name: value for name, value in attributes.items() if value is not None},
    )
    if error is not None:
        _add_error(span, error)
    return span


def _error_of(call: ToolCall) -> CallError | None:
    if call.outcome in (Outcome.OK, Outcome.UNFINISHED):
        return None
    return call.error or CallError(type=call.outcome.value, message="")


def _add_error(span: Span, error: CallError) -> None:
    span.is_error, span.status_message = True, error.message
    span.attributes["error.type"] = error.type
    thrown: JsonObject = {"exception.type": error.type, "exception.message": error.message}
    if error.traceback is not None:
        thrown["exception.stacktrace"] = error.traceback
    span.events.append(SpanEvent(EXCEPTION, thrown, time_ns=span.ended_ns))
