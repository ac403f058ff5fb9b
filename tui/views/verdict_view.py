"""One call, recorded against today: the verdict in words, why, and only what changed."""

from __future__ import annotations

from typing import Final

from replay.records import (
    Approval,
    CallVerdict,
    Cause,
    InteractionChange,
    JsonValue,
    ReplayRun,
    ToolCall,
    Verdict,
)
from replay.records.codes import outcome_words
from replay.records.traces import NO_TRANSLATION
from replay.report.words import cause_words
from replay.verdicts.wording import times
from tui.rows.both import Both, told
from tui.sources import source_words
from tui.views.approval_view import approval_entries
from tui.views.diff_entries import change_entries, diff_entries
from tui.views.entries import Entry
from tui.views.json_entries import json_entries
from tui.views.parts import Part, count, lasted, printable
from tui.views.signs import verdict_sign, verdict_words
from tui.views.what_differs import what_differs

_WHERE_TOLD: Final = "where it differs is kept by a replay with a baseline, for its first calls"
TRANSLATED: Final = "recorded, as today's version would say it"


def verdict_entries(
    verdict: CallVerdict,
    call: ToolCall,
    both: Both | None = None,
    *,
    approval: Approval | None = None,
    with_head: bool = True,
    source: str = "",
) -> list[Entry]:
    """Return everything a replay run says of one call; ``with_head``: verdict and cause, too.

    ``both``: what the model was told and would be told, where that is read already. ``approval``:
    who approved it. ``source``: file and line of today's tool, where they are known.
    """
    entries = verdict_head(verdict, call, approval, source=source) if with_head else []
    entries += schema_error_entries(verdict)
    entries += _answers(verdict, call, both)
    if verdict.interaction_changes:
        entries += [_gap(), _heading("asked of the outside world")]
        for change in verdict.interaction_changes:
            entries += outside_entry(change)
    entries += state_entries(verdict)
    entries += allowed_entries(verdict)
    entries += notes_entries(verdict)
    return entries


def verdict_head(
    verdict: CallVerdict, call: ToolCall, approval: Approval | None = None, *, source: str = ""
) -> list[Entry]:
    """Return the verdict and what differs, its cause, and how the call ended then and today."""
    sign, role = verdict_sign(verdict.verdict, approved=verdict.approved)
    words: list[Part] = [(f"{sign} {verdict_words(verdict.verdict)}", f"{role} strong")]
    said = what_differs(verdict)
    if said:
        words.append((f"   {printable(said)}", "strong"))
    if verdict.approved:
        words.append(("  approved", "accent"))
        words += [("   a takes that back", "dim")] if approval is not None else []
    if verdict.conditional:
        words.append(("  conditional: after the trace's first difference", "dim"))
    entries = [Entry(tuple(words)), *approval_entries(approval)]
    if verdict.cause is not None:
        error = None if verdict.replayed is None else verdict.replayed.error
        error_type = None if error is None else error.type
        entries.append(cause_entry(verdict.cause, verdict.verdict, error_type))
    entries += source_entries(source)
    replayed = verdict.replayed
    recorded = verdict.recorded_outcome or call.outcome
    if replayed is not None:
        times = (lasted(call.duration_ms), lasted(replayed.duration_ms))
        took = f"   {times[0]} → {times[1]}" if all(times) else ""  # frozen time says nothing
        entries.append(
            Entry(
                (
                    ("ended  ", "dim"),
                    (f"{outcome_words(recorded)} → {outcome_words(replayed.outcome)}", ""),
                    (took, "dim"),
                )
            )
        )
    return entries


_OF_CODE: Final = (Cause.CODE, Cause.SCHEMA)
"""What is mended in the tool's source."""


def source_of(run: ReplayRun | None, cause: Cause | None, tool: str) -> str:
    """Return file and line of what has a cause, where it is one to look for there; else empty."""
    return source_words(run, tool) if run is not None and cause in _OF_CODE else ""


def source_entries(source: str) -> list[Entry]:
    """Return where the tool begins: nothing tells which of its lines made the difference."""
    if not source:
        return []
    parts: tuple[Part, ...] = (
        ("tool   begins at ", "dim"),
        (printable(source), "accent"),
        ("   O opens it", "dim"),
    )
    return [Entry(parts)]


def cause_entry(cause: Cause, verdict: Verdict, error_type: str | None = None) -> Entry:
    """Return why something has its verdict; where nothing tells: what would.

    ``error_type``: of today's error.
    """
    words = cause_words(cause, verdict, error_type)
    parts: list[Part] = [("cause  ", "dim"), (words, "")]
    if words == "unknown":
        parts.append(("   a replay with a baseline tells it: r in a transcript", "dim"))
    return Entry(tuple(parts))


