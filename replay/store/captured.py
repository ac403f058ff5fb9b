"""Captured arguments, call by call, as evidence reads them: few fields, any number of calls.

A page of calls is read at a time, in the order in which they were stored, so that millions of them
need no more memory than a thousand. What two calls have in common is one content in the database:
their ``identity`` is equal without a look at the text.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from replay.records import JsonObject, JsonValue, Selection
from replay.store.contents import ContentReader
from replay.store.json_text import decode
from replay.store.selecting import call_conditions, selected_traces, trace_conditions

PAGE_CALLS: Final = 2_000

PayloadKind: TypeAlias = Literal["none", "arguments", "own"]
"""Whether a payload was recorded: not at all, the arguments as the model wrote them, another."""


_Settings: TypeAlias = tuple[str | None, dict[str, str], int | None]
"""Of some model calls: the model, by tool the dialect that it was shown, the tools together."""


@dataclass(slots=True)
class CapturedCall:
    """What one recorded call gave its tool, and how it ended. Not to be changed."""

    trace_id: str
    step_number: int
    tool: str
    tool_version: str | None
    schema_hash: str | None
    actor: str
    model: str | None
    """The model that answered, else the one that was asked; None: the recording does not say."""
    dialect: str | None
    """The dialect that the model was shown the tool in; None: the recording does not say."""
    toolset: int | None
    """Which tools the model was shown (`Store.toolset`); None: the recording does not say."""
    arguments: str
    """The model's raw text."""
    positional: list[JsonValue] | None
    outcome: str
    stage: str | None
    """Where a call failed that did not end well; None: the recording does not say."""
    payload_kind: PayloadKind
    payload: JsonValue
    """The recorded payload where its kind is ``own``."""
    identity: tuple[Any, ...]
    """Equal for calls that gave one tool the same, to the same end."""


class CapturedReader:
    """Reads the captured calls of a selection from one connection, page by page."""

    def __init__(
        self, connection: sqlite3.Connection, contents: ContentReader, selection: Selection
    ) -> None:
        """``contents`` reads from the same connection."""
        self.connection = connection
        self._contents = contents
        self._settings: dict[int, _Settings] = {}
        self._condition, self._values, self._order = _conditions(connection, selection)

    def count(self) -> int:
        """Return how many calls are selected."""
        query = f"SELECT count(*) FROM tool_call_rows c WHERE {self._condition}"
        return int(self.connection.execute(query, self._values).fetchone()[0])

    def page(self, after: int, size: int = PAGE_CALLS) -> tuple[list[CapturedCall], int]:
        """Return the calls that follow key ``after`` (0: the first), and the key to go on with."""
        rows = self.connection.execute(
            f"{_QUERY} WHERE {self._condition} AND c.key > ? "
            f"ORDER BY {self._order}c.key LIMIT {int(size)}",
            [*self._values, after],
        ).fetchall()
        return [self._call(row) for row in rows], rows[-1][0] if rows else after

    def _call(self, row: tuple[Any, ...]) -> CapturedCall:
        (_, trace_id, step, tool, version, schema_hash, actor, arguments, positional) = row[:9]
        payload, outcome, error, settings = row[9:13]
        model, dialects, toolset = _NOBODY if settings is None else self._shown(settings)
        stage = None if error is None else (self._contents.json(error) or {}).get("stage")
        text = arguments if type(arguments) is str else self._contents.piece_text(*row[13:16])
        kind: PayloadKind = "none"
        value = None
        if payload == 0:
            kind = "arguments"
        elif payload is not None:
            kind = "own"
            is_text = type(payload) is str
            value = decode(payload) if is_text else self._contents.piece_json(*row[16:])
        return CapturedCall(
            trace_id,
            step,
            tool,
            version,
            schema_hash,
            actor or "assistant",
            model,
            dialects.get(tool),
            toolset,
            text,
            None if positional is None else self._contents.json(positional),
            outcome or "unfinished",
            stage,
            kind,
            value,
            # What was shown tells the version of a call that has none.
            (
                *(tool, actor, version if version is not None else (toolset,), schema_hash),
                *(arguments, positional, payload, outcome, stage),
            ),
        )

    def _shown(self, settings: int) -> _Settings:
        """Return the model of some model calls, and what it was shown."""
        known = self._settings.get(settings)
        if known is None:
            row = self.connection.execute(
                "SELECT s.response_model, s.model, t.contents, t.key FROM model_settings s "
                "LEFT JOIN toolsets t ON t.key = s.toolset WHERE s.key = ?",
                (settings,),
            ).fetchone()
            answered, asked, tools, toolset = row or (None, None, None, None)
            definitions = [] if tools is None else decode(tools)
            dialects = dict(_dialect(self._contents.json(key)) for key in definitions)
            known = self._settings[settings] = (answered or asked, dialects, toolset)
        return known


_QUERY: Final = (
    "SELECT c.key, r.id, c.step_number, c.tool, c.tool_version, c.schema_hash, c.actor, "
    "c.arguments, c.positional, c.payload, c.outcome, c.error, m.settings, "
    "a.page, a.start, a.size, p.page, p.start, p.size, p.form "
    "FROM tool_call_rows c JOIN trace_rows r ON r.key = c.trace "
    "LEFT JOIN model_call_rows m ON m.key = c.model_call "
    # Short texts stand in the row itself; the key of a content is an integer.
    "LEFT JOIN contents a ON a.key = c.arguments AND typeof(c.arguments) = 'integer' "
    "LEFT JOIN contents p ON p.key = c.payload AND typeof(c.payload) = 'integer'"
)

_NOBODY: Final[_Settings] = (None, {}, None)


def _conditions(
    connection: sqlite3.Connection, selection: Selection
) -> tuple[str, list[Any], Literal["", "+"]]:
    """Return the condition on a row ``c``, its values, and what its order starts with."""
    on_call = call_conditions(connection, selection)
    if selection.limit is not None:
        found = selected_traces(connection, selection)
        keys = connection.execute(
            f"SELECT r.key FROM trace_rows r WHERE {found.sql} "
            f"ORDER BY {found.newest_first} LIMIT {int(selection.limit)}",
            found.values,
        ).fetchall()
        listed = "[" + ",".join(str(key) for (key,) in keys) + "]"
        on_call.add("c.trace IN (SELECT value FROM json_each(?))", listed)
    else:
        on_trace = trace_conditions(connection, selection)
        if on_trace.texts:
            on_call.add(
                f"EXISTS (SELECT 1 FROM trace_rows r WHERE r.key = c.trace AND {on_trace.sql})",
                *on_trace.values,
            )
    return on_call.sql, on_call.values, "+" if on_call.is_rare else ""


def _dialect(definition: JsonValue) -> tuple[str, str]:
    """Return the name of a tool as a model was shown it, and the dialect of that."""
    if not isinstance(definition, dict):
        return "", ""
    function = definition.get("function")
    if isinstance(function, dict):
        return str(function.get("name")), _strictness("openai", function)
    name = str(definition.get("name"))
    if "input_schema" in definition:
        return name, "anthropic"
    if "inputSchema" in definition:
        return name, "mcp"
    return name, _strictness("openai-responses", definition)


def _strictness(dialect: str, definition: JsonObject) -> str:
    return f"{dialect}-strict" if definition.get("strict") is True else dialect
