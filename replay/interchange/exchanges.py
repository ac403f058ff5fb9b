"""A provider's own request and answer, as gateways log them and some instrumentations keep them.

Which API they are of, their shape tells: chat completions, Responses, Anthropic messages, or
Google's generateContent.
"""

from __future__ import annotations

import json

from replay.interchange.told import CHAT, GENERATE, MESSAGES, RESPONSES, ToldModelCall
from replay.recorder.wire import Question, Reply, read_question, read_reply
from replay.recorder.wire_generate import GENERATE_FORMAT
from replay.records import CallError, JsonObject, JsonValue


def exchange_in(request: JsonValue, answer: JsonValue) -> ToldModelCall | None:
    """Return the model call that a request and its answer make; None when they are no such.

    Its ``id`` is empty and it has no times. ``answer`` may be missing, or an error.
    """
    if not isinstance(request, dict):
        return None
    if isinstance(request.get("contents"), list):
        return _google(request, answer)
    answer = answer if isinstance(answer, dict) else {}
    api = _api_of(request, answer)
    if api is None:
        return None
    call = _anthropic(request, answer) if api == MESSAGES else _openai(api, request, answer)
    if call is not None and call.output is not None:
        call.attributes["raw"] = True
    return call


def _api_of(request: JsonObject, answer: JsonObject) -> str | None:
    if answer.get("object") == "chat.completion" or "choices" in answer:
        return CHAT if isinstance(request.get("messages"), list) else None
    if answer.get("object") == "response":
        return RESPONSES
    if answer.get("type") == "message" and "content" in answer:
        return MESSAGES
    messages = request.get("messages")
    if isinstance(messages, list):
        tools = [tool for tool in request.get("tools") or [] if isinstance(tool, dict)]
        blocks = [
            block
            for message in messages
            if isinstance(message, dict) and isinstance(message.get("content"), list)
            for block in message["content"]
            if isinstance(block, dict)
        ]
        theirs = ("tool_use", "tool_result", "thinking")
        is_anthropic = any("input_schema" in tool for tool in tools) or any(
            block.get("type") in theirs for block in blocks
        )
        return MESSAGES if is_anthropic or ("system" in request) else CHAT
    return RESPONSES if isinstance(request.get("input"), (str, list)) else None


def _openai(api: str, request: JsonObject, answer: JsonObject) -> ToldModelCall | None:
    question = read_question(api, json.dumps(request).encode())
    if question is None:
        return None
    reply = read_reply(api, answer) if answer else Reply()
    call = told_call(api, question, reply)
    call.error = reply.error or _error_of(answer)
    return call


def _google(request: JsonObject, answer: JsonValue) -> ToldModelCall | None:
    """Its model is named in its address; streamed, its answer is the list of its events."""
    is_streamed = isinstance(answer, list)
    if isinstance(answer, list):
        events = [one for one in answer if isinstance(one, dict)]
        answer = GENERATE_FORMAT.reassemble(events) or {}
    if not isinstance(answer, dict):
        answer = {}
    named = {name: value for name, value in request.items() if name != "model"}
    call = _openai(GENERATE, named, answer)
    if call is None:
        return None
    call.provider = "gcp.gemini"
    call.model = _text(request.get("model"))
    call.streamed = is_streamed
    if call.output is not None:
        call.attributes["raw"] = True
    return call


def told_call(api: str, question: Question, reply: Reply) -> ToldModelCall:
    """Return the model call that a question and its answer say, without an id or times."""
    return ToldModelCall(
        "",
        api,
        messages=question.messages,
        tools=question.tools or reply.tools or [],
        parameters=question.parameters,
        output=reply.output,
        model=question.model,
        response_model=reply.response_model,
        response_id=reply.response_id,
        previous_response_id=question.previous_response_id,
        is_delta=question.is_delta,
        finish_reason=reply.finish_reason,
        usage=reply.usage,
        streamed=question.streamed,
        error=reply.error,
        attributes=dict(reply.attributes),
    )


def _anthropic(request: JsonObject, answer: JsonObject) -> ToldModelCall:
    body = {k: v for k, v in request.items() if k not in ("messages", "tools", "model", "system")}
    messages = list(request.get("messages") or [])
    if request.get("system"):
        messages = [{"role": "system", "content": request["system"]}, *messages]
    said = request.get("thread")
    thread = said if isinstance(said, dict) else {}
    is_delta = thread.get("type") == "continue"
    content = answer.get("content")
    return ToldModelCall(
        "",
        MESSAGES,
        messages=messages,
        tools=list(request.get("tools") or []),
        parameters=body,
        output=content if isinstance(content, list) else None,
        provider="anthropic",
        model=_text(request.get("model")),
        response_model=_text(answer.get("model")),
        response_id=_text(answer.get("id")),
        previous_response_id=_text(thread.get("previous_message_id")) if is_delta else None,
        is_delta=is_delta,
        finish_reason=_text(answer.get("stop_reason")),
        usage=answer["usage"] if isinstance(answer.get("usage"), dict) else None,
        streamed=bool(request.get("stream")),
        error=_error_of(answer),
    )


def _error_of(answer: JsonObject) -> CallError | None:
    error = answer.get("error")
    if not error:
        return None
    if not isinstance(error, dict):
        return CallError(type="error", message=str(error))
    kind = error.get("type") or error.get("code") or "error"
    return CallError(type=str(kind), message=str(error.get("message") or ""), details=error)


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
