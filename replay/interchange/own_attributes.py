"""Facts of ours that no convention has a name for, as attributes of a span: ``replay.*``.

Written on export and read on import, so that a trace that went through another system's files can
be replayed as it was: its start, its labels, how each call ended.
"""

from __future__ import annotations

import json
from typing import Any, Final

from replay.interchange.spans import Span, parsed
from replay.interchange.told import ToldModelCall, ToldRun, ToldTrace
from replay.records import (
    ACTORS,
    CallError,
    Feedback,
    JsonObject,
    ModelCall,
    Outcome,
    Stage,
    ToolCall,
    Trace,
)

PREFIX: Final = "replay."
SCOPE: Final = "replay"
"""The instrumentation scope of the spans that we write."""

_TRACE: Final = "replay.trace.id"
_START: Final = "replay.trace.start"
_LABELS: Final = "replay.trace.labels"
_OUTCOME: Final = "replay.trace.outcome"
_STEP: Final = "replay.step.number"
_PARAMETERS: Final = "replay.model_call.parameters"
_STREAMED: Final = "replay.model_call.streamed"
_FIRST_CHUNK: Final = "replay.model_call.first_chunk_ms"
_ANNOTATOR: Final = "replay.feedback.annotator"
_CORRECTION: Final = "replay.feedback.correction"
_CALL_OUTCOME: Final = "replay.tool_call.outcome"
_ERROR: Final = "replay.tool_call.error"
_ACTOR: Final = "replay.tool_call.actor"
_VERSION: Final = "replay.tool_call.tool_version"


def of_trace(trace: Trace) -> JsonObject:
    """Return the attributes of the outermost span."""
    found: JsonObject = {_TRACE: trace.id}
    if trace.start is not None:
        found[_START] = as_text(trace.start)
    if trace.labels:
        found[_LABELS] = as_text(trace.labels)
    if trace.outcome is not None:
        found[_OUTCOME] = trace.outcome
    return found


def of_model_call(
    call: ModelCall, parameters: JsonObject, *, tells_stream: bool = False
) -> JsonObject:
    """Return the attributes of a model call's span.

    ``parameters``: those that the convention has no name for; ``tells_stream``: nor for streams.
    """
    found: JsonObject = {_STEP: call.step_number}
    if parameters:
        found[_PARAMETERS] = as_text(parameters)
    if tells_stream and call.streamed:
        found |= {_STREAMED: True, _FIRST_CHUNK: call.first_chunk_ms}
    return found


def of_tool_call(call: ToolCall) -> JsonObject:
    """Return the attributes of a tool call's span."""
    found: JsonObject = {_STEP: call.step_number, _CALL_OUTCOME: call.outcome.value}
    if call.error is not None:
        error = {"type": call.error.type, "message": call.error.message}
        found[_ERROR] = as_text({**error, "stage": call.error.stage})
    if call.actor != "assistant":
        found[_ACTOR] = call.actor
    if call.tool_version is not None:
        found[_VERSION] = call.tool_version
    return found


def of_feedback(said: Feedback) -> JsonObject:
    """Return the attributes of an evaluation."""
    found: JsonObject = {_ANNOTATOR: said.annotator}
    return found if said.correction is None else {**found, _CORRECTION: as_text(said.correction)}


def of_opinion(attributes: JsonObject) -> dict[str, Any]:
    """Return what an evaluation says in our words, as fields of an `Opinion`."""
    annotator = attributes.get(_ANNOTATOR)
    return {
        "annotator": annotator if isinstance(annotator, str) else None,
        "correction": parsed(attributes.get(_CORRECTION)),
    }


def add_to_trace(root: Span, told: ToldTrace) -> None:
    """Put what the outermost span says in our words into ``told``."""
    if _START in root.attributes:
        told.start = parsed(root.attributes[_START])
    labels = parsed(root.attributes.get(_LABELS))
    if isinstance(labels, dict):
        told.labels |= {str(name): str(value) for name, value in labels.items()}
    told.outcome = root.text(_OUTCOME) or told.outcome
    if (name := root.text(_TRACE)) is not None:
        told.metadata = {**told.metadata, _TRACE: name}


def add_to_model_call(span: Span, call: ToldModelCall) -> None:
    """Put what a model call's span says in our words into ``call``."""
    if _has_no_duration(span):
        call.ended_ns = None
    parameters = parsed(span.attributes.get(_PARAMETERS))
    if isinstance(parameters, dict):
        call.parameters = {**call.parameters, **parameters}
    if span.attributes.get(_STREAMED) is True:
        call.streamed, first_ms = True, span.number(_FIRST_CHUNK)
        call.first_chunk_ms = call.first_chunk_ms if first_ms is None else float(first_ms)


def add_to_run(span: Span, run: ToldRun) -> None:
    """Put what a tool's span says in our words into ``run``."""
    outcome = span.text(_CALL_OUTCOME)
    if outcome not in list(Outcome):
        return
    if _has_no_duration(span):
        run.ended_ns = None
    run.outcome = Outcome(outcome)
    run.error = _error(parsed(span.attributes.get(_ERROR)))
    run.tool_version = span.text(_VERSION)
    actor = span.text(_ACTOR)
    run.actor = next((one for one in ACTORS if one == actor), "assistant")


def _has_no_duration(span: Span) -> bool:
    """A span must end. One of ours that ends as it begins is of a step whose end nobody knows."""
    return _STEP in span.attributes and span.ended_ns == span.started_ns


def _error(said: Any) -> CallError | None:
    if not isinstance(said, dict) or not isinstance(said.get("type"), str):
        return None
    stage = said.get("stage")
    return CallError(
        type=said["type"],
        message=str(said.get("message") or ""),
        stage=Stage(stage) if stage in list(Stage) else None,
    )


def as_text(value: Any) -> str:
    """Return a value as the JSON text that an attribute carries it as."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
