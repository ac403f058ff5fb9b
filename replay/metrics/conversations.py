"""Traces read step by step, as far as metrics look into them: times, arguments, what was told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from replay.metrics.scope import Scope
from replay.metrics.shown import ShownSchemas
from replay.metrics.told import LONG_CHARS_MIN, Part, part_of
from replay.store.contents import ContentReader
from replay.store.selecting import IS_KNOWN

OWN_TYPES: Final = ("function_call", "custom_tool_call", "reasoning")
"""Items of a prompt that the model itself made."""
_PAGES_SIZE_MAX: Final = 4_000_000
"""Bytes of opened pages that are kept: a trace's messages lie together, and are read once."""
_TOOLSETS_MAX: Final = 256
_HELD_CHARS_MAX: Final = 2_000_000
"""Texts of messages that are kept from one trace to the next: most prompts begin alike."""


@dataclass(slots=True)
class AskedCall:
    """One tool call of a trace."""

    key: int
    step_number: int
    tool: str
    outcome: str
    actor: str
    tool_version: str | None
    model_call: int | None
    started_us: int
    duration_ms: float | None
    has_positional: bool
    """Some of its arguments have no name: a schema of named ones says nothing of it."""
    _arguments: str | int
    _response: str | int | None


@dataclass(slots=True)
class AskingCall:
    """One model call of a trace."""

    key: int
    step_number: int
    model: str | None
    started_us: int
    duration_ms: float | None
    toolset: int | None
    spans: list[list[int]] = field(default_factory=list)


@dataclass(slots=True)
class Conversation:
    """One trace."""

    key: int
    id: str
    outcome: str | None
    model_calls: list[AskingCall]
    tool_calls: list[AskedCall]


class Conversations:
    """Reads traces of one connection; what they share (prompts, definitions) is read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """``connection`` is only read."""
        self._connection = connection
        self._contents = ContentReader(connection, pages_size_max=_PAGES_SIZE_MAX)
        self._shown = ShownSchemas(connection, self._contents)
        self._parts: dict[int, Part | None] = {}
        self._held_chars = 0
        self._definitions: dict[int, list[Part]] = {}
        self._pool: tuple[int, dict[int, int]] = (0, {})

    def of(self, scope: Scope, traces_max: int) -> Iterator[Conversation]:
        """Give the newest ``traces_max`` traces that started in the window of ``scope``."""
        in_window, moments = scope.moments("r.started_us")
        in_traces, values = scope.traces("r.key")
        rows = self._connection.execute(
            f"SELECT r.key, r.id, r.outcome FROM trace_rows r WHERE {in_window} AND {in_traces} "
            f"AND {IS_KNOWN} "
            f"ORDER BY r.started_us DESC, r.id DESC LIMIT {int(traces_max)}",
            [*moments, *values],
        ).fetchall()
        for key, trace_id, outcome in rows:
            yield Conversation(
                key, trace_id, outcome, self._model_calls(key), self._tool_calls(key)
            )

    def count(self, scope: Scope) -> int:
        """Return how many traces there are in the scope."""
        in_window, moments = scope.moments("r.started_us")
        in_traces, values = scope.traces("r.key")
        row = self._connection.execute(
            f"SELECT count(*) FROM trace_rows r WHERE {in_window} AND {in_traces} AND {IS_KNOWN}",
            [*moments, *values],
        ).fetchone()
        return int(row[0])

    def _model_calls(self, trace: int) -> list[AskingCall]:
        rows = self._connection.execute(
            "SELECT m.key, m.step_number, coalesce(s.response_model, s.model), m.started_us, "
            "m.duration_ms, s.toolset, m.prompt FROM model_call_rows m "
            "LEFT JOIN model_settings s ON s.key = m.settings WHERE m.trace = ? "
            "ORDER BY m.step_number",
            (trace,),
        )
        return [
            AskingCall(key, step, model, started, lasted, toolset, orjson.loads(spans or "[]"))
            for key, step, model, started, lasted, toolset, spans in rows
        ]

    def _tool_calls(self, trace: int) -> list[AskedCall]:
        rows = self._connection.execute(
            "SELECT key, step_number, tool, coalesce(outcome, 'unfinished'), "
            "coalesce(actor, 'assistant'), tool_version, "
            "CASE typeof(model_call) WHEN 'integer' THEN model_call END, started_us, duration_ms, "
            "positional IS NOT NULL, arguments, response FROM tool_call_rows "
            "WHERE trace = ? ORDER BY step_number",
            (trace,),
        )
        return [AskedCall(*row) for row in rows]

    def arguments(self, call: AskedCall) -> Any:
        """Return the arguments as the model wrote them, parsed; None: they are no JSON object."""
        try:
            found = orjson.loads(self._contents.text(call._arguments) or "")
        except orjson.JSONDecodeError:
            return None
        return found if isinstance(found, dict) else None

    def has_long_arguments(self, call: AskedCall) -> bool:
        """Return whether the arguments are longer than any that a model writes."""
        return len(self._contents.text(call._arguments) or "") > LONG_CHARS_MIN

    def schemas(self, toolset: int) -> dict[str, Any]:
        """Return the JSON Schema of each tool of a toolset, as `ShownSchemas.parameters`."""
        return self._shown.parameters(toolset)

    def response(self, call: AskedCall) -> Part | None:
        """Return what the model was told of a call; None: nothing."""
        text = self._contents.text(call._response)
        return None if not text else part_of(text)

    def told(self, trace: int, call: AskingCall) -> list[Part]:
        """Return what the prompt of a model call told the model: not what it had said itself."""
        pool = self._pool_of(trace)
        parts = [
            self._part(pool[position])
            for start, end in call.spans
            for position in range(start, end + 1)
            if position in pool
        ]
        definitions = [] if call.toolset is None else self._definitions_of(call.toolset)
        return [part for part in [*parts, *definitions] if part is not None]

    def _pool_of(self, trace: int) -> dict[int, int]:
        if self._pool[0] != trace:
            if self._held_chars > _HELD_CHARS_MAX:
                self._parts.clear()
                self._held_chars = 0
            rows = self._connection.execute(
                "SELECT position, content FROM prompt_messages WHERE trace = ?", (trace,)
            )
            self._pool = trace, dict(rows.fetchall())
        return self._pool[1]

    def _part(self, content: int) -> Part | None:
        """Return a message's part; one and the same as long as its trace is read."""
        if content not in self._parts:
            part = self._parts[content] = self._read_part(content)
            self._held_chars += 0 if part is None else len(part.folded)
        return self._parts[content]

    def _read_part(self, content: int) -> Part | None:
        message = self._contents.json(content)
        if not isinstance(message, dict):
            return part_of(message)
        if message.get("role") == "assistant" or message.get("type") in OWN_TYPES:
            return None
        return part_of(message)

    def _definitions_of(self, toolset: int) -> list[Part]:
        known = self._definitions.get(toolset)
        if known is None:
            if len(self._definitions) >= _TOOLSETS_MAX:
                self._definitions.clear()
            known = [part_of(entry) for entry in self._shown.entries(toolset)]
            self._definitions[toolset] = known
        return known
