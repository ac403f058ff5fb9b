"""Traces of the OpenAI Agents SDK, as its processors export them and its exporter posts them.

Agents on chat completions tell their messages. Those on Responses tell only the response's id: of
them the runs of the tools can be replayed, and nothing is known of prompts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from replay.interchange.lines import Misfit, want
from replay.interchange.loose_messages import model_call_in
from replay.interchange.spans import chat_usage
from replay.interchange.times import ns_of
from replay.interchange.told import RESPONSES, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import CallError, JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

SOURCE: Final = "openai-agents"

OTHER: Final = "spans of neither a model nor a tool: left out"
NO_PROMPTS: Final = (
    "responses of which only the id is told: their tools' runs stand alone, without prompts"
)
_OBJECTS: Final = ("trace", "trace.span")


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a trace or a span of the SDK, or what its exporter posts."""
    if not isinstance(value, dict):
        return False
    if value.get("object") in _OBJECTS:
        return True
    items = value.get("data")
    return isinstance(items, list) and any(
        isinstance(one, dict) and one.get("object") in _OBJECTS for one in items
    )


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the traces and spans in ``value``.

    Raises:
        Misfit: it is nothing of the SDK.
    """
    if not isinstance(value, dict) or not looks_like(value):
        raise Misfit([], "a trace or a span of the OpenAI Agents SDK", value)
    for index, one in enumerate(value.get("data", [value])):
        want(one, dict, ["data", index], "a trace or a span")
        is_trace = one.get("object") == "trace"
        key = one.get("id") if is_trace else one.get("trace_id")
        want(key, str, ["data", index, "trace_id"], "the trace's id")
        yield Piece(str(key), one, str(one.get("id")))


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace that spans with one trace id tell."""
    told = ToldTrace(SOURCE, key)
    for one in found:
        if one.get("object") == "trace":
            _add_facts(told, one)
        else:
            _take(one, told)
    if told.model_calls or told.runs:
        yield told


def _add_facts(told: ToldTrace, trace: JsonObject) -> None:
    name, group = trace.get("workflow_name"), trace.get("group_id")
    told.app = name if isinstance(name, str) else None
    if isinstance(group, str):
        told.labels["session"] = group
    if isinstance(trace.get("metadata"), dict):
        told.metadata = trace["metadata"]


def _take(span: JsonObject, told: ToldTrace) -> None:
    span_id, parent = str(span.get("id")), span.get("parent_id")
    if isinstance(parent, str):
        told.parents[span_id] = parent
    said = span.get("span_data") or {}
    kind = said.get("type")
    if kind in ("generation", "response"):
        told.model_calls.append(_model_call(span, said, told))
    elif kind == "function":
        told.runs.append(_run(span, said))
    else:
        told.notes[OTHER] += 1


def _model_call(span: JsonObject, said: JsonObject, told: ToldTrace) -> ToldModelCall:
    if said["type"] == "response":
        call = ToldModelCall("", RESPONSES, response_id=said.get("response_id"))
        told.notes[NO_PROMPTS] += 1
    else:
        call = model_call_in(said.get("input"), said.get("output")) or ToldModelCall("")
    call.id, call.parent_id = str(span["id"]), span.get("parent_id")
    call.plane = "openai-agents"
    call.started_ns, call.ended_ns = ns_of(span.get("started_at")), ns_of(span.get("ended_at"))
    call.model = said.get("model")
    parameters = said.get("model_config") or {}
    call.parameters = {k: v for k, v in parameters.items() if v is not None and k != "base_url"}
    usage = said.get("usage") or {}
    call.usage = chat_usage(
        usage.get("input_tokens"),
        usage.get("output_tokens"),
        total=usage.get("total_tokens"),
        cached=(usage.get("input_tokens_details") or {}).get("cached_tokens"),
        reasoning=(usage.get("output_tokens_details") or {}).get("reasoning_tokens"),
    )
    call.error = _error(span)
    return call


def _run(span: JsonObject, said: JsonObject) -> ToldRun:
    given, came = said.get("input"), said.get("output")
    return ToldRun(
        str(span["id"]),
        str(said.get("name")),
        arguments=None if given is None else raw_arguments(given),
        response=None if came is None else raw_arguments(came),
        error=_error(span),
        started_ns=ns_of(span.get("started_at")),
        ended_ns=ns_of(span.get("ended_at")),
        parent_id=span.get("parent_id"),
        attributes={"mcp": said["mcp_data"]} if said.get("mcp_data") else {},
    )


def _error(span: JsonObject) -> CallError | None:
    error = span.get("error")
    if not isinstance(error, dict):
        return None
    data = error.get("data") if isinstance(error.get("data"), dict) else {}
    words = (data or {}).get("error") or error.get("message")
    return CallError(type="Error", message=str(words), details=error)


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
