"""MLflow: traces as its client gives them out (version 3, and the requests of version 2).

A trace is `{"info": {...}, "data": {"spans": [...]}}`; a row of `mlflow.search_traces` has the same
in columns. Every attribute of a span is JSON in a text.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

from replay.interchange.lines import Misfit, want
from replay.interchange.loose_messages import model_call_in
from replay.interchange.spans import chat_usage, parsed
from replay.interchange.times import ns_of
from replay.interchange.told import Opinion, ToldModelCall, ToldRun, ToldTrace
from replay.interchange.trace_format import Piece, Place, TraceFormat
from replay.records import CallError, JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

SOURCE: Final = "mlflow"

OTHER: Final = "spans of neither a model nor a tool: left out"
_MODELS: Final = ("CHAT_MODEL", "LLM")
_SHOWN: Final = ("mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.chat.", "tools", "messages")


def looks_like(value: JsonValue) -> bool:
    """Return whether ``value`` is a trace of MLflow, or a row of its table of traces."""
    if not isinstance(value, dict):
        return False
    info, data = value.get("info"), value.get("data")
    if isinstance(info, dict) and isinstance(data, dict) and "spans" in data:
        return "trace_id" in info or "request_id" in info
    return "trace_metadata" in value and "spans" in value


def pieces(value: JsonValue, place: Place) -> Iterator[Piece]:
    """Yield the trace in ``value``.

    Raises:
        Misfit: it is no trace of MLflow.
    """
    if not isinstance(value, dict) or not looks_like(value):
        raise Misfit([], "a trace of MLflow: `info`, and `data` with `spans`", value)
    info = value["info"] if isinstance(value.get("info"), dict) else _info_of_row(value)
    spans = value["data"]["spans"] if "info" in value else parsed(value["spans"])
    key = info.get("trace_id") or info.get("request_id")
    want(key, str, ["info", "trace_id"], "the trace's id")
    want(spans, list, ["data", "spans"], "a list of spans")
    for index, span in enumerate(spans):
        want(span, dict, ["data", "spans", index], "a span")
    yield Piece(str(key), {"info": info, "spans": spans}, "trace")


def _info_of_row(row: JsonObject) -> JsonObject:
    names = ("trace_id", "request_time", "state", "tags", "trace_metadata", "assessments")
    return {name: parsed(row.get(name)) for name in names}


def tell(key: str, found: list[JsonObject]) -> Iterator[ToldTrace]:
    """Yield the trace."""
    for piece in found:
        told = ToldTrace(SOURCE, key)
        for span in piece["spans"]:
            _take(span, told)
        if told.model_calls or told.runs:
            _add_facts(told, piece["info"])
            yield told


def _take(span: JsonObject, told: ToldTrace) -> None:
    span_id, parent = _id(span.get("span_id")), _id(span.get("parent_span_id"))
    if span_id is None:
        return
    if parent is not None:
        told.parents[span_id] = parent
    said = {name: parsed(one) for name, one in (span.get("attributes") or {}).items()}
    kind = said.get("mlflow.spanType")
    if kind in _MODELS:
        told.model_calls.append(_model_call(span, span_id, parent, said))
    elif kind == "TOOL":
        told.runs.append(_run(span, span_id, parent, said))
    else:
        told.notes[OTHER] += 1


def _id(value: JsonValue) -> str | None:
    """Version 3 writes ids in base64, as protobuf's JSON does; earlier ones in hexadecimal."""
    if not isinstance(value, str) or not value:
        return None
    if value.endswith("="):
        try:
            return base64.b64decode(value, validate=True).hex()
        except binascii.Error:
            return value
    return value.removeprefix("0x")


def _model_call(
    span: JsonObject, span_id: str, parent: str | None, said: JsonObject
) -> ToldModelCall:
    call = model_call_in(said.get("mlflow.spanInputs"), said.get("mlflow.spanOutputs"))
    call = call or ToldModelCall("")
    call.id, call.parent_id, call.plane = span_id, parent, "mlflow"
    call.started_ns, call.ended_ns = _times(span)
    if not call.tools and isinstance(tools := said.get("mlflow.chat.tools"), list):
        call.tools = tools
    call.model = call.model or _text(said.get("model"))
    call.response_model = call.response_model or _text(said.get("mlflow.llm.model"))
    call.provider = call.provider or _text(said.get("mlflow.llm.provider"))
    tokens = said.get("mlflow.chat.tokenUsage")
    if call.usage is None and isinstance(tokens, dict):
        call.usage = chat_usage(
            tokens.get("input_tokens"),
            tokens.get("output_tokens"),
            total=tokens.get("total_tokens"),
            cached=tokens.get("cache_read_input_tokens"),
            written=tokens.get("cache_creation_input_tokens"),
        )
    call.error = call.error or _error(span)
    call.attributes |= {"span": _rest(span, said)}
    return call


