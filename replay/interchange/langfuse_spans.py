"""Spans as the Langfuse SDK sends them: ``langfuse.observation.*`` and ``langfuse.trace.*``."""

from __future__ import annotations

from collections import Counter
from typing import Final

from replay.interchange.langfuse_observations import model_call, run
from replay.interchange.spans import Span, parsed
from replay.interchange.told import Opinion, ToldModelCall, ToldRun
from replay.records import JsonObject

_OBSERVATION: Final = "langfuse.observation."
_TRACE: Final = "langfuse.trace."


def is_of(span: Span) -> bool:
    """Return whether ``span`` is in this dialect."""
    return f"{_OBSERVATION}type" in span.attributes


def read(span: Span, notes: Counter[str]) -> ToldModelCall | ToldRun | None:
    """Return what ``span`` tells, or None where it is neither a model call nor a tool."""
    observation = _observation(span)
    kind = str(span.attributes[f"{_OBSERVATION}type"]).upper()
    if kind == "GENERATION":
        told = model_call(observation)
        told.plane = span.scope
        told.started_ns, told.ended_ns = span.started_ns, span.ended_ns
        return told
    if kind != "TOOL":
        return None
    ran = run(observation)
    ran.started_ns, ran.ended_ns = span.started_ns, span.ended_ns
    return ran


def _observation(span: Span) -> JsonObject:
    """The span in the shape in which Langfuse's API gives it out."""
    said = {
        name.removeprefix(_OBSERVATION): value
        for name, value in span.attributes.items()
        if name.startswith(_OBSERVATION)
    }
    metadata = {
        name.removeprefix("metadata."): parsed(value)
        for name, value in said.items()
        if name.startswith("metadata.")
    }
    return {
        "id": span.id,
        "parentObservationId": span.parent_id,
        "name": span.name,
        "input": said.get("input"),
        "output": said.get("output"),
        "model": said.get("model.name"),
        "modelParameters": parsed(said.get("model.parameters")),
        "usageDetails": parsed(said.get("usage_details")),
        "level": said.get("level"),
        "statusMessage": said.get("status_message") or span.status_message or None,
        "completionStartTime": parsed(said.get("completion_start_time")),
        "startTime": None,
        "metadata": metadata,
    }


def trace_facts(span: Span) -> JsonObject:
    """Return what ``span`` says of its trace: name, tags, metadata, in the API's words."""
    said = {
        name.removeprefix(_TRACE): value
        for name, value in span.attributes.items()
        if name.startswith(_TRACE)
    }
    metadata = {
        name.removeprefix("metadata."): parsed(value)
        for name, value in said.items()
        if name.startswith("metadata.")
    }
    return {
        "name": said.get("name"),
        "tags": said.get("tags") or [],
        "metadata": metadata,
        "release": span.attributes.get("langfuse.release"),
        "version": span.attributes.get("langfuse.version"),
    }


def opinions(span: Span) -> list[Opinion]:
    """Return nothing: scores come in requests of their own."""
    del span
    return []
