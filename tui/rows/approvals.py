"""Which findings of a run are approved as of now, judged as `replay diff` judges them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.store.approvals_file import with_those_in
from replay.store.record_rows import RecordReader
from tui.pyproject import is_mentioned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay.records import Approval, Finding
    from tui.rows.database import Database

RUNS_MAX: Final = 64
"""So many of the newest replay runs are looked at for what a trace, or a filter, is to show."""

IS_APPROVED: Final = (
    "(coalesce((v.run, v.signature) IN (SELECT value ->> 0, value ->> 1 FROM json_each(:approved)),"
    " 0) OR ((coalesce(v.approved, 0) = 1 OR coalesce(v.signature IN (SELECT signature FROM "
    "approval_rows), 0)) AND NOT EXISTS (SELECT 1 FROM finding_rows f "
    "WHERE f.run = +v.run AND f.signature = v.signature)))"
)
"""Of a verdict ``v``, as `RunApprovals.holds` says it; ``:approved`` is of `approved_pairs`."""


@dataclass(frozen=True, slots=True)
class RunApprovals:
    """What of one run is approved."""

    known: frozenset[str]
    """Signatures of the run's findings; a run that goes on has none yet."""
    approved: frozenset[str]
    """Those of them that are approved and have not outgrown it."""
    given: frozenset[str]
    """What is approved at all, be it while this run goes on."""

    def holds(self, signature: str | None, *, was_approved: bool) -> bool:
        """Say whether a call of the finding ``signature`` is approved.

        ``was_approved`` is what the run itself stored. It counts until the run has its findings, as
        does an approval that was given since the run began.
        """
        if signature in self.known:
            return signature in self.approved
        return was_approved or signature in self.given


def marked(records: RecordReader, findings: list[Finding]) -> list[Finding]:
    """Return ``findings`` marked approved or not, and with what their approval did not know."""
    from replay.verdicts import apply_approvals

    approvals = with_those_in(_file(), records.records("approval", "1", []))
    return apply_approvals([], findings, approvals)[1]


def run_approvals(connection: sqlite3.Connection, records: RecordReader, run: int) -> RunApprovals:
    """Return what is approved of the run in row ``run``."""
    known = connection.execute("SELECT signature FROM finding_rows WHERE run = ?", (run,))
    approved = {one.signature for one in approved_findings(records, [run])}
    given = connection.execute("SELECT signature FROM approval_rows")
    return RunApprovals(
        frozenset(row[0] for row in known),
        frozenset(approved),
        frozenset(row[0] for row in given),
    )


def approved_findings(records: RecordReader, runs: Sequence[int]) -> list[Finding]:
    """Return what is approved now of the findings of the runs in some rows."""
    in_file = [approval.signature for approval in with_those_in(_file(), [])]
    named: list[Finding] = records.records(
        "finding",
        "r.run IN (SELECT value FROM json_each(?)) AND (r.signature IN (SELECT signature FROM "
        "approval_rows) OR r.verdict = 'effect_changed' "  # those are known by older names, too
        "OR r.signature IN (SELECT value FROM json_each(?)))",
        [json.dumps(list(runs)), json.dumps(in_file)],
    )
    return [one for one in marked(records, named) if one.approved] if named else []


def approved_pairs(database: Database) -> str | None:
    """Return the approved findings of the newest runs, as JSON: pairs of run's row and signature.

    None: nothing is approved at all, and nobody need ask.
    """
    with database.reading() as connection:
        is_any = connection.execute("SELECT 1 FROM approval_rows LIMIT 1").fetchone()
        if is_any is None and not with_those_in(_file(), []):
            return None
        runs = connection.execute(
            "SELECT id, key FROM replay_run_rows ORDER BY started_us DESC, key DESC LIMIT ?",
            (RUNS_MAX,),
        )
        keys = dict(runs.fetchall())
        found = approved_findings(database.records, list(keys.values()))
    return json.dumps([[keys[one.run_id], one.signature] for one in found])


def approval_of(database: Database, signature: str | None) -> Approval | None:
    """Return who approved the findings of ``signature``, when and why; None: nobody did."""
    if signature is None:
        return None
    with database.reading():
        kept = database.records.records("approval", "r.signature = ?", [signature])
    found = [one for one in with_those_in(_file(), kept) if one.signature == signature]
    return found[0] if found else None


def _file() -> Path | None:
    """Return the file of approvals that `[tool.replay]` names, or None."""
    if not is_mentioned(b"approvals"):
        return None
    from replay.config import load_config

    return load_config().approvals_path
