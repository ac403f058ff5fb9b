"""The words around the list of traces: how many, which of them, and what is under the cursor."""

from __future__ import annotations

from replay.records.codes import outcome_words
from tui.rows.sorting import TraceSort
from tui.rows.traces import TraceLine, TraceList
from tui.views.parts import Part, count, printable
from tui.views.signs import verdict_sign, verdict_words


def position_words(
    cursor: int, traces: TraceList, total: int, sort: TraceSort, *, is_following: bool
) -> str:
    """Return ``3 / 120 of 1,204 · tool:book``: where, of how many, of how many in all, filter.

    And how they are sorted, where that is not newest first.
    """
    found = len(traces)
    more = "" if traces.is_complete else "…"
    words = f"{cursor + 1:,} / {found:,}{more}" if found else f"0{more}"
    if traces.wanted:
        words += f" of {total:,} · {printable(traces.wanted.text)}"
    if not sort.is_newest_first:
        words += f" · {sort.words}"
    return words + ("  follow" if is_following else "")


def filter_parts(traces: TraceList, *, is_new: bool = False) -> list[Part]:
    """Return what the filter has found, and how to get rid of it.

    ``is_new``: the list still shows what was found before.
    """
    found = len(traces)
    parts: list[Part] = [("filter ", "dim"), (printable(traces.wanted.text), "accent")]
    if traces.is_complete:
        parts.append((f"   {count(found, 'trace')}", "" if found else "warn"))
    elif traces.is_stopped and not is_new:
        parts.append((f"   stopped: {found:,} found so far", "warn"))
    else:
        parts += [(f"   searching… {found:,} so far", ""), ("   esc stops", "dim")]
        return parts
    if traces.unmet and traces.is_complete:
        return [*parts, (f"   {printable(traces.unmet)}", "warn")]
    return [*parts, ("   f changes it, esc clears it", "dim")]


def line_words(line: TraceLine) -> list[Part]:
    """Return what is known of one trace beyond its line."""
    outcomes = "  ".join(
        f"{outcome_words(name)} {number}"
        for name, number in line.outcome_counts.items()
        if name != "ok"
    )
    return [
        (printable(line.id), "strong"),
        (f"  {count(line.model_call_count, 'model call')}", "dim"),
        (f"  {outcomes}" if outcomes else "", "bad"),
        ("   today:" if line.verdicts else "   not replayed", "dim"),
        *(_verdict_part(name, number) for name, number in line.verdicts.items()),
    ]


def _verdict_part(verdict: str, number: int) -> Part:
    """Return ``≠ 1 changed``: what a sign of the first column means."""
    sign, role = verdict_sign(verdict)
    return (f"  {sign} {number:,} {verdict_words(verdict)}", role)