def _answers(verdict: CallVerdict, call: ToolCall, both: Both | None) -> list[Entry]:
    """The two answers as one outline, or both apart when one of them is no answer."""
    if verdict.replayed is None:
        return []
    entries: list[Entry] = []
    replayed = verdict.replayed
    if verdict.verdict == "payload_changed":
        entries += [_gap(), _legend("payload")]
        entries += diff_entries(call.payload, replayed.payload)
    both = both or told(verdict, call)
    if both.is_same:
        if replayed.response is not None:
            entries += [_gap(), _heading("both told the model")]
            entries += _told(both.today)
        return entries
    note = TRANSLATED if verdict.translated_response else ""
    entries += [_gap(), _legend("what the model is told", note)]
    entries += diff_entries(both.recorded, both.today)
    if replayed.error is not None:
        error = replayed.error
        entries += [_gap(), _heading("today's error"), Entry(((f"{error.type}: ", "bad"),), 1)]
        entries[-1].text = error.message
        if error.traceback:
            entries.append(Entry((("traceback", "dim"),), 1, text=error.traceback))
    return entries


def _told(value: JsonValue) -> list[Entry]:
    if isinstance(value, str):
        return [Entry((), 1, text=value, value=value)]
    return json_entries(value)


def schema_error_entries(verdict: CallVerdict) -> list[Entry]:
    """Return what today's schema says against the recorded arguments."""
    if not verdict.schema_errors:
        return []
    entries = [_gap(), _heading("today's schema says")]
    for error in verdict.schema_errors:
        where = ".".join(str(part) for part in error.get("loc") or ()) or "arguments"
        said = str(error.get("msg") or error.get("type") or "")
        entries.append(
            Entry(
                (("∅ ", "bad"), (printable(where), "key"), (f"  {printable(said)}", "")),
                1,
                is_change=True,
                value=error,
            )
        )
    return entries


def outside_entry(change: InteractionChange) -> list[Entry]:
    """Return one difference in what the call asked of the outside world."""
    words = {
        "unanswered": ("?", "unsure", "no recorded answer"),
        "removed": ("-", "removed", "no longer sent"),
        "added": ("+", "added", "now sent"),
        "reordered": ("≠", "warn", "sent at another place"),
        "changed": ("≠", "warn", change.field or "changed"),
    }
    mark, role, said = words[change.change]
    if change.field == "times":
        said = f"sent {times(change.replayed)}, recorded {times(change.recorded)}"
    entries = [
        Entry(
            ((printable(change.request), role), (f"  {said}", "dim")),
            1,
            mark=mark,
            is_change=change.change != "changed",  # there what differs follows
            value=change.model_dump(mode="json"),
        )
    ]
    if change.nearest:
        entries.append(Entry((("nearest  ", "dim"), (printable(change.nearest), "dim")), 2))
    if change.change == "changed":
        entries += diff_entries(change.recorded, change.replayed, depth=2)
    return entries


def state_entries(verdict: CallVerdict) -> list[Entry]:
    """Return where the world differs after the call, as far as the run has kept it."""
    if verdict.state_changes:
        entries = [_gap(), _legend("the state afterwards", recorded="baseline")]
        for change in verdict.state_changes:
            where = printable(change.path) or "the whole state"
            entries.append(Entry(((where, "key"),), 1, value=change.model_dump(mode="json")))
            entries += change_entries(change, 2)
        return entries
    if not verdict.effect_changed:
        return []
    words = "it leaves another state of the world behind"
    return [
        _gap(),
        Entry((("≠ ", "warn"), (words, "")), is_change=True),
        Entry(((_WHERE_TOLD, "dim"),), 1),
    ]


def allowed_entries(verdict: CallVerdict) -> list[Entry]:
    """Return the differences that a rule allows, folded."""
    allowed = verdict.allowed
    if not allowed:
        return []
    words = f"≈ {count(len(allowed), 'difference')} that a rule allows"

    def opened() -> list[Entry]:
        entries: list[Entry] = []
        for change in allowed:
            entries.append(Entry(((printable(change.path), "key"),), 1))
            entries += change_entries(change, 2)
        return entries

    return [_gap(), Entry(((words, "accent"),), children=opened)]


def notes_entries(verdict: CallVerdict) -> list[Entry]:
    """Return what a reader should know."""
    notes = [verdict.note] if verdict.note else []
    if verdict.replayed is not None:
        notes += [one for one in verdict.replayed.notes if _matters(one, verdict)]
    if not notes:
        return []
    return [_gap(), *(Entry((("note  ", "dim"),), text=note) for note in notes)]


def _matters(note: str, verdict: CallVerdict) -> bool:
    """Whether a note has to do with what differs.

    That there is no translation has, where the arguments are read otherwise than they were.
    """
    is_read_otherwise = (
        verdict.cause in (Cause.SCHEMA, Cause.TRANSLATION)
        or verdict.verdict is Verdict.PAYLOAD_CHANGED
        or bool(verdict.schema_errors)
    )
    return is_read_otherwise or not note.endswith(NO_TRANSLATION)


def _legend(words: str, note: str = "", *, recorded: str = "recorded") -> Entry:
    more: list[Part] = [(f"   ({note})", "dim")] if note else []
    return Entry(
        ((words, "strong"), (f"   - {recorded}", "removed"), ("   + today", "added"), *more)
    )


def _heading(words: str) -> Entry:
    return Entry(((words, "strong"),))


def _gap() -> Entry:
    return Entry((("", ""),))
