"""Approvals as the command line makes them: signed and dated."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.errors import ExitCode

if TYPE_CHECKING:
    from replay.records import Approval, Finding, ReplayRun
    from replay.store import Store


def approvals_of(
    findings: Iterable[Finding], *, note: str | None = None, everywhere: bool = False
) -> list[Approval]:
    """Return an approval of each finding, by the user who runs this, now.

    ``everywhere``: for whatever other calls differ in the same way, too. An effect of which nobody
    knows where the state differs has no such way.
    """
    from replay.records import Approval

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
            recorded_until=finding.recorded_until,
            all_calls=finding.all_calls,
            all_answers=finding.all_answers,
            placeless_signature=finding.placeless_signature,
            everywhere=everywhere and not is_placeless(finding),
        )
        for finding in findings
    ]


def is_placeless(finding: Finding) -> bool:
    """Return whether it is an effect of which nothing tells where the state differs."""
    return finding.verdict == "effect_changed" and not finding.paths


approvals_option = click.option(
    "--approvals",
    "approvals_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Approvals that are committed: read beside the database's. Default: `approvals` of "
    "[tool.replay].",
)


def use_file(store: Store, file: Path | None, *, folder: Path | None = None) -> Path | None:
    """Have ``store`` know the approvals of ``file``, by default of ``[tool.replay]``; return it.

    Raises:
        StoreError: it cannot be read.
    """
    from replay.config import load_config
    from replay.store.approvals_file import read_approvals

    store.approvals_file = file or load_config(folder).approvals_path
    if store.approvals_file is not None:
        read_approvals(store.approvals_file)  # now, not at the end of a long run
    return store.approvals_file


def accept(store: Store, approvals: list[Approval]) -> None:
    """Keep ``approvals`` where they belong: in the store's file, else in the database.

    Raises:
        StoreError: they cannot be written.
    """
    from replay.store.approvals_file import add_approvals

    if store.approvals_file is not None:
        add_approvals(store.approvals_file, approvals)
    else:
        store.append_all(approvals)
        store.flush()


def accept_all(store: Store, run: ReplayRun, *, note: str) -> ReplayRun:
    """Accept every finding of ``run``, and return the run as it ends then: with code 0.

    A run without findings ends as it did: where every call was served, nothing was judged.
    """
    findings = store.findings(run.id)
    if not findings:
        return run
    accepted = run.model_copy(update={"exit_code": int(ExitCode.OK)})
    accept(store, approvals_of(findings, note=note))
    store.append(accepted)
    store.flush()
    return accepted


def take_back(store: Store, wanted: str) -> list[Approval]:
    """Take approvals out of the database and the store's file; return them.

    ``wanted``: the unique beginning of a finding's signature, or ``all``.

    Raises:
        SelectionError: nothing that begins so is approved, or several are.
        StoreError: they cannot be written.
    """
    from replay.errors import SelectionError
    from replay.store.approvals_file import remove_approvals

    known = store.approvals()
    named = known if wanted == "all" else [o for o in known if o.signature.startswith(wanted)]
    if not named or (wanted != "all" and len(named) > 1):
        shown = "\n".join(f"  {one.signature}  {one.title}" for one in named or known[:20])
        raise SelectionError(
            f"Several approvals begin with {wanted!r}."
            if named
            else f"No approval begins with {wanted!r}.",
            hint=f"Approved are:\n{shown}" if known else "Nothing is approved.",
        )
    signatures = [one.signature for one in named]
    store.remove_approvals(signatures)
    if store.approvals_file is not None:
        remove_approvals(store.approvals_file, signatures)
    return named


def say_stale(store: Store, ended: ReplayRun) -> None:
    """Name the committed approvals that a run over everything has met no finding of."""
    is_whole = ended.status == "finished" and not ended.selection
    if store.approvals_file is None or not is_whole:
        return
    from replay.store.approvals_file import read_approvals
    from replay.verdicts.approving import is_about

    met = store.findings(ended.id)
    stale = [
        one
        for one in read_approvals(store.approvals_file)
        if not any(is_about(one, finding) for finding in met)
    ]
    for approval in stale:
        terminal.say(f"Approved, and no longer found: {approval.signature}  {approval.title}")
    if stale:
        lines = "its line" if len(stale) == 1 else "their lines"
        terminal.say(f"Take {lines} out of '{store.approvals_file}', unless it comes back.")


def user_name() -> str | None:
    """Return the name of who runs this, or None where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for this uid, as in some containers
        return None
