"""Approvals as the command line makes them: signed and dated."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import UTC, datetime

from replay.records import Approval, Finding


def approvals_of(findings: Iterable[Finding], *, note: str | None = None) -> list[Approval]:
    """Return an approval of each finding, by the user who runs this, now."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return [
        Approval(
            signature=finding.signature,
            title=finding.title,
            approved_at=now,
            approved_by=_user(),
            note=note,
        )
        for finding in findings
    ]


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for this uid, as in some containers
        return None
