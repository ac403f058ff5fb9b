"""Which findings of a run are approved as of now, judged as `replay diff` judges them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from replay.store.approvals_file import with_those_in
from replay.store.record_rows import RecordReader
from tui.pyproject import is_mentioned

if TYPE_CHECKING:
    from replay.records import Finding


@dataclass(frozen=True, slots=True)
class RunApprovals:
    """What of one run is approved."""

    known: frozenset[str]
    """Signatures of the run's findings; a run that goes on has none yet."""
    approved: frozenset[str]
    """Those of them that are approved and have not outgrown it."""

    def holds(self, signature: str | None, *, was_approved: bool) -> bool:
        """Say whether a call of the finding ``signature`` is approved.

        ``was_approved`` is what the run itself stored: it counts until the run has its findings.
        """
        if signature in self.known:
            return signature in self.approved
        return was_approved


def marked(records: RecordReader, findings: list[Finding]) -> list[Finding]:
    """Return ``findings`` marked approved or not, and with what their approval did not know."""
    from replay.verdicts import apply_approvals

    approvals = with_those_in(_file(), records.records("approval", "1", []))
    return apply_approvals([], findings, approvals)[1]


def run_approvals(connection: sqlite3.Connection, records: RecordReader, run: int) -> RunApprovals:
    """Return what is approved of the run in row ``run``."""
    known = connection.execute("SELECT signature FROM finding_rows WHERE run = ?", (run,))
    in_file = [approval.signature for approval in with_those_in(_file(), [])]
    named = records.records(
        "finding",
        "r.run = ? AND (r.signature IN (SELECT signature FROM approval_rows) "
        "OR r.verdict = 'effect_changed' OR r.signature IN (SELECT value FROM json_each(?)))",
        [run, json.dumps(in_file)],
    )
    approved = {one.signature for one in marked(records, named) if one.approved} if named else set()
    return RunApprovals(frozenset(row[0] for row in known), frozenset(approved))


def _file() -> Path | None:
    """Return the file of approvals that `[tool.replay]` names, or None."""
    if not is_mentioned(b"approvals"):
        return None
    from replay.config import load_config

    return load_config().approvals_path
