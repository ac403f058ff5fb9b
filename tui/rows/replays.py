"""Replay runs, their findings and verdicts."""

from __future__ import annotations

import sqlite3
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

from replay.records import CallVerdict, Finding, Interaction, ReplayRun, ToolCall
from replay.store.selecting import run_key
from replay.verdicts.counts import counts_now
from replay.verdicts.findings import ranked
from tui.rows.approvals import approved_findings, marked
from tui.rows.branches import read_runs
from tui.rows.database import Database
from tui.rows.verdict_parts import verdict_shown, verdict_texts

_BLOCK: Final = 64
_BLOCKS_MAX: Final = 64
"""Replay runs are read so many at once, and so many blocks of them are kept."""
SORTED_MAX: Final = 1_000
"""Calls of one finding that are put in the order of their traces' start."""


@dataclass(frozen=True, slots=True)
class FoundCall:
    """One call of a finding: where it is."""

    tool_call: int
    trace_id: str
    step_number: int


@dataclass(frozen=True, slots=True)
class RunFindings:
    """One replay run with what it found."""

    run: ReplayRun
    run_key: int
    findings: list[Finding]
    """With those marked that are approved now."""

    @property
    def counts(self) -> dict[str, int]:
        """Its calls by verdict, what is approved now as ``approved``."""
        return counts_now(self.run.verdict_counts, self.findings)


class RunList(Sequence[ReplayRun]):
    """The replay runs, newest first: their row keys, and some dozens of them when one is seen."""

    def __init__(self, database: Database) -> None:
        """Read the keys.

        Raises:
            StoreError: the database cannot be read; `__getitem__` raises it, too.
        """
        self._database = database
        self._blocks: OrderedDict[int, list[ReplayRun]] = OrderedDict()
        self._approved: dict[int, dict[str, list[Finding]]] = {}
        """By the number of a block: what is approved now, by the run's id."""
        with database.reading() as connection:
            keys = connection.execute(
                "SELECT key FROM replay_run_rows ORDER BY started_us DESC, key DESC"
            )
            self._keys = array("q", (key for (key,) in keys))

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> ReplayRun: ...
    @overload
    def __getitem__(self, index: slice) -> list[ReplayRun]: ...
    def __getitem__(self, index: int | slice) -> ReplayRun | list[ReplayRun]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if not 0 <= index < len(self._keys):
            raise IndexError(index)
        block, place = divmod(index, _BLOCK)
        runs = self._blocks.get(block)
        if runs is None:
            runs = self._blocks[block] = self._read(block * _BLOCK)
            if len(self._blocks) > _BLOCKS_MAX:
                self._blocks.popitem(last=False)
        return runs[place]

    def counts(self, index: int) -> dict[str, int]:
        """Return the calls of a run by verdict, what is approved now as ``approved``."""
        run, block = self[index], index // _BLOCK
        approved = self._approved.get(block)
        if approved is None:
            keys = self._keys[block * _BLOCK : (block + 1) * _BLOCK].tolist()
            approved = {}
            with self._database.reading():
                for one in approved_findings(self._database.records, keys):
                    approved.setdefault(one.run_id, []).append(one)
            self._approved[block] = approved
        return counts_now(run.verdict_counts, approved.get(run.id, ()))

    def index_of(self, key: int) -> int | None:
        """Return the place of the run in row ``key``; None: it is gone."""
        return self._keys.index(key) if key in self._keys else None

    def key_at(self, index: int) -> int:
        """Return the row of a run."""
        return int(self._keys[index])

    def _read(self, start: int) -> list[ReplayRun]:
        keys = self._keys[start : start + _BLOCK].tolist()
        return read_runs(self._database, keys, branches=False)


def read_findings(database: Database, run_id: str) -> RunFindings:
    """Return the findings of a run in the order in which a report tells them.

    Raises:
        SelectionError: there is no such run.
    """
    with database.reading() as connection:
        key = run_key(connection, run_id)
        run = database.records.records("replay_run", "r.key = ?", [key])[0]
        findings: list[Finding] = database.records.records(
            "finding",
            "r.run = ?",
            [key],
            "r.key",
        )
        return RunFindings(run, key, ranked(marked(database.records, findings)))


def counts_of(database: Database, run: ReplayRun) -> dict[str, int]:
    """Return the calls of ``run`` by verdict, what is approved now as ``approved``."""
    with database.reading() as connection:
        key = run_key(connection, run.id)
        return counts_now(run.verdict_counts, approved_findings(database.records, [key]))


