"""What a condition can look at, of steps in a database: rows first, bodies only where asked for.

Bodies are read some dozens at once: a thousand short questions take longer than a few long ones.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Final

from replay.records import CallVerdict, Interaction, ModelCall, ToolCall
from replay.stepping.conditions import Values
from replay.stepping.facts import (
    OF_ROWS,
    call_values,
    model_values,
    outside_values,
    verdict_values,
)
from tui.rows.database import Database
from tui.rows.steps import StepList, StepRow
from tui.rows.verdict_parts import verdict_texts

_AT_ONCE: Final = 64
_AT_ONCE_SIZE: Final = 1_000_000
"""Bytes of bodies; decoded they take ten times as much."""
_OF_VERDICTS: Final = frozenset(("cause", "today"))
_BODIES: Final = frozenset(("payload", "result", "response"))
_NOT_IN: Final = {
    "payload": _BODIES - {"payload"},
    "result": frozenset(("payload",)),  # it may be what the response says
    "response": _BODIES - {"response"},
}
"""By fact: what need not be read of a call for it."""


class FactReader:
    """Gives the facts of the steps of one trace, one after the other."""

    def __init__(self, database: Database, steps: StepList) -> None:
        """``steps``: of a trace of ``database``."""
        self.database = database
        self.steps = steps
        self._models = {row.key: row.name for row in steps.steps if row.kind == "model"}
        self._calls: dict[int, ToolCall] = {}
        self._big: dict[tuple[int, frozenset[str]], ToolCall] = {}
        """The big one that was read last, without what nobody asked for."""
        self._outside: dict[int, list[Interaction]] = {}
        self._verdicts: dict[int, CallVerdict] = {}

    def facts(self, index: int, world: Values | None = None) -> RowFacts:
        """Return the facts of the step at ``index``; ``world``: its state after it."""
        return RowFacts(self, index, world or [])

    def row_values(self, row: StepRow, name: str) -> Values:
        """Return what the row itself has under ``name``."""
        if name == "tool":
            return [row.name] if row.kind == "tool" else []
        if name == "verdict":
            verdict = self.steps.verdicts.get(row.key) if row.kind == "tool" else None
            return [] if verdict is None else [verdict.verdict]
        value: Any = {
            "step": row.number,
            "kind": row.kind,
            "version": row.version,
            "actor": row.actor if row.kind == "tool" else None,
            "outcome": row.outcome,
            "duration_ms": row.duration_ms,
        }[name]
        return [] if value is None else [value]

    def body_values(self, index: int, name: str) -> Values:
        """Return what only the body of a step has under ``name``."""
        row = self.steps.steps[index]
        if name == "model":
            model = row.name if row.kind == "model" else self._models.get(row.model_call or -1)
            return [] if model is None else [model]
        if row.kind == "model":
            return [] if name in _OF_VERDICTS else model_values(self._model_call(row), name)
        if name == "approved":
            verdict = self.steps.verdicts.get(row.key)
            return [] if verdict is None else [verdict.approved]
        if name in _OF_VERDICTS:
            return self._of_verdict(row, name)
        if name == "outside":
            return outside_values(self._asked(row))
        return call_values(self._call(index, row, name), name)

    def _call(self, index: int, row: StepRow, name: str) -> ToolCall:
        """Return a call with what is asked of it under ``name``; of a big one with no more."""
        if row.key not in self._calls:
            following = self.steps.steps[index : index + 2 * _AT_ONCE]
            keys = [one.key for one in following if one.kind == "tool"][:_AT_ONCE]
            self._calls = self._read(self._together(keys))
        if row.key in self._calls:
            return self._calls[row.key]
        left_out = _NOT_IN.get(name, _BODIES)
        if (row.key, left_out) not in self._big:
            self._big.clear()  # before more is read
            self._big[row.key, left_out] = self._read([row.key], left_out)[row.key]
        return self._big[row.key, left_out]

    def _together(self, keys: list[int]) -> list[int]:
        """Return as many of ``keys`` as may be in memory at once; none: the first is too big."""
        marks = ", ".join("?" * len(keys))
        with self.database.reading() as connection:
            sizes = dict(
                connection.execute(
                    "SELECT r.key, (SELECT coalesce(sum(c.size), 0) FROM contents c WHERE c.key IN "
                    "(r.arguments, r.payload, r.result, r.response)) FROM tool_call_rows r "
                    f"WHERE r.key IN ({marks})",
                    keys,
                )
            )
        sums = accumulate(sizes.get(key, 0) for key in keys)
        return [key for key, size in zip(keys, sums, strict=True) if size <= _AT_ONCE_SIZE]

    def _read(self, keys: list[int], left_out: frozenset[str] = frozenset()) -> dict[int, ToolCall]:
        if not keys:
            return {}
        with self.database.reading() as connection:
            marks = ", ".join("?" * len(keys))
            calls: list[ToolCall] = self.database.records.records(
                "tool_call", f"r.key IN ({marks})", keys, left_out=left_out
            )
            by_id = {call.id: call for call in calls}
            rows = connection.execute(
                f"SELECT key, id FROM tool_call_rows WHERE key IN ({marks})", keys
            )
            return {key: by_id[call_id] for key, call_id in rows}

    def _model_call(self, row: StepRow) -> ModelCall:
        with self.database.reading():
            calls: list[ModelCall] = self.database.records.records(
                "model_call", "r.key = ?", [row.key], left_out=frozenset(("messages", "tools"))
            )
        return calls[0]

    def _asked(self, row: StepRow) -> list[Interaction]:
        if row.key not in self._outside:
            with self.database.reading():
                found: list[Interaction] = self.database.records.records(
                    "interaction", "r.tool_call = ?", [row.key], "r.interaction_index"
                )
            self._outside = {row.key: found}
        return self._outside[row.key]

    def _of_verdict(self, row: StepRow, name: str) -> Values:
        said = self.steps.verdicts.get(row.key)
        if said is None or self.steps.run_key is None:
            return []
        if name != "today":
            texts = verdict_texts(self.database, self.steps.run_key, row.key)
            return [] if texts is None else verdict_values(texts, name)
        if row.key not in self._verdicts:
            self._verdicts = {}  # before more is read
            with self.database.reading():
                found: list[CallVerdict] = self.database.records.records(
                    "call_verdict",
                    "r.run = ? AND r.tool_call = ?",
                    [self.steps.run_key, row.key],
                )
            self._verdicts = {row.key: found[0]} if found else {}
        verdict = self._verdicts.get(row.key)
        return [] if verdict is None else verdict_values(verdict, name)


class RowFacts:
    """The facts of one step."""

    __slots__ = ("_index", "_reader", "_world")

    def __init__(self, reader: FactReader, index: int, world: Values) -> None:
        """Use `FactReader.facts`."""
        self._reader = reader
        self._index = index
        self._world = world

    def values_of(self, name: str) -> Values:
        """Return what ``name`` is here."""
        if name == "world":
            return self._world
        if name in OF_ROWS:
            return self._reader.row_values(self._reader.steps.steps[self._index], name)
        return self._reader.body_values(self._index, name)
