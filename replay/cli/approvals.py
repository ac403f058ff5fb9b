"""Approvals as the command line makes them: signed and dated."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import UTC, datetime

from replay.errors import ExitCode
from replay.records import Approval, Finding, ReplayRun
from replay.store import Store


def approvals_of(findings: Iterable[Finding], *, note: str | None = None) -> list[Approval]:
    """Return an approval of each finding, by the user who runs this, now."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return [
        Approval(
            signature=finding.signature,
            title=finding.title,
            approved_at=now,
            approved_by=user_name(),
            note=note,
            call_count=finding.call_count,
            models=finding.models,
            error_hashes=finding.error_hashes,
            answers=finding.answers,
        )
        for finding in findings
    ]


def accept_all(store: Store, run: ReplayRun, *, note: str) -> ReplayRun:
    """Accept every finding of ``run``, and return the run as it ends then: with code 0."""
    accepted = run.model_copy(update={"exit_code": int(ExitCode.OK)})
    store.append_all([*approvals_of(store.findings(run.id), note=note), accepted])
    store.flush()
    return accepted


def user_name() -> str | None:
    """Return the name of who runs this, or None where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for this uid, as in some containers
        return None
