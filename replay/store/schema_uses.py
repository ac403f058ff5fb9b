"""Which schemas models were shown and which validated their calls: registered and counted.

A toolset is the definitions of one prompt. The first time one is met, each definition in it becomes
a tool schema; from then on only counts move, in memory until the transaction ends. So the registry
answers at once however many calls there are:

==================== =============================================================================
``tool_schema_rows`` the schemas, each once, with the traces and model calls that have it counted
``schema_traces``    which traces: shown it, or a call of theirs was validated by it
``schema_calls``     tool calls by (the definition the model saw, what validated them); 0: none
==================== =============================================================================
"""

from __future__ import annotations

import sqlite3
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from replay.records.base import JsonObject, JsonValue
from replay.records.definitions import schema_id, shown_definitions
from replay.store.contents import ContentReader
from replay.store.record_rows import UNREADABLE

_REMEMBERED_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class Toolset:
    """The schemas of a prompt's tools."""

    schemas: frozenset[int] = frozenset()
    """Their keys."""
    by_tool: dict[str, int] = field(default_factory=dict)
    """The first of each tool's."""


_EMPTY: Final = Toolset()


@dataclass(slots=True)
class _Uses:
    """What a schema was used for since the transaction began."""

    model_calls: int = 0
    first_us: int | None = None
    last_us: int | None = None
    traces: set[int] = field(default_factory=set)

    def see(self, moment: int, trace: int) -> None:
        self.first_us = moment if self.first_us is None else min(moment, self.first_us)
        self.last_us = moment if self.last_us is None else max(moment, self.last_us)
        self.traces.add(trace)


