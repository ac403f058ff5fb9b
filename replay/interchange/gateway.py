"""Logs of gateways: a provider's requests and answers in pairs, whoever wrote them.

Read are `{"request": ..., "response": ...}` of chat completions, Responses, Anthropic messages and
Google's generateContent, also with the bodies one level down (`request.body`, `request_body`,
`requestBody`, texts of JSON), as proxies and gateways write them, what Vertex logs of requests
(`full_request`, `full_response`), and LiteLLM's standard payloads. Which pairs are one
conversation is told by a session's id where there is one, else by their prompts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.exchanges import exchange_in
from replay.interchange.lines import Misfit
from replay.interchange.prompts import Prompts, Turn
from replay.interchange.spans import parsed
from replay.interchange.times import ns_of
from replay.interchange.told import ToldModelCall, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.interchange.turns import plain_entry
from replay.records import CallError, JsonObject, JsonValue

SOURCE: Final = "gateway"

NO_MODEL: Final = (
    "requests of something else than chat, Responses, messages or generateContent: left out"
)
_REQUESTS: Final = ("request", "request_body", "requestBody", "req", "input", "full_request")
_ANSWERS: Final = ("response", "response_body", "responseBody", "res", "output", "full_response")
_ADDRESSES: Final = ("url", "path", "target_url", "request_path", "model")
_MODEL: Final = re.compile(r"(?:^|/)models/([^/:?]+)")
"""Google's APIs name a model in the address, and so does what Vertex logs."""
_WHOLE: Final = ("messages", "choices", "model", "contents", "candidates")
"""What a body has itself: no other is looked for inside of it."""
_BODIES: Final = ("body", "json", "data", "content")
_SESSIONS: Final = (
    "session_id",
    "sessionId",
    "trace_id",
    "traceId",
    "conversation_id",
    "Helicone-Session-Id",
    "helicone-session-id",
)
_HOLDERS: Final = ("metadata", "properties", "request_properties", "headers", "request_headers")
_STARTS: Final = ("startTime", "started_at", "start_time", "request_created_at", "timestamp")
_STARTS_ALSO: Final = ("created_at", "time", "recorded_at", "created", "logging_time")
_ENDS: Final = ("endTime", "ended_at", "end_time", "response_created_at")
_DURATIONS: Final = ("duration_ms", "latency_ms", "delay_ms", "response_time", "latency")


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a request to a model with its answer."""
    if not isinstance(value, dict):
        return False
    request, answer = _pair(value)
    has_answer = any(value.get(name) is not None for name in _ANSWERS) or "error_str" in value
    return has_answer and _reads(request, answer) is not None


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the exchange in ``value``.

    Raises:
        Misfit: it has no request.
    """
    if not isinstance(value, dict):
        raise Misfit([], "an object with `request` and `response`", value)
    request, answer = _pair(value)
    if not isinstance(request, dict):
        raise Misfit([], "an object with `request` and `response`", value)
    call = _reads(request, answer)
    if call is None:
        place.notes[NO_MODEL] += 1
        return
    key = _session(value) or _known(call, place) or _beginning(call)
    if call.response_id is not None:
        place.remember(call.response_id, key)
    about = {
        name: one for name, one in value.items() if name not in (*_REQUESTS, *_ANSWERS, "messages")
    }
    if call.model is None and (model := _named_in(value)) is not None:
        about["model"] = model
    yield Piece(key, {"request": request, "response": answer, "about": about})


def _named_in(value: JsonObject) -> str | None:
    """The model that an exchange's address names."""
    requests = (value[name] for name in _REQUESTS if isinstance(value.get(name), dict))
    for holder in (value, *requests):
        for name in _ADDRESSES:
            said = holder.get(name)
            if isinstance(said, str) and (found := _MODEL.search(said)):
                return found[1]
    return None


def _pair(value: JsonObject) -> tuple[JsonValue, JsonValue]:
    """The bodies of request and answer, from wherever the log has them."""
    if isinstance(value.get("messages"), (list, str)) and "call_type" in value:
        given = value.get("model_parameters")
        parameters = given if isinstance(given, dict) else {}
        request = {
            "model": value.get("model"),
            "messages": parsed(value["messages"]),
            **parameters,
        }
        return request, parsed(value.get("response"))
    found = [
        next((_body(value[name]) for name in names if value.get(name) is not None), None)
        for names in (_REQUESTS, _ANSWERS)
    ]
    return found[0], found[1]


