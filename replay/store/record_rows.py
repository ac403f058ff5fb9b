"""Rows back into records."""

from __future__ import annotations

import reprlib
import sqlite3
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import zstandard
from pydantic import ValidationError

from replay.errors import StoreError
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
    Pin,
    Record,
    ReplayRun,
    ToolCall,
    ToolSchema,
    Trace,
)
from replay.store.contents import ContentReader
from replay.store.database import format_of
from replay.store.json_text import decode
from replay.store.layout import LAYOUTS, Column, Layout, identity_fields
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
    "pin": Pin,
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

        Fields that are ``left_out`` are not read, and have their defaults; ``extra`` are those
        without a column. A file of a format that has no such kind yet has none.
        """
        layout = LAYOUTS[kind]
        if layout.since > 1 and format_of(self._connection) < layout.since:
            return []
        prompts = _Prompts(self._connection, self._contents)
        query = f"{_SELECTS[kind]} WHERE {condition}{' ORDER BY ' + order if order else ''}"
        return [
            self._record(layout, row, prompts, left_out)
            for row in self._connection.execute(query, values).fetchall()
        ]

    def toolsets(self) -> list[list[JsonValue]]:
        """Return the tool definitions that were shown together, each set once, oldest first."""
        prompts = _Prompts(self._connection, self._contents)
        keys = self._connection.execute("SELECT key FROM toolsets ORDER BY key").fetchall()
        return [prompts.tools(key) for (key,) in keys]

    def unreadable(self, kind: str, first: int, last: int) -> Iterator[StoreError]:
        """Read the records of ``kind`` with these keys; give the error of each that cannot be.

        Of model calls all but the messages and tools, which are contents whatever their size.
        """
        layout = LAYOUTS[kind]
        prompts = _Prompts(self._connection, self._contents)
        condition = "r.key BETWEEN ? AND ?" + (" AND r.seen" if kind == "trace" else "")
        query = f"{_SELECTS[kind]} WHERE {condition}"
        for row in self._connection.execute(query, (first, last)).fetchall():
            try:
                self._record(layout, row, prompts, _PROMPT)
            except StoreError as error:
                yield error

    def _record(
        self,
        layout: Layout,
        row: tuple[Any, ...],
        prompts: _Prompts,
        left_out: AbstractSet[str],
    ) -> Any:
        """Return one record.

        Raises:
            StoreError: its row was changed to what no record can hold.
        """
        fields: JsonObject = {}
        try:
            self._read_fields(layout, row, left_out, fields)
            if layout.kind == "model_call" and "messages" not in left_out:
                trace, prompt, toolset = row[-3:]
                fields["messages"] = prompts.messages(trace, prompt)
                fields["tools"] = prompts.tools(toolset)
            return RECORD_CLASSES[layout.kind].model_validate(fields)
        except _UnreadableCellError as error:
            raise _damaged(layout, fields, str(error)) from error
        except ValidationError as error:
            raise _damaged(layout, fields, _refusal(error)) from error
        except UNREADABLE as error:
            raise _damaged(layout, fields, f"{_said(error)}.") from error

    def asked(self, trace_id: str, text: str | None) -> str | None:
        """Return the first words of a trace's user as this reader gives texts."""
        del trace_id
        return text

    def shows_text(self, key: int, arguments: Any, response: Any, wanted: str) -> bool:
        """Say whether a text stands in the arguments or the response of the call in row ``key``.

        ``arguments``, ``response``: as the row has them.
        """
        del key
        return any(self._contents.holds_text(one, wanted) for one in (arguments, response))

    def shows_asked(self, trace_id: str, text: str | None, wanted: str) -> bool:
        """Say whether a text stands in the first words of a trace's user, in any case."""
        del trace_id
        return text is not None and wanted.casefold() in text.casefold()

    def answer_sql(self) -> None:
        """Let SQL of this connection ask `shows_text` and `shows_asked`."""
        self._connection.create_function("shows_text", 4, self.shows_text)
        self._connection.create_function("shows_asked", 3, self.shows_asked)

    def model_call_names(self, trace: int, trace_id: str) -> list[ModelCall]:
        """Return a trace's model calls with nothing but their ids, models, places and times."""
        rows = self._connection.execute(
            "SELECT r.id, r.step_number, s.api, s.model, s.response_model, r.started_us "
            "FROM model_call_rows r "
            "LEFT JOIN model_settings s ON s.key = r.settings WHERE r.trace = ?",
            (trace,),
        )
        names = ("id", "step_number", "api", "model", "response_model")
        calls = []
        for row in rows:
            fields = {**dict(zip(names, row, strict=False)), "trace_id": trace_id}
            try:
                fields["started_at"] = iso_text(row[-1])
                calls.append(ModelCall.model_validate(fields))
            except ValidationError as error:
                raise _damaged(LAYOUTS["model_call"], fields, _refusal(error)) from error
            except UNREADABLE as error:
                raise _damaged(LAYOUTS["model_call"], fields, f"{_said(error)}.") from error
        return calls

    def toolset_keys(self, trace: int) -> dict[str, int | None]:
        """Return, by a trace's model calls' ids, the key of the tools it was shown; None: none."""
        rows = self._connection.execute(
            "SELECT r.id, s.toolset FROM model_call_rows r "
            "LEFT JOIN model_settings s ON s.key = r.settings WHERE r.trace = ?",
            (trace,),
        )
        return dict(rows.fetchall())

    def messages(self, trace: int, positions: Sequence[int]) -> list[JsonValue]:
        """Return the messages at these places of a trace's pool."""
        return _Prompts(self._connection, self._contents).at(trace, positions)

    def toolset(self, key: int) -> list[JsonValue]:
        """Return the tool definitions of one set, in order."""
        return _Prompts(self._connection, self._contents).tools(key)

    def _read_fields(
        self,
        layout: Layout,
        row: tuple[Any, ...],
        left_out: AbstractSet[str],
        fields: JsonObject,
    ) -> None:
        for column, cell in zip(layout.columns, row, strict=False):
            if column.field in left_out:
                continue
            if cell is not None:
                try:
                    fields[column.field] = self._value(layout, column, cell, fields)
                except UNREADABLE as error:
                    raise _UnreadableCellError(column.field, cell, error) from error
            elif column.default is not None:
                fields[column.field] = column.default
        if layout.kind == "tool_call":
            _resolve_result(fields)
        extra = row[len(layout.columns)]
        if extra is not None and "extra" not in left_out:
            try:
                fields.update(self._contents.json(extra))
            except UNREADABLE as error:
                raise _UnreadableCellError("extra", extra, error) from error

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