class SchemaUses:
    """Counts what records use; `finish` must end each transaction. Not thread-safe."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        key_of: Callable[[str], int | None],
        write: Callable[[JsonObject], None],
    ) -> None:
        """``key_of``: the key of the tool schema with an id; ``write``: store such a record."""
        self._connection = connection
        self._key_of = key_of
        self._write = write
        self._held: dict[int, JsonValue] = {}
        self._known: OrderedDict[int, tuple[tuple[str, int], ...]] = OrderedDict()
        self._toolsets: OrderedDict[int, Toolset] = OrderedDict()
        self._toolset_of_call: OrderedDict[int, int | None] = OrderedDict()
        self._traced: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._start()

    def _start(self) -> None:
        self._shown: dict[int, _Uses] = {}
        self._validated: dict[str, _Uses] = {}
        self._calls: Counter[tuple[int, str | None]] = Counter()
        self._held.clear()

    def forget(self) -> None:
        """Forget what was remembered of the database, and what was counted since."""
        for remembered in (self._known, self._toolsets, self._toolset_of_call, self._traced):
            remembered.clear()
        self._start()

    def hold(self, keys: Iterable[int], entries: Iterable[JsonValue]) -> None:
        """Remember a prompt's tools until they are registered: contents are not readable yet."""
        for key, entry in zip(keys, entries, strict=True):
            if key not in self._known:
                self._held[key] = entry

    # -- counting ---------------------------------------------------------------------------------

    def count_model_call(
        self, key: int, row: dict[str, Any], toolset: int | None, before: int | None, *, new: bool
    ) -> None:
        """Count a model call that was written; ``before``: the toolset that its row had."""
        self._remember(self._toolset_of_call, key, toolset)
        if not new and before == toolset:
            return
        if not new:
            self._show(before, row, -1)
            self._move_calls(row["trace"], key, before, toolset)
        self._show(toolset, row, 1)

    def count_tool_call(self, row: dict[str, Any], before: tuple[Any, ...] | None) -> None:
        """Count a tool call that was written; ``before``: (tool, model call, schema) it had."""
        validator = row["schema_hash"]
        shown = self._shown_to(row["tool"], row["model_call"])
        if before is not None:
            self._calls[self._shown_to(before[0], before[1]), before[2]] -= 1
        self._calls[shown, validator] += 1
        if validator is not None:
            self._validated.setdefault(validator, _Uses()).see(row["started_us"], row["trace"])

    def _show(self, toolset: int | None, row: dict[str, Any], count: int) -> None:
        uses = self._shown.setdefault(toolset, _Uses()) if toolset is not None else None
        if uses is not None:
            uses.model_calls += count
            if count > 0:
                uses.see(row["started_us"], row["trace"])

    def _move_calls(self, trace: int, key: int, old: int | None, new: int | None) -> None:
        """Count calls of a model output anew whose prompt turned out to have other tools."""
        rows = self._connection.execute(
            "SELECT tool, schema_hash FROM tool_call_rows WHERE trace = ? AND model_call = ?",
            (trace, key),
        ).fetchall()
        for tool, validator in rows:
            self._calls[self._schema_in(old, tool), validator] -= 1
            self._calls[self._schema_in(new, tool), validator] += 1

    def _shown_to(self, tool: str, model_call: int | str | None) -> int:
        """Return the schema of ``tool`` that the model saw; 0: none, or its call is not known."""
        if not isinstance(model_call, int):
            return 0
        if model_call not in self._toolset_of_call:
            row = self._connection.execute(
                "SELECT s.toolset FROM model_call_rows m "
                "LEFT JOIN model_settings s ON s.key = m.settings WHERE m.key = ?",
                (model_call,),
            ).fetchone()
            self._remember(self._toolset_of_call, model_call, row[0] if row else None)
        return self._schema_in(self._toolset_of_call[model_call], tool)

    def _schema_in(self, toolset: int | None, tool: str) -> int:
        return self.toolset(toolset).by_tool.get(tool, 0) if toolset is not None else 0

    # -- registering ------------------------------------------------------------------------------

    def toolset(self, key: int) -> Toolset:
        """Return the schemas of a toolset, which are registered where they are not yet."""
        known = self._toolsets.get(key)
        if known is None:
            row = self._connection.execute(
                "SELECT contents FROM toolsets WHERE key = ?", (key,)
            ).fetchone()
            known = self._registered(orjson.loads(row[0])) if row else _EMPTY
            self._remember(self._toolsets, key, known)
        return known

    def _registered(self, contents: list[int]) -> Toolset:
        found = [one for content in contents for one in self._schemas_of(content)]
        by_tool: dict[str, int] = {}
        for tool, schema in found:
            by_tool.setdefault(tool, schema)
        return Toolset(frozenset(schema for _, schema in found), by_tool)

    def _schemas_of(self, content: int) -> tuple[tuple[str, int], ...]:
        known = self._known.get(content)
        if known is None:
            known = self._known[content] = tuple(self._register(self._entry(content)))
        return known

    def _entry(self, content: int) -> JsonValue:
        if content in self._held:
            return self._held[content]
        try:
            return ContentReader(self._connection).json(content)
        except UNREADABLE:
            return None  # `db check` tells of it; what is recorded now must not wait for that

    def _register(self, entry: JsonValue) -> Iterable[tuple[str, int]]:
        for one in shown_definitions(entry):
            identity = schema_id(one.tool, None, one.dialect, one.definition)
            key = self._key_of(identity)
            if key is None:
                self._write(
                    {
                        "kind": "tool_schema",
                        "id": identity,
                        "tool": one.tool,
                        "dialect": one.dialect,
                        "definition": one.definition,
                    }
                )
                key = self._key_of(identity)
                assert key is not None
            yield one.tool, key

    # -- writing ----------------------------------------------------------------------------------

    def finish(self) -> None:
        """Write what was counted, before the commit."""
        for schema, uses in self._by_schema().items():
            self._add(schema, uses)
        self._connection.executemany(
            "INSERT INTO schema_calls VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET call_count = call_count + excluded.call_count",
            [
                (shown, validator, count)
                for (shown, validator), count in self._calls_by_key().items()
                if count and (shown or validator)
            ],
        )
        while len(self._known) > _REMEMBERED_MAX:
            self._known.popitem(last=False)
        self._start()

    def _by_schema(self) -> dict[int, _Uses]:
        """Return the uses of each schema: those of the toolsets it is in, and as a validator."""
        found: dict[int, _Uses] = {}
        parts = [
            (schema, uses)
            for toolset, uses in self._shown.items()
            for schema in self.toolset(toolset).schemas
        ]
        for identity, uses in self._validated.items():
            key = self._key_of(identity)
            parts += [] if key is None else [(key, uses)]
        for schema, uses in parts:
            total = found.setdefault(schema, _Uses())
            total.model_calls += uses.model_calls
            total.traces |= uses.traces
            if uses.first_us is not None and uses.last_us is not None:
                total.first_us = min(uses.first_us, total.first_us or uses.first_us)
                total.last_us = max(uses.last_us, total.last_us or uses.last_us)
        return found

    def _calls_by_key(self) -> Counter[tuple[int, int]]:
        found: Counter[tuple[int, int]] = Counter()
        for (shown, validator), count in self._calls.items():
            found[shown, (self._key_of(validator) if validator else None) or 0] += count
        return found

    def _add(self, schema: int, uses: _Uses) -> None:
        new = 0
        for trace in uses.traces:
            if (schema, trace) not in self._traced:
                self._remember(self._traced, (schema, trace), None)
                new += self._connection.execute(
                    "INSERT OR IGNORE INTO schema_traces VALUES (?, ?)", (schema, trace)
                ).rowcount
        self._connection.execute(
            "UPDATE tool_schema_rows SET trace_count = trace_count + ?, "
            "model_call_count = model_call_count + ?, "
            "first_seen_us = min(coalesce(first_seen_us, ?), coalesce(?, first_seen_us)), "
            "last_seen_us = max(coalesce(last_seen_us, ?), coalesce(?, last_seen_us)) "
            "WHERE key = ?",
            (new, uses.model_calls, *[uses.first_us] * 2, *[uses.last_us] * 2, schema),
        )

    def _remember(self, known: OrderedDict[Any, Any], name: object, value: object) -> None:
        known[name] = value
        if len(known) > _REMEMBERED_MAX:
            known.popitem(last=False)
