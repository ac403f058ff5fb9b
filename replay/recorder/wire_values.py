"""What every API's wire format is read into, and what they all need for reading."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from replay.recorder.sent import Sent
from replay.records import CallError, JsonObject, JsonValue

CHAT: Final = "chat.completions"
RESPONSES: Final = "responses"
MESSAGES: Final = "messages"
"""Anthropic's, wherever it is served."""
GENERATE: Final = "generate_content"
"""Google's."""
CONVERSE: Final = "converse"
"""Bedrock's."""


@dataclass(slots=True)
class Question:
    """A request to a model, as it was sent."""

    api: str
    model: str | None
    messages: list[Any]
    """What this request carries; less than the effective prompt when it is a delta."""
    tools: list[Any]
    parameters: JsonObject
    streamed: bool
    previous_response_id: str | None = None
    conversation_id: str | None = None
    """OpenAI's server-held conversation, or None."""
    sent: Sent | None = None
    """The body in bytes, where it was read in parts."""

    @property
    def is_delta(self) -> bool:
        """Whether the server adds earlier messages to what was sent."""
        return self.previous_response_id is not None or self.conversation_id is not None


@dataclass(frozen=True, slots=True)
class AskedCall:
    """One tool call as a model output asks for it."""

    tool: str
    arguments: str
    provider_call_id: str | None


@dataclass(slots=True)
class Reply:
    """A model's answer."""

    output: JsonValue = None
    finish_reason: str | None = None
    usage: JsonObject | None = None
    response_id: str | None = None
    response_model: str | None = None
    calls: list[AskedCall] = field(default_factory=list)
    tools: list[Any] | None = None
    """The toolset that the server says it used; None when it does not say."""
    error: CallError | None = None
    attributes: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What a prompt tells the model about one of its tool calls."""

    provider_call_id: str | None
    text: str
    is_error: bool | None = None
    """Whether it is marked as an error; None: it is not marked."""
    tool: str | None = None
    """Its tool, where the answer names that; calls without ids are told apart by it."""


@dataclass(frozen=True, slots=True)
class WireFormat:
    """How one API says what they all say."""

    question: Callable[[JsonObject, list[Any] | None], Question | None]
    """A request's body without its messages, and these: what is asked; None: it is no model call.
    The body is the reader's own to take apart."""
    reply: Callable[[JsonObject], Reply]
    """A whole answer's body."""
    asked: Callable[[JsonObject], list[AskedCall]]
    """The tool calls that one entry of a prompt repeats from an earlier answer."""
    told: Callable[[JsonObject], list[Told]]
    """What one entry of a prompt tells about earlier calls."""
    entries: Callable[[JsonValue], list[Any]]
    """A model output as later prompts repeat it."""
    said: Callable[[JsonObject], str]
    """The words of an entry that repeats an answer without calls; else empty."""
    is_terminal: Callable[[bytes], bool]
    """Whether these bytes of a stream hold the event after which nothing more is said."""
    reassemble: Callable[[Iterable[JsonObject]], JsonObject | None]
    """A stream's events put together: the body that the call would have had unstreamed."""


def parse_json(content: bytes | str) -> JsonValue:
    """Return the JSON value of ``content``.

    orjson refuses lone surrogates and NaN, which real gateways send; Python's parser takes them.
    NaN and the infinities become their names: no record can hold them as numbers.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return json.loads(content, parse_constant=str, parse_float=_finite)


def _finite(number: str) -> float | str:
    """A number beyond a float's range stays as it is spelled."""
    value = float(number)
    return value if value - value == 0.0 else number


def error_mark(entry: JsonObject) -> bool | None:
    """Return whether an answer is marked as an error; None: it is not marked."""
    for name in ("error", "is_error"):
        mark = entry.get(name)
        if mark is not None:
            return mark if isinstance(mark, bool) else True
    return True if entry.get("status") == "error" else None


def content_text(content: JsonValue) -> str:
    """Return a message's content as text: its text parts joined, anything else as JSON."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(
        isinstance(part, dict) and isinstance(part.get("text"), str) for part in content
    ):
        return "".join(part["text"] for part in content)
    return json.dumps(content, ensure_ascii=False)


def read_failure(status_code: int, content: bytes) -> CallError:
    """Return the error of an answer with a status of 400 or more."""
    try:
        body = parse_json(content)
    except ValueError:
        body = None
    error = error_in(body.get("error")) if isinstance(body, dict) else None
    if error is not None:
        return error
    words = content[:2000].decode("utf-8", "replace")
    return CallError(
        type=f"HTTP {status_code}", message=words or "(no body was read)", details=body
    )


def error_in(error: JsonValue) -> CallError | None:
    """Return the error that a body's ``error`` tells of, or None."""
    if not error:
        return None
    if not isinstance(error, dict):
        return CallError(type="error", message=str(error))
    kind = error.get("type") or error.get("code") or "error"
    return CallError(type=str(kind), message=str(error.get("message")), details=error)


def arguments_of(arguments: JsonValue) -> str:
    """Return arguments as the model wrote them; some gateways send them parsed."""
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def list_of(value: JsonValue) -> list[Any]:
    """Return ``value`` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def dict_or_none(value: JsonValue) -> JsonObject | None:
    """Return ``value`` where it is an object, else None."""
    return value if isinstance(value, dict) else None


def text_or_none(value: JsonValue) -> str | None:
    """Return ``value`` where it is text, else None."""
    return value if isinstance(value, str) else None
