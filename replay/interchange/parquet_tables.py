"""Traces as Parquet: one table for traces, one for steps, one for tool calls, typed.

Made for DuckDB, pandas and polars. What has a shape of its own (arguments, results, outputs) is
JSON text in one column; prompts, which repeat each other, are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from replay.errors import ReplayError
from replay.metrics.usage import Tokens, tokens_of
from replay.records import CallError, JsonObject, JsonValue, ModelCall, ToolCall, Transcript

TABLES: Final = ("traces", "steps", "tool_calls")
_ROWS_AT_ONCE: Final = 5_000

_TEXT, _NUMBER, _FLOAT, _TIME, _FLAG, _LABELS, _WORD = (
    "text",
    "number",
    "float",
    "time",
    "flag",
    "labels",
    "word",
)
COLUMNS: Final[dict[str, dict[str, str]]] = {
    "traces": {
        "trace_id": _TEXT,
        "app": _WORD,
        "source": _WORD,
        "started_at": _TIME,
        "ended_at": _TIME,
        "outcome": _TEXT,
        "model": _WORD,
        "model_call_count": _NUMBER,
        "tool_call_count": _NUMBER,
        "failed_call_count": _NUMBER,
        "input_tokens": _NUMBER,
        "output_tokens": _NUMBER,
        "start": _TEXT,
        "labels": _LABELS,
        "code_version": _TEXT,
        "feedback": _TEXT,
        "is_pinned": _FLAG,
    },
    "steps": {
        "trace_id": _TEXT,
        "step_number": _NUMBER,
        "kind": _WORD,
        "name": _WORD,
        "started_at": _TIME,
        "duration_ms": _FLOAT,
        "attempt_count": _NUMBER,
        "error_type": _WORD,
        "error_message": _TEXT,
        "provider": _WORD,
        "api": _WORD,
        "model": _WORD,
        "response_model": _WORD,
        "finish_reason": _WORD,
        "input_tokens": _NUMBER,
        "output_tokens": _NUMBER,
        "cached_tokens": _NUMBER,
        "first_chunk_ms": _FLOAT,
        "status_code": _NUMBER,
        "message_count": _NUMBER,
        "tools_shown_count": _NUMBER,
        "output": _TEXT,
    },
    "tool_calls": {
        "trace_id": _TEXT,
        "step_number": _NUMBER,
        "tool_call_id": _TEXT,
        "app": _WORD,
        "model": _WORD,
        "model_call_step": _NUMBER,
        "call_index": _NUMBER,
        "provider_call_id": _TEXT,
        "actor": _WORD,
        "tool": _WORD,
        "tool_version": _WORD,
        "schema_hash": _WORD,
        "arguments": _TEXT,
        "payload": _TEXT,
        "result": _TEXT,
        "response": _TEXT,
        "outcome": _WORD,
        "error_type": _WORD,
        "error_message": _TEXT,
        "error_stage": _WORD,
        "started_at": _TIME,
        "offset_ms": _FLOAT,
        "duration_ms": _FLOAT,
        "interaction_count": _NUMBER,
        "attempt_count": _NUMBER,
        "bound_by": _WORD,
    },
}
"""The columns of each table with their types; docs/export.md describes them."""

Rows = dict[str, list[JsonObject]]


def pyarrow_or_refuse() -> None:
    """Return when pyarrow is installed.

    Raises:
        ReplayError: it is not.
    """
    try:
        import pyarrow.parquet  # noqa: F401 -- only asked for
    except ImportError as error:
        raise ReplayError(
            "Parquet is written by pyarrow, which is not installed.",
            hint="Install it: `pip install 'replay-sandbox[parquet]'`.",
        ) from error


class ParquetWriter:
    """Writes the tables, a few thousand rows at a time; nothing is there before `close`."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        """``files``: of each table."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._arrow: Any = pa
        types = {
            _TEXT: pa.large_string(),
            _WORD: pa.dictionary(pa.int32(), pa.string()),
            _NUMBER: pa.int64(),
            _FLOAT: pa.float64(),
            _TIME: pa.timestamp("us", tz="UTC"),
            _FLAG: pa.bool_(),
            _LABELS: pa.map_(pa.string(), pa.string()),
        }
        self._schemas = {
            name: pa.schema([(column, types[kind]) for column, kind in COLUMNS[name].items()])
            for name in TABLES
        }
        self._writers = {
            name: pq.ParquetWriter(str(files[name]), self._schemas[name], compression="zstd")
            for name in TABLES
        }
        self._waiting: Rows = {name: [] for name in TABLES}
        self.counts = dict.fromkeys(TABLES, 0)

    def add(self, transcript: Transcript) -> None:
        """Add the rows of one trace."""
        for name, row in _rows(transcript):
            self._waiting[name].append(row)
            if len(self._waiting[name]) >= _ROWS_AT_ONCE:
                self._write(name)

    def close(self) -> None:
        """Write what waits, and end the files."""
        for name in TABLES:
            self._write(name)
            self._writers[name].close()

    def _write(self, name: str) -> None:
        rows, self._waiting[name] = self._waiting[name], []
        self.counts[name] += len(rows)
        if rows:
            table = self._arrow.Table.from_pylist(rows, schema=self._schemas[name])
            self._writers[name].write_table(table)


