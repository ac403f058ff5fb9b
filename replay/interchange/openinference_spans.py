"""Spans as OpenInference names them (Phoenix, Arize): ``openinference.span.kind`` and ``llm.*``.

Where the span holds the provider's own request and answer, they are read; else the messages that
are spread over its attributes.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from replay.interchange.exchanges import exchange_in
from replay.interchange.spans import Span, chat_usage, parsed, unflattened
from replay.interchange.told import CHAT, Opinion, ToldModelCall, ToldRun
from replay.records import JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

KIND: Final = "openinference.span.kind"
_SHOWN: Final = ("llm.", "input.", "output.", "openinference.", "tool.", "metadata")


def is_of(span: Span) -> bool:
    """Return whether ``span`` is in this dialect."""
    return KIND in span.attributes


def read(span: Span, notes: Counter[str]) -> ToldModelCall | ToldRun | None:
    """Return what ``span`` tells, or None where it is neither a model call nor a tool."""
    kind = str(span.attributes[KIND]).upper()
    if kind == "LLM":
        return _model_call(span)
    return _run(span) if kind == "TOOL" else None


def _model_call(span: Span) -> ToldModelCall:
    call = exchange_in(parsed(span.attributes.get("input.value")), _output_value(span))
    if call is None or (call.output is None and not span.is_error):
        call = _from_attributes(span)
    call.id, call.parent_id, call.plane = span.id, span.parent_id, span.scope
    call.started_ns, call.ended_ns = span.started_ns, span.ended_ns
    call.provider = call.provider or span.text("llm.provider", "llm.system")
    call.model = call.model or span.text("llm.model_name")
    call.usage = call.usage or _usage(span)
    call.error = call.error or span.error()
    call.finish_reason = call.finish_reason or span.text("llm.finish_reason")
    call.attributes |= {"span": {"name": span.name, "kind": "LLM", **span.rest(*_SHOWN)}}
    return call


def _output_value(span: Span) -> JsonValue:
    return parsed(span.attributes.get("output.value"))


def _from_attributes(span: Span) -> ToldModelCall:
    messages = [_message(one) for one in _list(span, "llm.input_messages")]
    said = [_message(one) for one in _list(span, "llm.output_messages")]
    parameters = parsed(span.attributes.get("llm.invocation_parameters"))
    parameters = dict(parameters) if isinstance(parameters, dict) else {}
    model = parameters.pop("model", None)
    return ToldModelCall(
        span.id,
        CHAT,
        messages=[one for one in messages if one],
        output=_joined([one for one in said if one]),
        tools=[tool for one in _list(span, "llm.tools") if (tool := _tool(one)) is not None],
        parameters={k: v for k, v in parameters.items() if k not in ("messages", "tools")},
        model=model if isinstance(model, str) else None,
        response_model=span.text("llm.model_name"),
    )


def _list(span: Span, prefix: str) -> list[Any]:
    found = unflattened(span.attributes, prefix)
    whole = parsed(span.attributes.get(prefix))
    if not found and isinstance(whole, list):
        return whole
    return found if isinstance(found, list) else []


def _message(one: Any) -> JsonObject:
    said = one.get("message", one) if isinstance(one, dict) else {}
    message: JsonObject = {"role": said.get("role", "user"), "content": said.get("content")}
    if message["content"] is None and isinstance(said.get("contents"), list):
        message["content"] = _contents(said["contents"])
    calls = [_call(call) for call in said.get("tool_calls") or [] if isinstance(call, dict)]
    if calls:
        message["tool_calls"] = calls
    for name in ("tool_call_id", "name"):
        if said.get(name):
            message[name] = said[name]
    if said.get("function_call_name"):
        message["function_call"] = {
            "name": said["function_call_name"],
            "arguments": said.get("function_call_arguments_json") or "",
        }
    return message


def _call(call: JsonObject) -> JsonObject:
    said = call.get("tool_call", call)
    function = said.get("function") or {}
    return {
        "id": said.get("id"),
        "type": "function",
        "function": {
            "name": str(function.get("name")),
            "arguments": raw_arguments(function.get("arguments")),
        },
    }


def _contents(contents: list[Any]) -> JsonValue:
    """Parts of a message: plain text where there is nothing else."""
    parts = [one.get("message_content", one) for one in contents if isinstance(one, dict)]
    if all(part.get("type") == "text" for part in parts):
        return "".join(str(part.get("text") or "") for part in parts)
    return parts


def _joined(said: list[JsonObject]) -> JsonObject | None:
    """Answers of one call: a message, then one for each call, are one message."""
    if not said:
        return None
    whole = dict(said[0])
    for more in said[1:]:
        if more.get("content"):
            whole["content"] = (whole.get("content") or "") + str(more["content"])
        if more.get("tool_calls"):
            whole["tool_calls"] = [*whole.get("tool_calls", []), *more["tool_calls"]]
    return whole


def _tool(one: Any) -> JsonValue:
    found = parsed((one.get("tool", one) if isinstance(one, dict) else {}).get("json_schema"))
    if not isinstance(found, dict):
        return None
    if "function" in found or "input_schema" in found or "parameters" not in found:
        return found
    return {"type": "function", "function": {k: v for k, v in found.items() if k != "type"}}


def _usage(span: Span) -> JsonObject | None:
    count = "llm.token_count."
    return chat_usage(
        span.number(f"{count}prompt"),
        span.number(f"{count}completion"),
        total=span.number(f"{count}total"),
        cached=span.number(f"{count}prompt_details.cache_read"),
        written=span.number(f"{count}prompt_details.cache_write"),
        reasoning=span.number(f"{count}completion_details.reasoning"),
    )


def _run(span: Span) -> ToldRun:
    arguments = span.attributes.get("input.value", span.attributes.get("tool.parameters"))
    said = parsed(arguments)
    # LangChain's tracer writes the arguments as Python spells a dict.
    text = raw_arguments(arguments) if isinstance(said, dict) or arguments is not None else None
    output = span.attributes.get("output.value")
    return ToldRun(
        span.id,
        span.text("tool.name") or span.name,
        arguments=text,
        provider_call_id=span.text("tool.id", "tool_call.id", "tool.call_id"),
        response=None if output is None else raw_arguments(output),
        error=span.error() if span.is_error else None,
        started_ns=span.started_ns,
        ended_ns=span.ended_ns,
        parent_id=span.parent_id,
        attributes={"span": {"name": span.name, **span.rest(*_SHOWN)}},
    )


def opinions(span: Span) -> list[Opinion]:
    """Return what was said of the span: Phoenix exports it as ``annotations.NAME.*``."""
    found = unflattened(span.attributes, "annotations")
    if not isinstance(found, dict):
        return []
    return [
        Opinion(
            f"{span.id}.{name}",
            span.id,
            label=f"{name}: {said['label']}" if said.get("label") else name,
            score=said.get("score") if isinstance(said.get("score"), (int, float)) else None,
            text=said.get("explanation"),
            annotator=said.get("annotator_kind"),
            correction=_correction(said),
        )
        for name, said in found.items()
        if isinstance(said, dict)
    ]


def _correction(said: JsonObject) -> JsonValue:
    """What should have been called; only our own spans say it."""
    metadata = parsed(said.get("metadata"))
    return metadata.get("correction") if isinstance(metadata, dict) else None
