"""A trace as spans of OpenTelemetry's GenAI conventions, in their newest dialect.

``invoke_agent`` around the run, ``chat`` for each model call, ``execute_tool`` for each tool call.
Messages, tool definitions, arguments and results are JSON texts, as the conventions have them on
spans. Arguments stand in the model's own bytes.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from replay.interchange import own_attributes
from replay.interchange.own_attributes import as_text
from replay.interchange.shapes import chat_messages, chat_output, chat_tools
from replay.interchange.span_tree import Dialect
from replay.interchange.spans import Span, SpanEvent
from replay.interchange.times import ns_of
from replay.metrics.usage import tokens_of
from replay.records import Feedback, JsonObject, JsonValue, ModelCall, ToolCall, Trace

_PARAMETERS: Final = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "stop_sequences": "stop_sequences",
}
_NOT_SAID_AGAIN: Final = ("stream", "instructions")
_TEXTS: Final = ("text", "input_text", "output_text")
EVALUATION: Final = "gen_ai.evaluation.result"
UNNAMED: Final = "feedback"
"""What an evaluation is called that has no label of its own."""


def _root(trace: Trace, agent: str) -> tuple[str, JsonObject]:
    attributes: JsonObject = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": agent if trace.app else None,
        "gen_ai.conversation.id": trace.labels.get("session"),
        "user.id": trace.labels.get("user"),
    }
    return f"invoke_agent {agent}", {k: v for k, v in attributes.items() if v is not None}


def _model_call(call: ModelCall, lost: Counter[str]) -> tuple[str, JsonObject]:
    named = {
        f"gen_ai.request.{theirs}": call.parameters[ours]
        for ours, theirs in _PARAMETERS.items()
        if _is_plain(call.parameters.get(ours))
    }
    others = {
        name: value
        for name, value in call.parameters.items()
        if f"gen_ai.request.{name}" not in named and name not in _NOT_SAID_AGAIN
    }
    said = _answer(call, lost)
    attributes: JsonObject = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": call.provider,
        "gen_ai.request.model": call.model,
        "gen_ai.response.model": call.response_model,
        "gen_ai.response.id": call.response_id,
        "gen_ai.request.previous_response.id": call.previous_response_id,
        "gen_ai.request.stream": True if call.streamed else None,
        **named,
        "gen_ai.response.finish_reasons": [call.finish_reason] if call.finish_reason else None,
        "gen_ai.response.time_to_first_chunk": (
            None if call.first_chunk_ms is None else call.first_chunk_ms / 1000
        ),
        **_usage(call),
        "gen_ai.input.messages": as_text([_message(m) for m in chat_messages(call, lost)]),
        "gen_ai.output.messages": None if said is None else as_text([said]),
        "gen_ai.tool.definitions": _definitions(call, lost),
        **own_attributes.of_model_call(call, others),
    }
    return " ".join(filter(None, ["chat", call.model])), attributes


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _usage(call: ModelCall) -> JsonObject:
    used = tokens_of(call.usage)
    if used is None:
        return {}
    return {
        "gen_ai.usage.input_tokens": used.input,
        "gen_ai.usage.output_tokens": used.output,
        "gen_ai.usage.cache_read.input_tokens": used.cached or None,
        "gen_ai.usage.cache_creation.input_tokens": used.cache_written or None,
        "gen_ai.usage.reasoning.output_tokens": reasoning_tokens(call.usage),
    }


def reasoning_tokens(usage: JsonObject | None) -> int | None:
    """Return how many tokens the model thought with, or None where its provider does not say."""
    usage = usage or {}
    said = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    count = said.get("reasoning_tokens") if isinstance(said, dict) else None
    return count if isinstance(count, int) else None


def _definitions(call: ModelCall, lost: Counter[str]) -> str | None:
    tools = [_definition(tool) for tool in chat_tools(call, lost)]
    return as_text(tools) if tools else None


def _definition(tool: JsonObject) -> JsonObject:
    function = tool.get("function")
    return {"type": "function", **function} if isinstance(function, dict) else tool


def _answer(call: ModelCall, lost: Counter[str]) -> JsonObject | None:
    """Several messages of one answer (Responses has items) are one."""
    messages = [_message(one) for one in chat_output(call, lost)]
    thoughts = [{"type": "reasoning", "content": text} for text in thoughts_of(call)]
    parts = [part for message in messages for part in message["parts"]]
    if call.output is None:
        return None
    return {
        "role": "assistant",
        "parts": [*thoughts, *parts],
        "finish_reason": call.finish_reason or "",
    }


def thoughts_of(call: ModelCall) -> list[str]:
    """Return what the model thought aloud, where its API has that apart from its answer."""
    found = []
    for entry in call.output if isinstance(call.output, list) else []:
        kind = entry.get("type") if isinstance(entry, dict) else None
        if kind == "thinking":
            found.append(str(entry.get("thinking") or ""))
        elif kind == "reasoning":
            found += [str(part.get("text") or "") for part in entry.get("summary") or []]
    return [text for text in found if text]


def _message(message: JsonObject) -> JsonObject:
    role = str(message.get("role"))
    if role in ("tool", "function"):
        told = message.get("content")
        answer = {"type": "tool_call_response", "id": message.get("tool_call_id")}
        return {"role": "tool", **_name(message), "parts": [{**answer, "response": told}]}
    thought = message.get("reasoning") or message.get("reasoning_content")
    parts: list[JsonValue] = [{"type": "reasoning", "content": thought}] if thought else []
    parts += _content(message.get("content"))
    parts += [_call(call) for call in message.get("tool_calls") or []]
    if isinstance(message.get("function_call"), dict):
        parts.append(_call({"function": message["function_call"]}))
    return {"role": role, **_name(message), "parts": parts}


def _name(message: JsonObject) -> JsonObject:
    return {"name": message["name"]} if message.get("name") else {}


def _content(content: JsonValue) -> list[JsonValue]:
    if content is None:
        return []
    if not isinstance(content, list):
        return [{"type": "text", "content": content}]
    return [
        {"type": "text", "content": part.get("text")}
        if isinstance(part, dict) and part.get("type") in _TEXTS
        else part
        for part in content
    ]


def _call(call: JsonObject) -> JsonObject:
    part = call.get("function") or call.get("custom") or {}
    arguments = part.get("arguments", part.get("input"))
    return {
        "type": "tool_call",
        "id": call.get("id"),
        "name": part.get("name"),
        "arguments": arguments,
    }


def _tool_call(call: ToolCall) -> tuple[str, JsonObject]:
    attributes: JsonObject = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.tool,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": call.provider_call_id,
        "gen_ai.tool.call.arguments": call.arguments,
        "gen_ai.tool.call.result": call.response,
    }
    return f"execute_tool {call.tool}", attributes


def _add_feedback(span: Span, said: Feedback) -> None:
    attributes: JsonObject = {
        "gen_ai.evaluation.name": said.label or UNNAMED,
        "gen_ai.evaluation.score.value": said.score,
        "gen_ai.evaluation.explanation": said.text,
        **own_attributes.of_feedback(said),
    }
    span.events.append(SpanEvent(EVALUATION, attributes, time_ns=ns_of(said.created_at)))


DIALECT: Final = Dialect(_root, _model_call, _tool_call, _add_feedback)
