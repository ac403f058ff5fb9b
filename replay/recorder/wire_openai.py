"""OpenAI's wire formats: chat completions and Responses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from replay.recorder.wire_values import (
    CHAT,
    RESPONSES,
    AskedCall,
    Question,
    Reply,
    Told,
    WireFormat,
    arguments_of,
    content_text,
    dict_or_none,
    error_in,
    error_mark,
    list_of,
    text_or_none,
)
from replay.records import JsonObject, JsonValue

_CALL_TYPES = ("function_call", "custom_tool_call")
_RESULT_TYPES = ("function_call_output", "custom_tool_call_output")
_LAST_EVENTS = ("response.completed", "response.incomplete", "response.failed")


def _chat_question(body: JsonObject, messages: list[Any] | None) -> Question | None:
    return None if messages is None else _question(CHAT, body, messages)


def _responses_question(body: JsonObject, messages: list[Any] | None) -> Question | None:
    previous = body.pop("previous_response_id", None)
    conversation = body.get("conversation")
    if isinstance(conversation, dict):
        conversation = conversation.get("id")
    if messages is None and isinstance(words := body.pop("input", None), str):
        messages = [{"role": "user", "content": words}]
    if messages is None and (previous or conversation or "prompt" in body):
        messages = []
    if messages is None:
        return None
    question = _question(RESPONSES, body, messages)
    question.previous_response_id = text_or_none(previous)
    question.conversation_id = text_or_none(conversation)
    return question


def _question(api: str, body: JsonObject, messages: list[Any]) -> Question:
    model = body.pop("model", None)
    return Question(
        api=api,
        model=text_or_none(model),
        messages=messages,
        tools=list_of(body.pop("tools", None)),
        parameters=body,
        streamed=bool(body.get("stream")),
    )


def _read_chat(body: JsonObject) -> Reply:
    choices = [choice for choice in list_of(body.get("choices")) if isinstance(choice, dict)]
    first: JsonObject = choices[0] if choices else {}
    message = first.get("message")
    reply = Reply(
        output=message,
        finish_reason=text_or_none(first.get("finish_reason")),
        usage=dict_or_none(body.get("usage")),
        response_id=text_or_none(body.get("id")),
        response_model=text_or_none(body.get("model")),
        calls=list(chat_calls(message)) if isinstance(message, dict) else [],
        error=error_in(body.get("error")),
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
    values = [one.get("logprob") for one in list_of(tokens) if isinstance(one, dict)]
    return [float(one) for one in values if isinstance(one, (int, float))]


def chat_calls(message: JsonObject) -> list[AskedCall]:
    """Return the tool calls of an assistant message, in order."""
    calls = []
    for asked in list_of(message.get("tool_calls")):
        if not isinstance(asked, dict):
            continue
        said = asked.get("function") or asked.get("custom")
        if not isinstance(said, dict):
            continue
        text = said.get("arguments", said.get("input"))
        calls.append(
            AskedCall(str(said.get("name")), arguments_of(text), text_or_none(asked.get("id")))
        )
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        calls.append(
            AskedCall(str(legacy.get("name")), arguments_of(legacy.get("arguments")), None)
        )
    return calls


def _read_response(body: JsonObject) -> Reply:
    output = body.get("output")
    cut = body.get("incomplete_details")
    tools = body.get("tools")
    return Reply(
        output=output,
        finish_reason=text_or_none(
            cut.get("reason") if isinstance(cut, dict) else body.get("status")
        ),
        usage=dict_or_none(body.get("usage")),
        response_id=text_or_none(body.get("id")),
        response_model=text_or_none(body.get("model")),
        calls=item_calls(output) if isinstance(output, list) else [],
        tools=tools if isinstance(tools, list) else None,
        error=error_in(body.get("error")),
    )


def item_calls(items: list[Any]) -> list[AskedCall]:
    """Return the tool calls among Responses items, in order; the server's own tools are not."""
    return [
        AskedCall(
            str(item.get("name")),
            arguments_of(item.get("arguments", item.get("input"))),
            text_or_none(item.get("call_id")),
        )
        for item in items
        if isinstance(item, dict) and item.get("type") in _CALL_TYPES
    ]


def _chat_asked(entry: JsonObject) -> list[AskedCall]:
    return chat_calls(entry) if entry.get("role") == "assistant" else []


def _responses_asked(entry: JsonObject) -> list[AskedCall]:
    return item_calls([entry])


def _chat_told(entry: JsonObject) -> list[Told]:
    role = entry.get("role")
    if role not in ("tool", "function"):
        return []
    call_id = text_or_none(entry.get("tool_call_id")) if role == "tool" else None
    return [Told(call_id, content_text(entry.get("content")), error_mark(entry))]