def _body(value: JsonValue) -> JsonValue:
    value = parsed(value)
    if isinstance(value, dict) and not any(name in value for name in _WHOLE):
        for name in _BODIES:
            if isinstance(below := parsed(value.get(name)), dict):
                return below
    return value


def _reads(request: JsonValue, answer: JsonValue) -> ToldModelCall | None:
    call = exchange_in(request, answer)
    if call is None or (not call.messages and not call.is_delta):
        return None
    return call


def _session(value: JsonObject) -> str | None:
    holders = [value, *(value.get(name) for name in _HOLDERS)]
    for name in ("request", "req"):
        inside = value.get(name)
        if isinstance(inside, dict):
            holders += [inside.get(below) for below in _HOLDERS]
    for holder in holders:
        for name in _SESSIONS:
            found = holder.get(name) if isinstance(holder, dict) else None
            if isinstance(found, str) and found:
                return found
    return None


def _known(call: ToldModelCall, place: Place) -> str | None:
    """Where the answer went that this request goes on from; read before, in file order."""
    previous = call.previous_response_id
    return place.recall(previous) if previous is not None else None


def _beginning(call: ToldModelCall) -> str:
    """All requests that begin alike may be one conversation; their prompts tell them apart."""
    said: list[JsonValue] = []
    for message in call.messages:
        said.append(plain_entry(message))
        if isinstance(message, dict) and message.get("role") == "user":
            break
    text = json.dumps(said, sort_keys=True)
    return f"gateway~{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the conversations in the exchanges with one key, by their first request."""
    calls = [_call(index, piece) for index, piece in enumerate(found)]
    calls.sort(key=lambda call: call.started_ns or 0)
    if not key.startswith("gateway~"):
        yield _trace(key, calls)
        return
    prompts = Prompts()
    first_of: dict[int, int] = {}
    together: dict[int, list[ToldModelCall]] = {}
    for call in calls:
        parent, _ = prompts.parent_of(call)
        turn: Turn = prompts.add(call, parent)
        first = first_of[parent.number] if parent is not None else turn.number
        first_of[turn.number] = first
        together.setdefault(first, []).append(call)
    for conversation in together.values():
        yield _trace(key, conversation)


def _trace(key: str, calls: list[ToldModelCall]) -> ToldTrace:
    told = ToldTrace(SOURCE, key, model_calls=calls)
    about = calls[0].attributes.get("log") or {}
    for holder in (about, about.get("metadata") or {}):
        name = holder.get("app") if isinstance(holder, dict) else None
        told.app = told.app or (name if isinstance(name, str) else None)
    if not key.startswith("gateway~"):
        told.labels["session"] = key
    metadata = about.get("metadata")
    if isinstance(metadata, dict):
        told.metadata = {k: v for k, v in metadata.items() if v not in (None, [], {})}
    return told


def _call(index: int, piece: JsonObject) -> ToldModelCall:
    call = _reads(piece["request"], piece["response"])
    assert call is not None  # it was read before it was put aside
    about = piece["about"]
    call.id, call.plane = str(index), SOURCE
    call.started_ns = _time(about, (*_STARTS, *_STARTS_ALSO))
    call.ended_ns = _time(about, _ENDS)
    if call.ended_ns is None and call.started_ns is not None:
        call.ended_ns = _after(call.started_ns, about)
    status = about.get("status_code", about.get("status", about.get("response_status")))
    call.status_code = status if isinstance(status, int) else None
    call.model = call.model or _text(about, "model")
    call.provider = call.provider or _text(about, "custom_llm_provider", "provider")
    if call.error is None and about.get("error_str"):
        kind = (about.get("error_information") or {}).get("error_class")
        call.error = CallError(type=str(kind or "Error"), message=str(about["error_str"]))
    call.attributes["log"] = about
    return call


def _time(about: JsonObject, names: tuple[str, ...]) -> int | None:
    times = (ns_of(about.get(name)) for name in names)
    return next((one for one in times if one is not None), None)


def _after(started_ns: int, about: JsonObject) -> int | None:
    for name in _DURATIONS:
        taken: Any = about.get(name)
        if isinstance(taken, (int, float)) and not isinstance(taken, bool):
            return started_ns + int(taken * (1e6 if name.endswith("_ms") else 1e9))
    return None


def _text(about: JsonObject, *names: str) -> str | None:
    values = (about.get(name) for name in names)
    return next((one for one in values if isinstance(one, str) and one), None)


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
