"""What a condition can look at, of steps in a database: rows first, bodies only where asked for.

Bodies are read some dozens at once: a thousand short questions take longer than a few long ones.
"""

from __future__ import annotations

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

_AT_ONCE: Final = 64
_OF_VERDICTS: Final = frozenset(("cause", "today"))


class FactReader:
    """Gives the facts of the steps of one trace, one after the other."""

    def __init__(self, database: Database, steps: StepList) -> None:
        """``steps``: of a trace of ``database``."""
        self.database = database
        self.steps = steps
        self._models = {row.key: row.name for row in steps.steps if row.kind == "model"}
        self._calls: dict[int, ToolCall] = {}
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
        return call_values(self._call(index, row), name)

    def _call(self, index: int, row: StepRow) -> ToolCall:
        found = self._calls.get(row.key)
        if found is None:
            following = self.steps.steps[index : index + 2 * _AT_ONCE]
            wanted = [one for one in following if one.kind == "tool"][:_AT_ONCE]
            marks = ", ".join("?" * len(wanted))
            with self.database.reading():
                calls: list[ToolCall] = self.database.records.records(
                    "tool_call", f"r.key IN ({marks})", [one.key for one in wanted]
                )
            by_id = {call.id: call for call in calls}
            self._calls = {one.key: by_id[one.id] for one in wanted}
            found = self._calls[row.key]
        return found

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
        if row.key not in self._verdicts:
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
