"""`replay feedback --take-back`: what was said by mistake, a wrong key in the labelling mode."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.cli import terminal
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay.records import Feedback

LAST: Final = "last"
_NEAREST_MAX: Final = 4


def take_feedback_back(
    database: Path,
    trace: str,
    wanted: str,
    step_number: int | None,
    annotator: str | None,
    *,
    as_json: bool,
) -> int:
    """Take back one piece of feedback; the audit keeps that it was said and is taken back.

    ``wanted``: its id, the unique beginning of it, or `LAST`: the newest that ``annotator`` said.

    Raises:
        SelectionError: there is no such trace or feedback, or several begin so.
    """
    from replay.cli.audit import is_noted
    from replay.cli.transcripts import said_of
    from replay.store import Store

    with Store.open(database, mode="w") as store:
        transcript = store.transcript(trace)
        kept = [one for one in transcript.feedback if step_number in (None, one.step_number)]
        said = _chosen(kept, wanted, transcript.trace.id, annotator)
        told = f"took back {_kinds(said)} on {_place(said)}, id {said.id}, said {said.created_at}"
        store.remove_feedback(said.id, noted=told if is_noted() else None)
    if as_json:
        terminal.emit_json({"taken_back": said.id, "step_number": said.step_number})
    else:
        terminal.say(f"Taken back: {said_of(said)}.")
    return ExitCode.OK


def _chosen(
    kept: Sequence[Feedback], wanted: str, trace_id: str, annotator: str | None
) -> Feedback:
    if wanted == LAST:
        found = [one for one in kept if one.annotator == annotator][-1:]
    else:
        exact = [one for one in kept if one.id == wanted]
        found = exact or [one for one in kept if one.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    whose = f" that {annotator or 'somebody without a name'} gave" if wanted == LAST else ""
    named = "" if wanted == LAST else f" {wanted!r}"
    raise SelectionError(
        f"Several pieces of feedback on trace {trace_id!r} begin with {wanted!r}."
        if found
        else f"Trace {trace_id!r} has no feedback{named}{whose}.",
        nearest=", ".join(one.id for one in (found or kept)[-_NEAREST_MAX:]) or None,
        hint="`replay feedback DATABASE TRACE --json` lists what was said, with ids"
        + ("; --by NAME takes back what somebody else said." if wanted == LAST else "."),
    )


def _place(said: Feedback) -> str:
    step = f"step {said.step_number} of " if said.step_number else ""
    return f"{step}trace {said.trace_id}"


def _kinds(said: Feedback) -> str:
    """Return what it was, without words of anybody's: nobody looks at those in the audit."""
    kinds = [
        name
        for name, given in (
            ("a score", said.score),
            ("a label", said.label),
            ("a note", said.text),
            ("a correction", said.correction),
        )
        if given is not None
    ]
    return ", ".join(kinds) or "feedback"
