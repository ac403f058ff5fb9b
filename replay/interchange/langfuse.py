"""Langfuse: traces, observations and scores as its API and exports have them, or as its SDK sends.

The SDK sends OTLP, and scores in requests of their own; older ones sent batches of events.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from replay.interchange import langfuse_observations as observations
from replay.interchange import langfuse_spans, otlp
from replay.interchange.lines import Misfit
from replay.interchange.spans import parsed
from replay.interchange.times import ns_of
from replay.interchange.told import ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import JsonObject, JsonValue

SOURCE: Final = "langfuse"

OTHER: Final = "observations of neither a model nor a tool: left out"
_SCOPE: Final = "langfuse-sdk"
_KINDS: Final = ("GENERATION", "TOOL", "SPAN", "EVENT", "AGENT", "CHAIN", "RETRIEVER")
_CAMEL: Final = {
    "trace_id": "traceId",
    "observation_id": "observationId",
    "parent_observation_id": "parentObservationId",
    "start_time": "startTime",
    "end_time": "endTime",
    "completion_start_time": "completionStartTime",
    "model_parameters": "modelParameters",
    "usage_details": "usageDetails",
    "status_message": "statusMessage",
    "session_id": "sessionId",
    "user_id": "userId",
    "string_value": "stringValue",
    "created_at": "createdAt",
}


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is of Langfuse, or OTLP of its SDK."""
    if not isinstance(value, dict):
        return False
    if otlp.looks_like(value):
        return any(
            (scope.get("scope") or {}).get("name") == _SCOPE
            for part in value.get("resourceSpans") or []
            if isinstance(part, dict)
            for scope in part.get("scopeSpans") or []
        )
    said = _named(value)
    if _is_observation(said) or _is_score(said) or isinstance(said.get("observations"), list):
        return True
    first = next((one for one in _listed(value) if isinstance(one, dict)), None)
    return first is not None and (looks_like(first) or _is_event(first) or _is_trace(first))


def _named(value: JsonObject) -> JsonObject:
    """The fields by the API's names: the Python SDK has them with underscores."""
    return {_CAMEL.get(name, name): one for name, one in value.items()}


def _is_observation(said: JsonObject) -> bool:
    return said.get("type") in _KINDS and "traceId" in said and "startTime" in said


def _is_score(said: JsonObject) -> bool:
    return "traceId" in said and "name" in said and "value" in said and "span_id" not in said


def _is_trace(said: JsonObject) -> bool:
    return "sessionId" in said and "timestamp" in said and "id" in said


def _is_event(said: JsonObject) -> bool:
    kind = said.get("type")
    return isinstance(kind, str) and kind.endswith(("-create", "-update")) and "body" in said


def _listed(value: JsonObject) -> list[Any]:
    for name in ("data", "batch"):
        if isinstance(value.get(name), list):
            found: list[Any] = value[name]
            return found
    return []


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the traces, observations, scores and spans of ``value``.

    Raises:
        Misfit: it is nothing of Langfuse.
    """
    if isinstance(value, list):
        for one in value:
            yield from pieces(one, place)
        return
    if not isinstance(value, dict):
        raise Misfit([], "a trace, an observation or a score of Langfuse", value)
    if otlp.looks_like(value):
        for piece in otlp.pieces(value, place):
            yield Piece(piece.key, {"span": piece.content}, piece.id)
        return
    if _listed(value):
        for one in _listed(value):
            yield from pieces(one, place)
        return
    if _is_event(value):
        yield from _event(value, place)
        return
    yield from _piece(_named(value), place)


def _event(event: JsonObject, place: Place) -> Iterator[Piece]:
    """One of the events that SDKs before version 3 sent."""
    kind = str(event["type"]).rsplit("-", 1)[0]
    body = _named(event["body"] if isinstance(event["body"], dict) else {})
    if kind == "trace":
        yield Piece(str(body.get("id")), {"trace": body})
    elif kind == "score":
        yield Piece(str(body.get("traceId")), {"score": body})
    elif kind in ("generation", "span", "event", "observation"):
        known = place.recall(str(body.get("id")))
        key = str(body.get("traceId") or known)
        place.remember(str(body.get("id")), key)
        yield Piece(key, {"observation": {"type": kind.upper(), **body}})
    else:
        place.notes[f"events of type {kind}: left out"] += 1


def _piece(said: JsonObject, place: Place) -> Iterator[Piece]:
    if isinstance(said.get("observations"), list) or _is_trace(said):
        key = str(said.get("id"))
        rest = {k: v for k, v in said.items() if k not in ("observations", "scores")}
        yield Piece(key, {"trace": rest})
        # A list of traces names its observations; one trace alone has them.
        for one in said.get("observations") or []:
            if isinstance(one, dict):
                yield Piece(key, {"observation": _named(one)})
        for one in said.get("scores") or []:
            if isinstance(one, dict):
                yield Piece(key, {"score": _named(one)})
    elif _is_observation(said):
        yield Piece(str(said["traceId"]), {"observation": said})
    elif _is_score(said):
        yield Piece(str(said["traceId"]), {"score": said})
    else:
        raise Misfit([], "a trace, an observation or a score of Langfuse", said)


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace that pieces with one trace id tell."""
    spans = [one["span"] for one in found if "span" in one]
    tellings = list(otlp.tell(key, spans)) if spans else [ToldTrace(SOURCE, key)]
    for told in tellings:
        told.source, told.is_named = SOURCE, True
        _add_observations(told, [one["observation"] for one in found if "observation" in one])
        told.opinions += [observations.opinion(one["score"]) for one in found if "score" in one]
        traces = [one["trace"] for one in found if "trace" in one]
        told_by_spans = [otlp.span_of(span) for span in spans if "log_of" not in span]
        traces += [langfuse_spans.trace_facts(span) for span in told_by_spans]
        for one in traces:
            _add_facts(told, one)
        if told.model_calls or told.runs or told.opinions:
            yield told


def _add_observations(told: ToldTrace, parts: list[JsonObject]) -> None:
    whole: dict[str, JsonObject] = {}
    for part in parts:
        one = whole.setdefault(str(part.get("id")), {})
        one |= {name: value for name, value in part.items() if value is not None}
    for said in whole.values():
        parent = observations.text(said.get("parentObservationId"))
        if parent is not None:
            told.parents[str(said["id"])] = parent
        kind = said.get("type")
        if kind == "GENERATION":
            told.model_calls.append(observations.model_call(said))
        elif kind == "TOOL":
            told.runs.append(observations.run(said))
        else:
            told.notes[OTHER] += 1


def _add_facts(told: ToldTrace, said: JsonObject) -> None:
    for label, name in (("session", "sessionId"), ("user", "userId")):
        if (value := observations.text(said.get(name))) is not None:
            told.labels.setdefault(label, value)
    for tag in said.get("tags") or []:
        told.labels[f"tag:{tag}"] = "true"
    told.app = observations.text(said.get("name")) or told.app
    told.code_version = observations.text(said.get("release")) or told.code_version
    told.started_ns = told.started_ns or ns_of(said.get("timestamp"))
    metadata = parsed(said.get("metadata"))
    if isinstance(metadata, dict):
        told.metadata |= {name: parsed(one) for name, one in metadata.items()}


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