def _responses_told(entry: JsonObject) -> list[Told]:
    if entry.get("type") not in _RESULT_TYPES:
        return []
    call_id = text_or_none(entry.get("call_id"))
    return [Told(call_id, content_text(entry.get("output")), error_mark(entry))]


def _said(entry: JsonObject) -> str:
    is_answer = entry.get("role") == "assistant" and entry.get("content")
    return content_text(entry["content"]) if is_answer else ""


def _response(events: Iterable[JsonObject]) -> JsonObject | None:
    body: JsonObject = {}
    items: dict[int, JsonObject] = {}
    for event in events:
        kind = event.get("type")
        if kind in _LAST_EVENTS:
            whole = event.get("response")
            return whole if isinstance(whole, dict) else None
        if kind == "response.created" and isinstance(event.get("response"), dict):
            body = dict(event["response"])
        elif kind == "error":
            body["error"] = event.get("error") or event
        else:
            _add_event(items, event)
    body["output"] = [items[index] for index in sorted(items)]
    return body


def _add_event(items: dict[int, JsonObject], event: JsonObject) -> None:
    """Bring the unfinished items of a response up to ``event``."""
    kind, index = event.get("type"), event.get("output_index", len(items))
    if kind in ("response.output_item.added", "response.output_item.done"):
        items[index] = dict(event.get("item") or {})
    elif index not in items:
        return
    elif kind == "response.function_call_arguments.delta":
        items[index]["arguments"] = items[index].get("arguments", "") + event.get("delta", "")
    elif kind == "response.function_call_arguments.done":
        items[index]["arguments"] = event.get("arguments", "")
    elif kind == "response.output_text.delta":
        part = {"type": "output_text", "text": ""}
        parts = items[index]["content"] = items[index].get("content") or [part]
        parts[-1] = {**parts[-1], "text": parts[-1].get("text", "") + event.get("delta", "")}


def _chat(events: Iterable[JsonObject]) -> JsonObject:
    body: JsonObject = {}
    choices: dict[int, JsonObject] = {}
    for event in events:
        body |= {k: v for k, v in event.items() if k != "choices" and v is not None}
        for said in event.get("choices") or []:
            choice = choices.setdefault(
                said.get("index", 0), {"index": said.get("index", 0), "message": {}}
            )
            _add_delta(choice["message"], said.get("delta") or {})
            _add_logprobs(choice, said.get("logprobs"))
            if said.get("finish_reason"):
                choice["finish_reason"] = said["finish_reason"]
    for choice in choices.values():
        calls = choice["message"].get("tool_calls")
        if calls is not None:
            choice["message"]["tool_calls"] = [calls[index] for index in sorted(calls)]
    body["choices"] = [choices[index] for index in sorted(choices)]
    body["object"] = "chat.completion"
    return body


def _add_logprobs(choice: JsonObject, said: Any) -> None:
    tokens = said.get("content") if isinstance(said, dict) else None
    if isinstance(tokens, list):
        choice.setdefault("logprobs", {"content": []})["content"] += tokens


def _add_delta(message: JsonObject, delta: JsonObject) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            calls = message.setdefault("tool_calls", {})
            for piece in value or []:
                # By index, never by id: only the first piece of a call has one.
                _add_call(calls.setdefault(piece.get("index", len(calls)), {}), piece)
        elif key == "function_call" and isinstance(value, dict):
            _add_call(message.setdefault("function_call", {}), value)
        elif isinstance(value, str) and key != "role":
            message[key] = (message.get(key) or "") + value
        elif value is not None or key not in message:
            message[key] = value


def _add_call(call: JsonObject, piece: JsonObject) -> None:
    for key, value in piece.items():
        if key == "index" or value is None:
            continue
        if isinstance(value, dict):
            _add_call(call.setdefault(key, {}), value)
        elif key in ("name", "arguments", "input") and isinstance(value, str):
            call[key] = call.get(key, "") + value
        else:
            call[key] = value


def _chat_ends(chunk: bytes) -> bool:
    return b"data: [DONE]" in chunk or b"data:[DONE]" in chunk


def _response_ends(chunk: bytes) -> bool:
    return any(event.encode() in chunk for event in _LAST_EVENTS)


CHAT_FORMAT = WireFormat(
    question=_chat_question,
    reply=_read_chat,
    asked=_chat_asked,
    told=_chat_told,
    entries=lambda output: [output],
    said=_said,
    is_terminal=_chat_ends,
    reassemble=_chat,
)
RESPONSES_FORMAT = WireFormat(
    question=_responses_question,
    reply=_read_response,
    asked=_responses_asked,
    told=_responses_told,
    entries=list_of,
    said=_said,
    is_terminal=_response_ends,
    reassemble=_response,
)
