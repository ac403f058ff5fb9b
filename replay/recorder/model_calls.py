"""A model call on its way: what was asked, how its tries ended, and the records of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from replay.recorder.calls import LiveTrace, OpenCall, Turn
from replay.recorder.wire import Question, Reply, answer_entries
from replay.records import CallError, JsonObject


@dataclass(eq=False, slots=True)
class LiveModelCall:
    """A model call from its first try to its last."""

    id: str
    trace: LiveTrace
    step_number: int
    question: Question
    messages: list[Any]
    tools: list[Any]
    content: bytes
    """The request's body: a retry sends the same bytes."""
    started_at: str
    started: float
    parent: Turn | None
    attributes: JsonObject
    provider: str | None = None
    attempt_number: int = 1
    attempt_started_at: str = ""
    attempt_started: float = 0.0
    first_attempt: JsonObject | None = None
    """The Attempt record of the first try, to be stored when there is a second."""
    turn: Turn | None = None
    """Set once it was answered, perhaps only in part."""
    inside: OpenCall | None = None
    """The tool call that was running where it was asked, or None."""


@dataclass(slots=True)
class Landing:
    """How one try of a model call ended."""

    reply: Reply
    status_code: int | None = None
    request_id: str | None = None
    first_chunk: float | None = None
    """When the first streamed chunk came, on the monotonic clock."""
    streamed: bool = False
    stream: str | None = None
    is_final: bool = True
    """False: the stream is still open; what it said so far is needed now."""
    attributes: JsonObject = field(default_factory=dict)


def effective_messages(question: Question, parent: Turn | None) -> list[Any]:
    """Return every message the model sees, also where the request only adds to them."""
    if not question.is_delta or parent is None:
        return question.messages
    answer = answer_entries(question.api, parent.output)
    return [*(parent.messages or []), *answer, *question.messages]


def model_call_record(call: LiveModelCall, landing: Landing, ended: float) -> JsonObject:
    """Return the ModelCall record of a call whose latest try ended so."""
    question, reply = call.question, landing.reply
    sent = question.sent
    is_whole = sent is not None and call.messages is sent.messages
    is_same_toolset = sent is not None and call.tools is sent.rest.fields.get("tools")
    first = landing.first_chunk
    return {
        "kind": "model_call",
        "id": call.id,
        "trace_id": call.trace.id,
        "step_number": call.step_number,
        "provider": call.provider,
        "api": question.api,
        "model": question.model,
        "response_model": reply.response_model,
        "messages": sent.messages_json() if sent and is_whole else call.messages,
        "tools": sent.rest.tools if sent and is_same_toolset else call.tools,
        "parameters": question.parameters,
        "request_mode": "delta" if question.is_delta else "full",
        "previous_response_id": question.previous_response_id,
        "output": reply.output,
        "finish_reason": reply.finish_reason,
        "usage": reply.usage,
        "response_id": reply.response_id,
        "request_id": landing.request_id,
        "streamed": landing.streamed,
        "stream": landing.stream,
        "started_at": call.started_at,
        "duration_ms": _ms(ended - call.started) if landing.is_final else None,
        "first_chunk_ms": None if first is None else _ms(first - call.started),
        "status_code": landing.status_code,
        "error": _error_record(reply.error),
        "attributes": call.attributes | reply.attributes | landing.attributes,
    }


def attempt_records(call: LiveModelCall, landing: Landing, ended: float) -> list[JsonObject]:
    """Return the tries of a call that was retried; none for a call that was tried once."""
    attempt: JsonObject = {
        "kind": "attempt",
        "id": f"{call.id}.{call.attempt_number}",
        "call_id": call.id,
        "attempt_number": call.attempt_number,
        "started_at": call.attempt_started_at,
        "duration_ms": _ms(ended - call.attempt_started),
        "status_code": landing.status_code,
        "error": _error_record(landing.reply.error),
    }
    if call.attempt_number == 1:
        call.first_attempt = attempt
        return []
    before = [call.first_attempt] if call.first_attempt is not None else []
    call.first_attempt = None
    return [*before, attempt]


def _error_record(error: CallError | None) -> JsonObject | None:
    return error.model_dump(mode="json") if error is not None else None


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 3)
