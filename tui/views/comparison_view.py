"""One call, everything recorded against everything of today: part by part, the same ones folded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from replay.records import CallResult, CallVerdict, Interaction, JsonValue, ToolCall
from replay.verdicts.canonical import read_response
from tui.rows.both import Both, told
from tui.rows.comparisons import Compared
from tui.views.diff_entries import diff_entries
from tui.views.entries import Entry
from tui.views.json_entries import json_entries, json_text, size_words
from tui.views.parts import Part, count, cut, lasted, printable
from tui.views.verdict_view import (
    TRANSLATED,
    allowed_entries,
    notes_entries,
    outside_entry,
    schema_error_entries,
    state_entries,
    verdict_head,
)

_SHORT: Final = 60
_AS_WRITTEN: Final = "recorded, as the model wrote it"


def comparison_entries(compared: Compared, *, context: int = 0) -> list[Entry]:
    """Return the parts of a call in the order they happened, each recorded against today."""
    verdict = compared.verdict
    if verdict is None:
        return [
            Entry((("No replay run has judged this call.", "warn"),)),
            Entry((("replay run DATABASE --tools package.module:toolbox", "good"),)),
        ]
    call, replayed = compared.call, verdict.replayed
    entries = verdict_head(verdict, call)
    entries += schema_error_entries(verdict)
    if replayed is None:
        return [*entries, *notes_entries(verdict)]
    said = compared.told or told(verdict, call)
    note = TRANSLATED if verdict.translated_response else ""
    entries += _payload(compared, call, replayed, context)
    entries += _outside(verdict, compared.interactions)
    entries += _part("what the model is told", said, context, note=note)
    entries += _errors(compared, verdict, context)
    entries += state_entries(verdict)
    if verdict.output:
        entries += [_gap(), Entry((("printed today", "strong"),)), Entry((), 1)]
        entries[-1].text = verdict.output.rstrip("\n")
    return entries + allowed_entries(verdict) + notes_entries(verdict)


def _payload(compared: Compared, call: ToolCall, replayed: CallResult, context: int) -> list[Entry]:
    if replayed.payload is not None and call.payload is None:
        written = Both.of(read_response(call.arguments).value, replayed.payload)
        return _part("payload", written, context, note=_AS_WRITTEN)  # the validated were not kept
    both = compared.payloads or Both.of(call.payload, replayed.payload)
    if both.today is not None:
        return _part("payload", both, context, again=compared.payload_again)
    if both.recorded is None:
        return []
    # rejected before it had one, or nobody kept it
    kept = _same("payload", both.recorded)
    words = "   recorded" if replayed.outcome == "ok" else "   the tool got none today"
    kept.parts = (("payload", "strong"), (f"{words}  ", "dim"))
    return [_gap(), kept]


def _part(
    words: str,
    both: Both,
    context: int,
    *,
    note: str = "",
    again: Callable[[], JsonValue] | None = None,
) -> list[Entry]:
    if both.is_same:
        return [_gap(), _same(words, both.recorded, again)]
    entries = diff_entries(both.recorded, both.today, context=context)
    return [_gap(), _legend(words, note), *entries]


def _same(words: str, value: JsonValue, again: Callable[[], JsonValue] | None = None) -> Entry:
    """A part that is the same on both sides: one line, opened on demand.

    ``again`` reads it when it is opened: ``value`` is only its outline then.
    """
    parts: tuple[Part, ...] = ((words, "strong"), ("   ✓ same  ", "good"))
    if value is None or value in ({}, []):
        return Entry((*parts, (json_text(value), "dim")), value=value)
    shown = size_words(value) or cut(json_text(value), _SHORT)
    return Entry(
        parts,
        children=lambda: json_entries(value if again is None else again(), depth=1),
        folded=((shown, "dim"),),
        value=value if again is None else None,
        value_made=again,
    )


def _outside(verdict: CallVerdict, interactions: Sequence[Interaction]) -> list[Entry]:
    changes = verdict.interaction_changes
    if changes:
        entries = [_gap(), _legend("asked of the outside world", "")]
        for change in changes:
            entries += outside_entry(change)
        return entries
    if not interactions:
        return []
    asked = [one.exchange for one in interactions]
    line = _same("asked of the outside world", asked)
    line.folded = ((count(len(asked), "call"), "dim"),)
    return [_gap(), line]


def _errors(compared: Compared, verdict: CallVerdict, context: int) -> list[Entry]:
    """The two errors, where either of them is one: type and message, tracebacks folded."""
    assert verdict.replayed is not None
    old, new = compared.call.error, verdict.replayed.error
    if old is None and new is None:
        return []
    sides = [
        None if error is None else {"type": error.type, "message": error.message}
        for error in (old, new)
    ]
    entries = _part("error", Both.of(sides[0], sides[1]), context)
    if None in sides:  # there was none, or is none: nothing stands against it
        entries = [entry for entry in entries if entry.value is not None or not entry.mark]
    for error, words in ((old, "recorded"), (new, "today")):
        if error is not None and error.traceback:
            trace = error.traceback
            entries.append(
                Entry(
                    ((f"traceback, {words}", "dim"),),
                    1,
                    children=lambda trace=trace: [Entry((), 2, text=trace, value=trace)],  # type: ignore[misc]  # mypy has no type for such a default
                    value=trace,
                )
            )
    return entries


def headline(compared: Compared) -> list[Part]:
    """Return which call it is."""
    call = compared.call
    parts: list[Part] = [
        (printable(call.tool), "strong"),
        (f"   {printable(compared.trace_id)}, step {compared.step_number}", ""),
    ]
    verdict = compared.verdict
    version = verdict.replayed.tool_version if verdict and verdict.replayed else None
    if call.tool_version or version:
        same = call.tool_version == version
        shown = version if same else f"{call.tool_version or '?'} → {version or '?'}"
        parts.append((f"   version {printable(str(shown))}", "dim" if same else "accent"))
    times = (
        lasted(call.duration_ms),
        lasted(verdict.replayed.duration_ms) if (verdict and verdict.replayed) else "",
    )
    if all(times):
        parts.append((f"   {times[0]} → {times[1]}", "dim"))
    return parts


def _legend(words: str, note: str) -> Entry:
    parts: list[Part] = [(words, "strong"), ("   - recorded", "removed"), ("   + today", "added")]
    if note:
        parts.append((f"   ({note})", "dim"))
    return Entry(tuple(parts))


def _gap() -> Entry:
    return Entry((("", ""),))