def _run(span: JsonObject, span_id: str, parent: str | None, said: JsonObject) -> ToldRun:
    given, came = said.get("mlflow.spanInputs"), said.get("mlflow.spanOutputs")
    call_id = None
    if isinstance(came, dict) and came.get("type") == "tool" and "content" in came:
        call_id, came = _text(came.get("tool_call_id")), came["content"]  # LangChain's message
    elif not isinstance(came, str):
        # What is JSON in the text is the text that the tool gave.
        came = (span.get("attributes") or {}).get("mlflow.spanOutputs")
    started_ns, ended_ns = _times(span)
    return ToldRun(
        span_id,
        str(span.get("name")),
        arguments=None if given is None else raw_arguments(given),
        provider_call_id=call_id,
        response=None if came is None else raw_arguments(came),
        error=_error(span),
        started_ns=started_ns,
        ended_ns=ended_ns,
        parent_id=parent,
        attributes={"span": _rest(span, said)},
    )


def _times(span: JsonObject) -> tuple[int | None, int | None]:
    """Version 2 had them without ``_unix_nano``, in nanoseconds too."""
    found: list[Any] = [
        span.get(f"{name}_unix_nano", span.get(name)) for name in ("start_time", "end_time")
    ]
    started, ended = (int(one) if isinstance(one, (int, float)) else None for one in found)
    return started, ended


def _error(span: JsonObject) -> CallError | None:
    status = span.get("status") or {}
    code = status.get("code") if isinstance(status, dict) else span.get("status_code")
    if code not in ("STATUS_CODE_ERROR", "ERROR"):
        return None
    thrown: JsonObject = next(
        (e.get("attributes") or {} for e in span.get("events") or [] if e["name"] == "exception"),
        {},
    )
    words = thrown.get("exception.message") or (
        status.get("message") if isinstance(status, dict) else span.get("status_message")
    )
    return CallError(type=str(thrown.get("exception.type") or "Error"), message=str(words or ""))


def _rest(span: JsonObject, said: JsonObject) -> JsonObject:
    rest = {name: one for name, one in said.items() if not name.startswith(_SHOWN)}
    return {"name": span.get("name"), **rest}


def _add_facts(told: ToldTrace, info: JsonObject) -> None:
    tags, metadata = info.get("tags") or {}, info.get("trace_metadata") or {}
    metadata = metadata or info.get("request_metadata") or {}
    told.app = _text(tags.get("mlflow.traceName"))
    told.started_ns = ns_of(info.get("request_time") or info.get("timestamp_ms"))
    told.code_version = _text(metadata.get("mlflow.source.git.commit"))
    for label, name in (("session", "mlflow.trace.session"), ("user", "mlflow.trace.user")):
        if (value := _text(metadata.get(name))) is not None:
            told.labels[label] = value
    own = {name: one for name, one in tags.items() if not name.startswith("mlflow.")}
    told.labels |= {name: one for name, one in own.items() if isinstance(one, str)}
    more = {k: v for k, v in metadata.items() if not k.startswith("mlflow.")}
    told.metadata = {**own, **{name: parsed(one) for name, one in more.items()}}
    if info.get("state") == "ERROR" or info.get("status") == "ERROR":
        told.outcome = "error"
    for one in info.get("assessments") or []:
        if isinstance(one, dict):
            told.opinions.append(_opinion(one))


def _opinion(said: JsonObject) -> Opinion:
    value = ((said.get("feedback") or said.get("expectation")) or {}).get("value")
    name = str(said.get("assessment_name") or said.get("name"))
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    score = float(value) if is_number else {True: 1.0, False: 0.0}.get(value)  # type: ignore[arg-type]
    word = f": {raw_arguments(value)}" if value is not None and score is None else ""
    source = said.get("source") or {}
    return Opinion(
        str(said.get("assessment_id") or name),
        _id(said.get("span_id")),
        label=f"{name}{word}",
        score=score,
        text=_text(said.get("rationale")),
        annotator=_text(source.get("source_id")) or _text(source.get("source_type")),
        at_ns=ns_of(said.get("create_time")),
    )


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


FORMAT: Final = TraceFormat(SOURCE, looks_like, pieces, tell)
