"""Rows back into records."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from replay.records import (
    Approval,
    Attempt,
    CallVerdict,
    Feedback,
    Finding,
    Interaction,
    JsonObject,
    JsonValue,
    ModelCall,
    Record,
    ReplayRun,
    ToolCall,
    ToolSchema,
    Trace,
)
from replay.store.contents import ContentReader
from replay.store.json_text import decode
from replay.store.layout import LAYOUTS, Column, Layout
from replay.store.times import iso_text

RECORD_CLASSES: Final[dict[str, type[Record]]] = {
    "trace": Trace,
    "model_call": ModelCall,
    "tool_call": ToolCall,
    "attempt": Attempt,
    "interaction": Interaction,
    "tool_schema": ToolSchema,
    "feedback": Feedback,
    "replay_run": ReplayRun,
    "call_verdict": CallVerdict,
    "finding": Finding,
    "approval": Approval,
}


class RecordReader:
    """Reads records of one connection; prompts of one trace share their message values."""

    def __init__(self, connection: sqlite3.Connection, contents: ContentReader) -> None:
        """``contents`` reads from the same connection."""
        self._connection = connection
        self._contents = contents

    def records(
        self,
        kind: str,
        condition: str,
        values: Sequence[Any],
        order: str = "",
        *,
        left_out: AbstractSet[str] = frozenset(),
    ) -> list[Any]:
        """Return the records of ``kind`` whose row ``r`` fulfils an SQL condition.

        Fields that are ``left_out`` are not read, and have their defaults.
        """
        layout = LAYOUTS[kind]
        record_class = RECORD_CLASSES[kind]
        prompts = _Prompts(self._connection, self._contents)
        query = f"{_SELECTS[kind]} WHERE {condition}{' ORDER BY ' + order if order else ''}"
        records = []
        for row in self._connection.execute(query, values).fetchall():
            fields = self._fields(layout, row, left_out)
            if kind == "model_call":
                trace, prompt, toolset = row[-3:]
                fields["messages"] = prompts.messages(trace, prompt)
                fields["tools"] = prompts.tools(toolset)
            records.append(record_class.model_validate(fields))
        return records

    def model_call_names(self, trace: int, trace_id: str) -> list[ModelCall]:
        """Return a trace's model calls with nothing but their ids, models, places and times."""
        rows = self._connection.execute(
            "SELECT r.id, r.step_number, s.api, s.model, s.response_model, r.started_us "
            "FROM model_call_rows r "
            "LEFT JOIN model_settings s ON s.key = r.settings WHERE r.trace = ?",
            (trace,),
        )
        names = ("id", "step_number", "api", "model", "response_model")
        return [
            ModelCall.model_validate(
                {
                    **dict(zip(names, row, strict=False)),
                    "trace_id": trace_id,
                    "started_at": iso_text(row[-1]),
                }
            )
            for row in rows
        ]

    def _fields(
        self, layout: Layout, row: tuple[Any, ...], left_out: AbstractSet[str]
    ) -> JsonObject:
        fields: JsonObject = {}
        for column, cell in zip(layout.columns, row, strict=False):
            if column.field in left_out:
                continue
            if cell is not None:
                fields[column.field] = self._value(layout, column, cell, fields)
            elif column.default is not None:
                fields[column.field] = column.default
        if layout.kind == "tool_call":
            _resolve_result(fields)
        extra = row[len(layout.columns)]
        if extra is not None:
            fields.update(self._contents.json(extra))
        return fields

    def _value(self, layout: Layout, column: Column, cell: Any, fields: JsonObject) -> Any:
        match column.form:
            case "time":
                return iso_text(cell)
            case "flag":
                return bool(cell)
            case "text":
                return self._contents.text(cell)
            case "json":
                if layout.kind == "tool_call" and column.field == "payload" and cell == 0:
                    return decode(fields["arguments"])
                if layout.kind == "tool_call" and column.field == "result" and cell in (0, -1):
                    return _AsResponse(cell)
                return self._contents.json(cell)
            case _:
                return cell


class _AsResponse:
    """A result that the response says: its text (0) or its parsed JSON (-1)."""

    def __init__(self, mark: int) -> None:
        self.mark = mark


def _resolve_result(fields: JsonObject) -> None:
    result = fields.get("result")
    if isinstance(result, _AsResponse):
        response = fields["response"]
        fields["result"] = response if result.mark == 0 else decode(response)


class _Prompts:
    """The messages and tool definitions of the model calls of one reading, each decoded once."""

    def __init__(self, connection: sqlite3.Connection, contents: ContentReader) -> None:
        self._connection = connection
        self._contents = contents
        self._pools: dict[int, dict[int, int]] = {}
        self._values: dict[int, JsonValue] = {}

    def messages(self, trace: int, prompt: str | None) -> list[JsonValue]:
        if prompt is None:
            return []
        pool = self._pool(trace)
        return [
            self._value(pool[position])
            for first, last in decode(prompt)
            for position in range(first, last + 1)
        ]

    def tools(self, toolset: int | None) -> list[JsonValue]:
        if toolset is None:
            return []
        row = self._connection.execute(
            "SELECT contents FROM toolsets WHERE key = ?", (toolset,)
        ).fetchone()
        return [self._value(key) for key in decode(row[0])]

    def _pool(self, trace: int) -> dict[int, int]:
        if trace not in self._pools:
            rows = self._connection.execute(
                "SELECT position, content FROM prompt_messages WHERE trace = ?", (trace,)
            )
            self._pools[trace] = dict(rows.fetchall())
        return self._pools[trace]

    def _value(self, key: int) -> JsonValue:
        if key not in self._values:
            self._values[key] = self._contents.json(key)
        return self._values[key]


def _select(layout: Layout) -> str:
    cells = [_cell(column) for column in layout.columns] + ["r.extra"]
    if layout.kind == "model_call":
        cells += ["r.trace", "r.prompt", "s.toolset"]
    return f"SELECT {', '.join(cells)} FROM {layout.rows}"


def _cell(column: Column) -> str:
    if column.form != "link":
        return column.source
    assert column.target is not None
    return (
        f"CASE typeof(r.{column.name}) WHEN 'integer' THEN (SELECT t.id FROM "
        f"{LAYOUTS[column.target].table} t WHERE t.key = r.{column.name}) ELSE r.{column.name} END"
    )


_SELECTS: Final = {kind: _select(layout) for kind, layout in LAYOUTS.items()}