def _rows(transcript: Transcript) -> Iterator[tuple[str, JsonObject]]:
    yield "traces", _trace_row(transcript)
    steps = {step.id: step for step in transcript.steps}
    for step in transcript.steps:
        if isinstance(step, ModelCall):
            yield "steps", _model_row(step, transcript)
            continue
        of = steps.get(step.model_call_id or "")
        yield "steps", _shared(step, transcript, "tool_call", step.tool)
        yield "tool_calls", _call_row(step, transcript, of if isinstance(of, ModelCall) else None)


def _trace_row(transcript: Transcript) -> JsonObject:
    trace = transcript.trace
    models = [step for step in transcript.steps if isinstance(step, ModelCall)]
    calls = [step for step in transcript.steps if isinstance(step, ToolCall)]
    used = sum((tokens_of(one.usage) or Tokens() for one in models), Tokens())
    told = any(tokens_of(one.usage) is not None for one in models)
    said = [one.model_dump(mode="json", exclude_none=True) for one in transcript.feedback]
    return {
        "trace_id": trace.id,
        "app": trace.app,
        "source": trace.source,
        "started_at": _time(trace.started_at),
        "ended_at": _time(trace.ended_at),
        "outcome": trace.outcome,
        "model": next((_model(one) for one in reversed(models) if _model(one)), None),
        "model_call_count": len(models),
        "tool_call_count": len(calls),
        "failed_call_count": sum(one.outcome.value != "ok" for one in calls),
        "input_tokens": used.input if told else None,
        "output_tokens": used.output if told else None,
        "start": _json(trace.start),
        "labels": list(trace.labels.items()),
        "code_version": trace.code_version,
        "feedback": _json(said or None),
        "is_pinned": bool(transcript.pins),
    }


def _shared(
    step: ModelCall | ToolCall, transcript: Transcript, kind: str, name: str | None
) -> JsonObject:
    return {
        "trace_id": step.trace_id,
        "step_number": step.step_number,
        "kind": kind,
        "name": name,
        "started_at": _time(step.started_at),
        "duration_ms": step.duration_ms,
        "attempt_count": max(1, len(transcript.attempts.get(step.id, []))),
        **_error(step.error),
    }


def _model_row(call: ModelCall, transcript: Transcript) -> JsonObject:
    used = tokens_of(call.usage)
    return {
        **_shared(call, transcript, "model_call", _model(call)),
        "provider": call.provider,
        "api": call.api,
        "model": call.model,
        "response_model": call.response_model,
        "finish_reason": call.finish_reason,
        "input_tokens": used.input if used else None,
        "output_tokens": used.output if used else None,
        "cached_tokens": used.cached if used else None,
        "first_chunk_ms": call.first_chunk_ms,
        "status_code": call.status_code,
        "message_count": len(call.messages),
        "tools_shown_count": len(call.tools),
        "output": _json(call.output),
    }


def _call_row(call: ToolCall, transcript: Transcript, of: ModelCall | None) -> JsonObject:
    stage = call.error.stage if call.error else None
    return {
        **_shared(call, transcript, "tool_call", call.tool),
        "tool_call_id": call.id,
        "app": transcript.trace.app,
        "model": _model(of) if of else None,
        "model_call_step": of.step_number if of else None,
        "call_index": call.call_index,
        "provider_call_id": call.provider_call_id,
        "actor": call.actor,
        "tool": call.tool,
        "tool_version": call.tool_version,
        "schema_hash": call.schema_hash,
        "arguments": _clean(call.arguments),
        "payload": _json(call.payload),
        "result": _json(call.result),
        "response": _clean(call.response),
        "outcome": call.outcome.value,
        "error_stage": stage.value if stage else None,
        "offset_ms": call.offset_ms,
        "interaction_count": len(transcript.interactions.get(call.id, [])),
        "bound_by": call.bound_by,
    }


def _model(call: ModelCall) -> str | None:
    return call.response_model or call.model


def _error(error: CallError | None) -> JsonObject:
    if error is None:
        return {}
    return {"error_type": error.type, "error_message": _clean(error.message)}


def _json(value: JsonValue) -> str | None:
    return None if value is None else _clean(json.dumps(value, ensure_ascii=False))


def _clean(text: str | None) -> str | None:
    """Lone surrogates, which UTF-8 has no form for, become the escapes that JSON has for them."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))
