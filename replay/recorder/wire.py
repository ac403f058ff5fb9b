"""What model calls look like on the wire: OpenAI's chat completions and Responses.

Requests and answers are told by their path and shape, whatever host serves them. Reading never
changes a value: messages, tools and outputs are kept as they were sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from replay.recorder.sent import Sent, read_sent
from replay.records import CallError, JsonObject, JsonValue

CHAT: Final = "chat.completions"
RESPONSES: Final = "responses"

_CALL_TYPES = ("function_call", "custom_tool_call")
_RESULT_TYPES = ("function_call_output", "custom_tool_call_output")


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


def api_of(path: str) -> str | None:
    """Return which API a URL path belongs to, or None when it is no model call."""
    path = path.rstrip("/")
    if path.endswith("/chat/completions"):
        return CHAT
    if path.endswith("/responses"):
        return RESPONSES
    return None


@lru_cache(maxsize=32)
def provider_of(url: str) -> str | None:
    """Return the provider by its host, in OpenTelemetry's words; None for hosts we do not know."""
    host = urlsplit(url).hostname or ""
    if host == "api.openai.com" or host.endswith(".api.openai.com"):
        return "openai"
    if host.endswith((".openai.azure.com", ".services.ai.azure.com")):
        return "azure.ai.openai"
    return None


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


def read_question(api: str, content: bytes, before: Sent | None = None) -> Question | None:
    """Return the request, or None when its body is not one of that API.

    ``before``: an earlier request that this one may go on from; it saves reading that again.
    """
    sent = read_sent(api, content, before)
    if sent is not None:
        body = dict(sent.rest.fields)
        messages: Any = sent.messages
    else:
        try:
            body = parse_json(content)
        except ValueError:
            return None
        if not isinstance(body, dict):
            return None
        messages = body.pop("messages" if api == CHAT else "input", None)
    if api == RESPONSES and isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    previous = conversation = None
    if api == RESPONSES:
        previous = body.pop("previous_response_id", None)
        conversation = body.get("conversation")
        if isinstance(conversation, dict):
            conversation = conversation.get("id")
        if messages is None and (previous or conversation or "prompt" in body):
            messages = []
    if not isinstance(messages, list):
        return None
    model = body.pop("model", None)
    tools = body.pop("tools", None)
    return Question(
        api=api,
        model=model if isinstance(model, str) else None,
        messages=messages,
        tools=tools if isinstance(tools, list) else [],
        parameters=body,
        streamed=bool(body.get("stream")),
        previous_response_id=previous if isinstance(previous, str) else None,
        conversation_id=conversation if isinstance(conversation, str) else None,
        sent=sent,
    )


def read_reply(api: str, body: JsonValue) -> Reply:
    """Return what a successful answer's body says."""
    if not isinstance(body, dict):
        return Reply(error=CallError(type="UnreadableAnswer", message="the body is no JSON object"))
    return _read_chat(body) if api == CHAT else _read_response(body)


def _read_chat(body: JsonObject) -> Reply:
    choices = [choice for choice in _list(body.get("choices")) if isinstance(choice, dict)]
    first: JsonObject = choices[0] if choices else {}
    message = first.get("message")
    reply = Reply(
        output=message,
        finish_reason=_text_or_none(first.get("finish_reason")),
        usage=_dict_or_none(body.get("usage")),
        response_id=_text_or_none(body.get("id")),
        response_model=_text_or_none(body.get("model")),
        calls=list(chat_calls(message)) if isinstance(message, dict) else [],
        error=_error_in(body.get("error")),
    )
    if len(choices) > 1:
        reply.attributes["choices"] = choices[1:]
    logprobs = _token_logprobs(first.get("logprobs"))
    if logprobs:
        reply.attributes["token_logprobs"] = logprobs
    return reply


def _token_logprobs(said: JsonValue) -> list[float]:
    """Return how sure the model was of each token; without the tokens.

    Pieces of a text that masking would replace are no text that it could find.
    """
    tokens = said.get("content") if isinstance(said, dict) else None
    values = [one.get("logprob") for one in _list(tokens) if isinstance(one, dict)]
    return [float(one) for one in values if isinstance(one, (int, float))]


def chat_calls(message: JsonObject) -> list[AskedCall]:
    """Return the tool calls of an assistant message, in order."""
    calls = []
    for asked in _list(message.get("tool_calls")):
        if not isinstance(asked, dict):
            continue
        said = asked.get("function") or asked.get("custom")
        if not isinstance(said, dict):
            continue
        text = said.get("arguments", said.get("input"))
        calls.append(AskedCall(str(said.get("name")), _text(text), _text_or_none(asked.get("id"))))
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        calls.append(AskedCall(str(legacy.get("name")), _text(legacy.get("arguments")), None))
    return calls


def _read_response(body: JsonObject) -> Reply:
    output = body.get("output")
    cut = body.get("incomplete_details")
    tools = body.get("tools")
    return Reply(
        output=output,
        finish_reason=_text_or_none(
            cut.get("reason") if isinstance(cut, dict) else body.get("status")
        ),
        usage=_dict_or_none(body.get("usage")),
        response_id=_text_or_none(body.get("id")),
        response_model=_text_or_none(body.get("model")),
        calls=item_calls(output) if isinstance(output, list) else [],
        tools=tools if isinstance(tools, list) else None,
        error=_error_in(body.get("error")),
    )


def item_calls(items: list[Any]) -> list[AskedCall]:
    """Return the tool calls among Responses items, in order; the server's own tools are not."""
    return [
        AskedCall(
            str(item.get("name")),
            _text(item.get("arguments", item.get("input"))),
            _text_or_none(item.get("call_id")),
        )
        for item in items
        if isinstance(item, dict) and item.get("type") in _CALL_TYPES
    ]


def asked_in(api: str, entry: Any) -> list[AskedCall]:
    """Return the tool calls that one entry of a prompt repeats from an earlier answer."""
    if not isinstance(entry, dict):
        return []
    if api == CHAT:
        return chat_calls(entry) if entry.get("role") == "assistant" else []
    return item_calls([entry])


def told_in(api: str, entry: Any) -> Told | None:
    """Return what one entry of a prompt tells the model about a call, or None."""
    if not isinstance(entry, dict):
        return None
    if api == CHAT:
        if entry.get("role") == "tool":
            return Told(
                _text_or_none(entry.get("tool_call_id")),
                content_text(entry.get("content")),
                _error_mark(entry),
            )
        if entry.get("role") == "function":
            return Told(None, content_text(entry.get("content")), _error_mark(entry))
        return None
    if entry.get("type") in _RESULT_TYPES:
        return Told(
            _text_or_none(entry.get("call_id")),
            content_text(entry.get("output")),
            _error_mark(entry),
        )
    return None


def _error_mark(entry: JsonObject) -> bool | None:
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
    error = _error_in(body.get("error")) if isinstance(body, dict) else None
    if error is not None:
        return error
    words = content[:2000].decode("utf-8", "replace")
    return CallError(
        type=f"HTTP {status_code}", message=words or "(no body was read)", details=body
    )


def _error_in(error: JsonValue) -> CallError | None:
    if not error:
        return None
    if not isinstance(error, dict):
        return CallError(type="error", message=str(error))
    kind = error.get("type") or error.get("code") or "error"
    return CallError(type=str(kind), message=str(error.get("message")), details=error)


def _text(arguments: JsonValue) -> str:
    """Arguments as the model wrote them; some gateways send them parsed."""
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _list(value: JsonValue) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict_or_none(value: JsonValue) -> JsonObject | None:
    return value if isinstance(value, dict) else None


def _text_or_none(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
