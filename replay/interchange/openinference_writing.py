"""A trace as OpenInference spans (Phoenix, Arize): ``openinference.span.kind`` and ``llm.*``.

Messages are spread over attributes, and the request and the answer stand whole in ``input.value``
and ``output.value``, as OpenInference's own instrumentations write them: so the API's own shape is
kept.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from replay.interchange import own_attributes
from replay.interchange.genai_writing import UNNAMED, reasoning_tokens
from replay.interchange.own_attributes import as_text
from replay.interchange.provider_bodies import answer_body, request_body
from replay.interchange.shapes import chat_messages, chat_output, chat_tools
from replay.interchange.span_tree import Dialect
from replay.interchange.spans import Span
from replay.metrics.usage import tokens_of
from replay.records import Feedback, JsonObject, JsonValue, ModelCall, ToolCall, Trace

_JSON: Final = "application/json"
_SYSTEMS: Final = {"messages": "anthropic", "responses": "openai", "chat.completions": "openai"}
_TEXTS: Final = ("text", "input_text", "output_text")


def _root(trace: Trace, agent: str) -> tuple[str, JsonObject]:
    attributes: JsonObject = {
        "openinference.span.kind": "AGENT",
        "agent.name": agent if trace.app else None,
        "session.id": trace.labels.get("session"),
        "user.id": trace.labels.get("user"),
        "tag.tags": [f"{name}:{value}" for name, value in trace.labels.items()] or None,
    }
    return agent, {name: value for name, value in attributes.items() if value is not None}


def _model_call(call: ModelCall, lost: Counter[str]) -> tuple[str, JsonObject]:
    request, answer = request_body(call), answer_body(call)
    # Where the bodies are whole, nothing is lost by what the spread messages cannot say.
    counted = lost if request is None or (answer is None and call.output is not None) else Counter()
    attributes: JsonObject = {
        "openinference.span.kind": "LLM",
        "llm.model_name": call.response_model or call.model,
        "llm.provider": call.provider,
        "llm.system": _SYSTEMS.get(call.api),
        "llm.finish_reason": call.finish_reason,
        "llm.invocation_parameters": as_text({"model": call.model, **call.parameters}),
        **_body("input", request),
        **_body("output", answer),
        **_spread("llm.input_messages", chat_messages(call, counted)),
        **_spread("llm.output_messages", chat_output(call, counted)),
        **_tools(chat_tools(call, counted)),
        **_usage(call),
        **own_attributes.of_model_call(call, {}, tells_stream=True),
    }
    return call.model or "model", attributes


def _body(name: str, body: JsonObject | None) -> JsonObject:
    if body is None:
        return {}
    return {f"{name}.value": as_text(body), f"{name}.mime_type": _JSON}


def _spread(prefix: str, messages: list[JsonObject]) -> JsonObject:
    found: JsonObject = {}
    for index, message in enumerate(messages):
        found |= _message(f"{prefix}.{index}.message", message)
    return found


def _message(prefix: str, message: JsonObject) -> JsonObject:
    found: JsonObject = {f"{prefix}.role": str(message.get("role"))}
    content = message.get("content")
    if isinstance(content, list):
        for index, part in enumerate(content):
            found |= _part(f"{prefix}.contents.{index}.message_content", part)
    else:
        found[f"{prefix}.content"] = content
    for name in ("tool_call_id", "name"):
        if message.get(name):
            found[f"{prefix}.{name}"] = message[name]
    for index, call in enumerate(message.get("tool_calls") or []):
        part = call.get("function") or call.get("custom") or {}
        here = f"{prefix}.tool_calls.{index}.tool_call"
        found[f"{here}.id"] = call.get("id")
        found[f"{here}.function.name"] = part.get("name")
        found[f"{here}.function.arguments"] = part.get("arguments", part.get("input"))
    if isinstance(message.get("function_call"), dict):
        found[f"{prefix}.function_call_name"] = message["function_call"].get("name")
        arguments = message["function_call"].get("arguments")
        found[f"{prefix}.function_call_arguments_json"] = arguments
    return found


def _part(prefix: str, part: Any) -> JsonObject:
    if not isinstance(part, dict):
        return {f"{prefix}.type": "text", f"{prefix}.text": part}
    if part.get("type") in _TEXTS:
        return {f"{prefix}.type": "text", f"{prefix}.text": part.get("text")}
    if isinstance(part.get("image_url"), dict):
        url = part["image_url"].get("url")
        return {f"{prefix}.type": "image", f"{prefix}.image.image.url": url}
    return {f"{prefix}.type": str(part.get("type")), f"{prefix}.text": as_text(part)}


def _tools(tools: list[JsonObject]) -> JsonObject:
    return {f"llm.tools.{i}.tool.json_schema": as_text(tool) for i, tool in enumerate(tools)}


def _usage(call: ModelCall) -> JsonObject:
    used = tokens_of(call.usage)
    if used is None:
        return {}
    count = "llm.token_count."
    return {
        f"{count}prompt": used.input,
        f"{count}completion": used.output,
        f"{count}total": used.input + used.output,
        f"{count}prompt_details.cache_read": used.cached or None,
        f"{count}prompt_details.cache_write": used.cache_written or None,
        f"{count}completion_details.reasoning": reasoning_tokens(call.usage),
    }


def _tool_call(call: ToolCall) -> tuple[str, JsonObject]:
    attributes: JsonObject = {
        "openinference.span.kind": "TOOL",
        "tool.name": call.tool,
        "tool.id": call.provider_call_id,
        "tool.parameters": call.arguments,
        "input.value": call.arguments,
        "input.mime_type": _JSON,
        "output.value": call.response,
    }
    return call.tool, attributes


def _add_feedback(span: Span, said: Feedback) -> None:
    """In the words in which Phoenix gives annotations out."""
    name = (said.label or UNNAMED).replace(".", " ")
    prefix = f"annotations.{name}"
    values: dict[str, JsonValue] = {
        "score": said.score,
        "explanation": said.text,
        "annotator_kind": said.annotator,
        "metadata": None if said.correction is None else as_text({"correction": said.correction}),
    }
    span.attributes[f"{prefix}.name"] = name
    for key, value in values.items():
        if value is not None:
            span.attributes[f"{prefix}.{key}"] = value


DIALECT: Final = Dialect(_root, _model_call, _tool_call, _add_feedback)
