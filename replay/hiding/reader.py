"""Reads records as they are shown, where the store's own reader reads them as they are."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from replay.hiding.places import HiddenPlaces
from replay.hiding.records import (
    marked_verdict,
    shown_call,
    shown_feedback,
    shown_messages,
    shown_model_call,
    shown_other,
    shown_run,
    shown_verdict,
)
from replay.hiding.values import HiddenValues
from replay.records import CallVerdict, Finding, JsonValue, ToolCall
from replay.store.contents import ContentReader
from replay.store.record_rows import RecordReader
from replay.verdicts.paths import PathPart, split

_TRACES_MAX: Final = 64
_NOT_OF_PLACES: Final = frozenset(("stages", "attributes", "draws"))
_BODIES: Final = frozenset(("messages", "tools"))
_AT_ONCE: Final = 256


@dataclass(slots=True)
class _OfTrace:
    """What is known of one trace: the values at its hidden places, as far as it was read."""

    values: HiddenValues = field(default_factory=HiddenValues)
    answers: dict[str, str] = field(default_factory=dict)
    version: tuple[Any, ...] = ()
    last_key: int = 0
    unfinished: list[int] = field(default_factory=list)


class HidingReader(RecordReader):
    """Gives each record with the sign in the place of what is hidden in it."""

    def __init__(
        self, connection: sqlite3.Connection, contents: ContentReader, places: HiddenPlaces
    ) -> None:
        """``contents`` reads from the same connection."""
        super().__init__(connection, contents)
        self.places = places
        self._traces: OrderedDict[str, _OfTrace] = OrderedDict()
        self._of_runs: OrderedDict[tuple[str, str], tuple[int, HiddenValues]] = OrderedDict()
        """By trace and run, with how many verdicts there were."""

    def records(
        self,
        kind: str,
        condition: str,
        values: Sequence[Any],
        order: str = "",
        *,
        left_out: AbstractSet[str] = frozenset(),
    ) -> list[Any]:
        """Return records as `RecordReader.records`, as they are shown."""
        found = super().records(kind, condition, values, order, left_out=left_out)
        memo: dict[int, Any] = {}
        return [self._shown(record, memo) for record in found]

    def messages(self, trace: int, positions: Sequence[int]) -> list[JsonValue]:
        """Return messages as `RecordReader.messages`, as they are shown."""
        found = super().messages(trace, positions)
        row = self._connection.execute(
            "SELECT id FROM trace_rows WHERE key = ?", (trace,)
        ).fetchone()
        known = self._of_trace(row[0] if row else "")
        return shown_messages(self.places, found, known.values, known.answers, {})

    def asked(self, trace_id: str, text: str | None) -> str | None:
        """Return the first words of a trace's user as they are shown; they may be cut."""
        return text and self.values_of(trace_id).text(text, is_cut=True)

    def shown(self, record: Any) -> Any:
        """Return a record that was not read from here as it is shown."""
        return self._shown(record, {})

    def given(self, tool: str, path: str, value: Any, trace_id: str | None = None) -> Any:
        """Return the argument at ``path`` of a call of ``tool`` as it is shown.

        ``trace_id``: the trace that it is of, whose hidden values it may hold.
        """
        values = HiddenValues() if trace_id is None else self.values_of(trace_id)
        parts = _parts(path)
        return values.value(self.places.at(tool, "arguments", parts, value, HiddenValues()))

    def answered(self, tool: str, path: str, value: Any, call_id: str) -> Any:
        """Return what stands at ``path`` of a response of ``tool`` as it is shown."""
        row = self._connection.execute(
            "SELECT t.id FROM tool_call_rows c JOIN trace_rows t ON t.key = c.trace WHERE c.id = ?",
            (call_id,),
        ).fetchone()
        values = HiddenValues() if row is None else self.values_of(row[0])
        parts = _parts(path)
        return values.value(self.places.at(tool, "response", parts, value, HiddenValues()))

    def judged(
        self, verdicts: Sequence[CallVerdict], findings: Sequence[Finding]
    ) -> tuple[list[CallVerdict], list[Finding]]:
        """Return verdicts and their findings that are stored nowhere as they are shown."""
        known: dict[str, HiddenValues] = {}
        of_places: dict[str, HiddenValues] = {}
        for verdict in verdicts:
            known.setdefault(verdict.trace_id, self.values_of(verdict.trace_id).add(()))
            own = of_places[verdict.tool_call_id] = HiddenValues()
            marked_verdict(self.places, verdict, own, self._recorded)
            known[verdict.trace_id].take(own)
        shown = [
            shown_verdict(self.places, one, known[one.trace_id], self._recorded) for one in verdicts
        ]
        titled = []
        for finding in findings:
            values = known.get(finding.example_trace_id, HiddenValues())
            own = of_places.get(finding.example_tool_call_id, HiddenValues())
            title = own.said(values.text(finding.title))
            titled.append(finding.model_copy(update={"title": title}))
        return shown, titled

    def values_of(self, trace_id: str, run_id: str | None = None) -> HiddenValues:
        """Return the hidden values of a trace; with a run, those that today's tools gave, too."""
        recorded = self._of_trace(trace_id).values
        return recorded if run_id is None else recorded.add([self._today(trace_id, run_id)])

    def _shown(self, record: Any, memo: dict[int, Any]) -> Any:
        kind = record.kind
        if kind == "tool_call":
            return shown_call(self.places, record, self.values_of(record.trace_id))
        if kind == "model_call":
            known = self._of_trace(record.trace_id)
            return shown_model_call(self.places, record, known.values, known.answers, memo)
        if kind == "call_verdict":
            values = self.values_of(record.trace_id, record.run_id)
            return shown_verdict(self.places, record, values, self._recorded)
        if kind == "finding":
            values = self.values_of(record.example_trace_id, record.run_id)
            return self._titled(record, record.run_id, record.example_tool_call_id, values)
        if kind == "replay_run":
            if record.branch is None:
                return record
            values = self.values_of(record.branch.trace_id).add(())
            return shown_run(self.places, record, values, self._recorded)
        if kind == "approval":
            return self._approval(record)
        if kind == "feedback":
            return shown_feedback(self.places, record, self.values_of(record.trace_id))
        trace_id = self._trace_of(record)
        return record if trace_id is None else self._other(record, trace_id)

    def _other(self, record: Any, trace_id: str) -> Any:
        return shown_other(self.places, record, self.values_of(trace_id))

    def _trace_of(self, record: Any) -> str | None:
        """Return the trace that a record belongs to; None: to none."""
        if record.kind == "trace":
            return str(record.id)
        if record.kind == "pin":
            return str(record.trace_id)
        call_id = {"interaction": "tool_call_id", "attempt": "call_id"}.get(record.kind)
        if call_id is None:
            return None
        named = getattr(record, call_id)
        row = self._connection.execute(
            "SELECT t.id FROM trace_rows t WHERE t.key IN "
            "(SELECT trace FROM tool_call_rows WHERE id = ? "
            "UNION ALL SELECT trace FROM model_call_rows WHERE id = ?)",
            (named, named),
        ).fetchone()
        return None if row is None else str(row[0])

    # -- titles -----------------------------------------------------------------------------------

    def _titled(self, record: Any, run_id: str, call_id: str, values: HiddenValues) -> Any:
        """Return a finding or an approval with what its title says of hidden places hidden."""
        example: list[CallVerdict] = super().records(
            "call_verdict",
            "r.run = (SELECT key FROM replay_run_rows WHERE id = ?) AND r.tool_call = "
            "(SELECT key FROM tool_call_rows WHERE id = ?)",
            [run_id, call_id],
        )
        of_place = HiddenValues()
        for one in example:
            marked_verdict(self.places, one, of_place, self._recorded)
        title = values.add([of_place]).text(record.title)
        return record.model_copy(update={"title": of_place.said(title)})

    def _approval(self, record: Any) -> Any:
        """An approval is about findings of its signature: the newest says what it is about."""
        row = self._connection.execute(
            "SELECT u.id, c.id, t.id FROM call_verdict_rows v "
            "JOIN replay_run_rows u ON u.key = v.run JOIN trace_rows t ON t.key = v.trace "
            "JOIN tool_call_rows c ON c.key = v.tool_call WHERE v.signature = ? "
            "ORDER BY u.started_us DESC LIMIT 1",
            (record.signature,),
        ).fetchone()
        if row is None:
            return record
        run_id, call_id, trace_id = row
        return self._titled(record, run_id, call_id, self.values_of(trace_id, run_id))

    # -- values of traces -------------------------------------------------------------------------

    def _of_trace(self, trace_id: str) -> _OfTrace:
        row = self._connection.execute(
            "SELECT key FROM trace_rows WHERE id = ?", (trace_id,)
        ).fetchone()
        if row is None:
            return _OfTrace()
        known = self._traces.pop(trace_id, None) or _OfTrace()
        self._traces[trace_id] = known
        if len(self._traces) > _TRACES_MAX:
            self._traces.popitem(last=False)
        version = self._connection.execute(
            "SELECT (SELECT ended_us FROM trace_rows WHERE key = ?), count(*), count(outcome), "
            "max(key) FROM tool_call_rows WHERE trace = ?",
            (row[0], row[0]),
        ).fetchone()
        if version != known.version:
            self._learn(row[0], known)
            known.version = version
        return known

    def _learn(self, key: int, known: _OfTrace) -> None:
        """Read what came to a trace since it was read last."""
        rows = self._connection.execute(
            "SELECT key, tool, provider_call_id, outcome FROM tool_call_rows "
            "WHERE trace = ? AND (key > ? OR key IN (SELECT value FROM json_each(?)))",
            (key, known.last_key, str(known.unfinished)),
        ).fetchall()
        wanted = [row for row in rows if self.places.are_of_tool(row[1])]
        known.answers.update({row[2]: row[1] for row in wanted if row[2]})
        for start in range(0, len(wanted), _AT_ONCE):
            keys = [row[0] for row in wanted[start : start + _AT_ONCE]]
            calls: list[ToolCall] = super().records(
                "tool_call",
                f"r.key IN ({', '.join('?' * len(keys))})",
                keys,
                left_out=_NOT_OF_PLACES,
            )
            for call in calls:
                self.places.call(call.__dict__, known.values)
        known.last_key = max([known.last_key, *(row[0] for row in rows)])
        known.unfinished = [row[0] for row in rows if row[3] in (None, "unfinished")]
        self._learn_records(key, known.values)

    def _learn_records(self, key: int, values: HiddenValues) -> None:
        if self.places.are_of_records("trace"):
            for record in super().records("trace", "r.key = ?", [key]):
                self.places.record(record.__dict__, values)
        if self.places.are_of_records("model_call"):
            for record in super().records("model_call", "r.trace = ?", [key], left_out=_BODIES):
                self.places.record({**record.__dict__, "error": None}, values)

    def _recorded(self, call_id: str) -> HiddenValues:
        """Return what was recorded at the places of one call."""
        found = HiddenValues()
        for call in super().records("tool_call", "r.id = ?", [call_id], left_out=_NOT_OF_PLACES):
            self.places.call(call.__dict__, found)
        return found

    def _today(self, trace_id: str, run_id: str) -> HiddenValues:
        """Return what today's tools gave at hidden places in one run of a trace."""
        count = self._connection.execute(
            "SELECT count(*) FROM call_verdict_rows WHERE run = "
            "(SELECT key FROM replay_run_rows WHERE id = ?) AND trace = "
            "(SELECT key FROM trace_rows WHERE id = ?)",
            (run_id, trace_id),
        ).fetchone()[0]
        known = self._of_runs.get((trace_id, run_id))
        if known is not None and known[0] == count:
            return known[1]
        found = HiddenValues()
        judged: list[CallVerdict] = super().records(
            "call_verdict",
            "r.run = (SELECT key FROM replay_run_rows WHERE id = ?) AND r.trace = "
            "(SELECT key FROM trace_rows WHERE id = ?) AND r.verdict <> 'same'",
            [run_id, trace_id],
        )
        for one in judged:
            if self.places.are_of_tool(one.tool):
                marked_verdict(self.places, one, found, self._recorded)
        self._of_runs[trace_id, run_id] = (count, found)
        if len(self._of_runs) > _TRACES_MAX:
            self._of_runs.popitem(last=False)
        return found

    # -- looking for texts ------------------------------------------------------------------------

    def shows_text(self, key: int, arguments: Any, response: Any, wanted: str) -> bool:
        """Say whether a call shows a text: what is hidden cannot be found out by asking for it."""
        if not super().shows_text(key, arguments, response, wanted):
            return False
        for call in self.records("tool_call", "r.key = ?", [key], left_out=_NOT_OF_PLACES):
            texts = (call.arguments, call.response or "")
            return any(wanted.casefold() in one.casefold() for one in texts)
        return False

    def shows_asked(self, trace_id: str, text: str | None, wanted: str) -> bool:
        """Say whether the first words of a trace's user show a text."""
        if not super().shows_asked(trace_id, text, wanted):
            return False
        return wanted.casefold() in (self.asked(trace_id, text) or "").casefold()


def _parts(path: str) -> tuple[PathPart, ...]:
    """Return the parts of a path whose indexes may be any; of what is none, none."""
    try:
        return split(path.replace("[*]", "[0]"))
    except ValueError:
        return ()