class FoundCalls:
    """The calls of one finding, its example first: their row keys, and each call when it is read.

    Ordered by the start of their traces; those of a finding with more than `SORTED_MAX` as the run
    stored them, trace by trace: fifty thousand would keep the screen waiting for a second.
    """

    def __init__(self, database: Database, keys: list[int]) -> None:
        """``keys``: of rows of verdicts."""
        self._database = database
        self._keys = array("q", keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int) -> FoundCall:
        """Return the call at ``index``.

        Raises:
            StoreError: the database cannot be read, or its replay run was deleted.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT v.tool_call, t.id, v.step_number FROM call_verdict_rows v "
                "JOIN trace_rows t ON t.key = v.trace WHERE v.key = ?",
                (self._keys[index],),
            ).fetchone()
            return FoundCall(*_one(connection, [row] if row is not None else []))


def read_found_calls(database: Database, found: RunFindings, finding: Finding) -> FoundCalls:
    """Return the calls of a finding, its example first."""
    of_finding = "v.run = ? AND v.signature = ?"
    values = (found.run_key, finding.signature)
    with database.reading() as connection:
        # As one text: fifty thousand rows take three times as long to come over.
        text = connection.execute(
            f"SELECT group_concat(key) FROM (SELECT v.key FROM call_verdict_rows v "
            f"WHERE {of_finding} ORDER BY v.key)",
            values,
        ).fetchone()[0]
        keys = [int(key) for key in text.split(",")] if text else []
        if len(keys) <= SORTED_MAX:
            rows = connection.execute(
                "SELECT v.key FROM call_verdict_rows v JOIN trace_rows t ON t.key = v.trace "
                f"WHERE {of_finding} ORDER BY t.started_us, t.id, v.step_number",
                values,
            )
            keys = [row[0] for row in rows]
        example = connection.execute(
            "SELECT v.key FROM call_verdict_rows v WHERE v.run = ? AND v.tool_call = "
            "+(SELECT c.key FROM tool_call_rows c WHERE c.id = ?)",
            (found.run_key, finding.example_tool_call_id),
        ).fetchone()
    if example is not None and example[0] in keys:
        keys.remove(example[0])
        keys.insert(0, example[0])
    return FoundCalls(database, keys)


def found_call_size(database: Database, found: RunFindings, call: FoundCall) -> int:
    """Return how many bytes `read_found_call` will have to read."""
    with database.reading() as connection:
        rows = connection.execute(
            "SELECT c.arguments, c.response, v.replayed FROM tool_call_rows c "
            "JOIN call_verdict_rows v ON v.run = ? AND v.tool_call = +c.key WHERE c.key = ?",
            (found.run_key, call.tool_call),
        ).fetchall()
        return database.content_size(value for row in rows for value in row)


def read_found_call(
    database: Database,
    found: RunFindings,
    finding: Finding,
    call: FoundCall,
    *,
    has_payload: bool = True,
) -> tuple[CallVerdict, ToolCall, list[Interaction]]:
    """Return the verdict of one call of ``finding``, and the call as it was recorded.

    Both without their results, and without their payloads unless these are what changed and
    ``has_payload``.
    """
    read = verdict_shown if has_payload else verdict_texts
    shown = read(database, found.run_key, call.tool_call)
    with database.reading() as connection:
        verdict = _one(connection, [] if shown is None else [shown])
        left_out = {"result"}
        if not has_payload or verdict.verdict != "payload_changed":
            left_out.add("payload")
        recorded = _one(
            connection,
            database.records.records("tool_call", "r.key = ?", [call.tool_call], left_out=left_out),
        )
        interactions = database.records.records(
            "interaction", "r.tool_call = ?", [call.tool_call], "r.interaction_index"
        )
    verdict = verdict.model_copy(update={"approved": finding.approved})
    return verdict, recorded, interactions


def read_whole_verdict(
    database: Database, found: RunFindings, finding: Finding, call: FoundCall
) -> CallVerdict:
    """Return the verdict of one call of ``finding`` with all its values."""
    with database.reading() as connection:
        verdict: CallVerdict = _one(
            connection,
            database.records.records(
                "call_verdict", "r.run = ? AND r.tool_call = ?", [found.run_key, call.tool_call]
            ),
        )
    return verdict.model_copy(update={"approved": finding.approved})


def _one(connection: sqlite3.Connection, records: list[Any]) -> Any:
    if not records:
        raise sqlite3.DatabaseError("a row that was there a moment ago is gone")
    return records[0]
