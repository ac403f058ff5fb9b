"""An observation of Langfuse, as its API gives it out: a generation, or a run of a tool."""

from __future__ import annotations

from typing import Any

from replay.interchange.loose_messages import model_call_in
from replay.interchange.spans import chat_usage, parsed
from replay.interchange.times import ns_of
from replay.interchange.told import Opinion, ToldModelCall, ToldRun
from replay.records import CallError, JsonObject, JsonValue
from replay.tools.arguments import raw_arguments


def model_call(said: JsonObject) -> ToldModelCall:
    """Return the model call of a generation."""
    call = model_call_in(said.get("input"), said.get("output")) or ToldModelCall("")
    call.id, call.parent_id = str(said["id"]), text(said.get("parentObservationId"))
    call.plane = "langfuse"
    call.started_ns, call.ended_ns = ns_of(said.get("startTime")), ns_of(said.get("endTime"))
    call.response_model = call.response_model or text(said.get("model"))
    call.parameters = call.parameters or _parameters(said.get("modelParameters"))
    call.usage = call.usage or _usage(said)
    call.error = call.error or _error(said)
    first = ns_of(said.get("completionStartTime"))
    if first is not None and call.started_ns is not None:
        call.first_chunk_ms, call.streamed = (first - call.started_ns) / 1e6, True
    call.attributes |= {"observation": _rest(said)}
    return call


def _parameters(said: JsonValue) -> JsonObject:
    """The parameters that were set: Langfuse's client fills in the others."""
    usual = {"max_tokens": "Infinity", "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0}
    found = parsed(said)
    if not isinstance(found, dict):
        return {}
    return {k: v for k, v in found.items() if v is not None and usual.get(k, object()) != v}


def _usage(said: JsonObject) -> JsonObject | None:
    found = parsed(said.get("usageDetails")) or parsed(said.get("usage")) or {}
    if not isinstance(found, dict):
        return None

    def count(*names: str) -> Any:
        return next((found[name] for name in names if isinstance(found.get(name), int)), None)

    return chat_usage(
        count("input", "prompt_tokens", "input_tokens"),
        count("output", "completion_tokens", "output_tokens"),
        total=count("total", "total_tokens"),
        cached=count("input_cached_tokens", "cache_read_input_tokens"),
        reasoning=count("output_reasoning_tokens"),
    )


def run(said: JsonObject) -> ToldRun:
    """Return the run of a tool."""
    given, came = parsed(said.get("input")), said.get("output")
    if isinstance(given, dict) and set(given) == {"args", "kwargs"} and not given["args"]:
        given = given["kwargs"]  # as the SDK's decorator writes what a function was given
    metadata = said.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return ToldRun(
        str(said["id"]),
        str(said.get("name")),
        arguments=None if given is None else raw_arguments(given),
        provider_call_id=text(metadata.get("tool_call_id")),
        response=None if came is None else raw_arguments(_as_text(came)),
        error=_error(said),
        started_ns=ns_of(said.get("startTime")),
        ended_ns=ns_of(said.get("endTime")),
        parent_id=text(said.get("parentObservationId")),
        attributes={"observation": _rest(said)},
    )


def _as_text(came: JsonValue) -> Any:
    """LangChain's messages of tools are objects with the text inside."""
    if isinstance(came, dict) and came.get("type") == "tool" and "content" in came:
        return came["content"]
    return came


def _error(said: JsonObject) -> CallError | None:
    if said.get("level") != "ERROR":
        return None
    return CallError(type="Error", message=str(said.get("statusMessage") or ""))


def _rest(said: JsonObject) -> JsonObject:
    names = ("name", "metadata", "level", "version", "promptName", "promptVersion", "costDetails")
    return {name: said[name] for name in names if said.get(name) not in (None, {}, "DEFAULT")}


def opinion(score: JsonObject) -> Opinion:
    """Return what a score says."""
    value, name = score.get("value"), str(score.get("name"))
    word = score.get("stringValue")
    if isinstance(value, str):
        word, value = word or value, None
    return Opinion(
        str(score.get("id") or name),
        text(score.get("observationId")),
        label=f"{name}: {word}" if word else name,
        score=float(value) if isinstance(value, (int, float)) else None,
        text=text(score.get("comment")),
        annotator=text(score.get("authorUserId")) or text(score.get("source")),
        at_ns=ns_of(score.get("timestamp") or score.get("createdAt")),
    )


def text(value: JsonValue) -> str | None:
    """Return ``value`` where it is a text with something in it, else None."""
    return value if isinstance(value, str) and value else None