UNREADABLE: Final = (
    StoreError,
    zstandard.ZstdError,
    ValueError,
    LookupError,
    TypeError,
    OverflowError,
)
"""What reading raises where a value is not what was written."""

_PROMPT: Final = frozenset(("messages", "tools"))


class _UnreadableCellError(Exception):
    """A cell that is not what its column holds."""

    def __init__(self, field: str, cell: Any, error: Exception) -> None:
        is_content = isinstance(cell, int) and not isinstance(error, OverflowError)
        what = f"content {cell}" if is_content else _SHORT.repr(cell)
        super().__init__(f"its {field} is {what}: {_said(error)}.")


_SHORT: Final = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def _said(error: Exception) -> str:
    """Return the first line of what an error says, without the stop."""
    text = error.wanted if isinstance(error, StoreError) else str(error)
    return (text.splitlines() or [type(error).__name__])[0].rstrip(".")


def _refusal(error: ValidationError) -> str:
    """Return which field of a record its model refuses, with the value and why."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"it has no {place}."
    return f"its {place} is {_SHORT.repr(first['input'])}: {first['msg']}."


def _damaged(layout: Layout, fields: JsonObject, why: str) -> StoreError:
    names = [fields.get(name) for name in identity_fields(layout.kind)]
    told = " of ".join(repr(name) for name in reversed(names) if name is not None)
    kind = layout.kind.replace("_", " ")
    return StoreError(
        f"The {kind} {told or 'without a name'} cannot be read: {why}",
        hint="The file was changed outside replay: mend the value, or take a copy of the file from "
        "before. `replay db check` lists everything that is wrong.",
    )


class _AsResponse:
    """A result that the response says: its text (0) or its parsed JSON (-1)."""

    def __init__(self, mark: int) -> None:
        self.mark = mark


def _resolve_result(fields: JsonObject) -> None:
    result = fields.get("result")
    if isinstance(result, _AsResponse):
        response = fields.get("response")
        try:
            fields["result"] = response if result.mark == 0 else decode(response)  # type: ignore[arg-type]  # None is told below
        except UNREADABLE as error:
            raise _UnreadableCellError("response", response, error) from error


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

    def at(self, trace: int, positions: Sequence[int]) -> list[JsonValue]:
        if not positions:
            return []
        rows = self._connection.execute(
            "SELECT position, content FROM prompt_messages WHERE trace = ? "
            "AND position BETWEEN ? AND ?",
            (trace, min(positions), max(positions)),
        )
        pool = dict(rows.fetchall())
        return [self._value(pool[position]) for position in positions]

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
