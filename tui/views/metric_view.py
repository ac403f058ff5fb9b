"""One row of the metrics in full: outcomes, latency as a histogram, and where the time goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replay.metrics import Buckets, CallMetrics, ComponentMetrics, Components
from replay.metrics.budgets import BudgetResult
from replay.metrics.invented import InventedArgument, MadeUp
from replay.metrics.labels import Accuracy
from replay.records.codes import outcome_words
from replay.report.sparkline import sparkline
from replay.store.times import iso_text
from tui.rows.histograms import Bin
from tui.rows.metrics import Judged, Measured, budgets_of
from tui.views.entries import Entry
from tui.views.json_entries import json_text
from tui.views.metric_lines import share
from tui.views.parts import Part, count, lasted, printable
from tui.views.signs import outcome_sign

_BAR_WIDTH: Final = 12


def metric_entries(row: CallMetrics, measured: Measured, judged: Judged | None) -> list[Entry]:
    """Return everything that was measured of a row; ``judged`` None: it is not known yet."""
    named = row.value("tool")
    tool = named if isinstance(named, str) else None
    return [
        *_outcomes(row),
        *_latency(row, measured.bins_of(row)),
        *_budgets(budgets_of(measured.budgets, tool)),
        *_components(tool, measured.components),
        *_trend(row, measured.buckets),
        *(_judged(tool, judged) if tool is not None else []),
    ]


def _budgets(budgets: Sequence[BudgetResult]) -> list[Entry]:
    """Return promises and what was measured; over all models, also where a row is of one."""
    if not budgets:
        return []
    entries = [_gap(), _heading("Budgets")]
    for one in budgets:
        sign, role = ("✓", "good") if not one.is_broken else ("×", "bad")
        words = f"{sign} {printable(one.name)} {one.measure}"
        measured = lasted(one.value_ms) or "nothing measured"
        parts: list[Part] = [
            (f"{words:<28}", role),
            (f"{measured:>9}", ""),
            (f"  of {lasted(one.bound_ms)}", "dim"),
            (f"   {one.over_count:,} of {count(one.observed_count, 'call')} took longer", "dim"),
        ]
        if one.is_broken and not one.is_beyond_noise:
            parts.append(("   so few that it may be chance", "unsure"))
        value = {"budget": one.name, one.measure: one.bound_ms, "measured_ms": one.value_ms}
        entries.append(Entry(tuple(parts), 1, value=value))
        for slow in one.slowest[:1] if one.is_broken else ():
            step = "" if slow.step_number is None else f", step {slow.step_number}"
            where = f"slowest  {printable(slow.trace_id)}{step}   {lasted(slow.duration_ms)}"
            entries.append(Entry(((where, "accent"),), 2))
    return entries


def _judged(tool: str, judged: Judged | None) -> list[Entry]:
    if judged is None:
        looking = Entry((("◐ looking through the newest traces", "accent"),), 1)
        return [_gap(), _heading(_made_up_in(tool)), looking]
    return [*_selection(tool, judged.accuracy), *_made_up(tool, judged.made_up)]


def _selection(tool: str, accuracy: Sequence[Accuracy]) -> list[Entry]:
    """Return how often labelled calls were the right ones; nothing where none was labelled."""
    one = next((one for one in accuracy if one.tool == tool), None)
    if one is None:
        return []
    labelled = count(one.labelled_count, "labelled call")
    right = one.right_tool_count == one.labelled_count
    said = f"{one.right_tool_count:,} of {labelled} were of the right tool"
    all_right = f"{one.right_count:,} with the right arguments, too"
    entries = [
        _gap(),
        _heading(f"Chosen by models: {printable(tool)}"),
        Entry(((said, "good" if right else "warn"), (f", {all_right}", "")), 1),
    ]
    for name, number in one.instead.most_common():
        entries.append(Entry(((f"{number:,} should have been {printable(name)}", "warn"),), 2))
    return entries


def _made_up(tool: str, made_up: MadeUp) -> list[Entry]:
    """Return how often models gave what they were nowhere told."""
    entries = [_gap(), _heading(_made_up_in(tool))]
    calls = next((one for one in made_up.calls if one.tool == tool), None)
    if calls is None:
        return [*entries, Entry((("None of its calls has a prompt to look at.", "dim"),), 1)]
    facts = [
        (calls.invented_count, calls.call_count, "have a value that the model was nowhere told"),
        (calls.misfit_count, calls.shown_count, "do not fit the schema that it was shown"),
        (calls.not_shown_count, calls.call_count, "are of a tool that it was not shown"),
    ]
    for number, of, words in facts:
        if of:
            said = f"{number:,} of {count(of, 'call')} {words}"
            entries.append(Entry(((said, "warn" if number else "good"),), 1))
    entries += [_invented(one) for one in made_up.arguments if one.tool == tool]
    note = f"of the newest {made_up.read_count:,} of {count(made_up.trace_count, 'trace')}"
    return [*entries, Entry(((note, "dim"),), 1)]


def _made_up_in(tool: str) -> str:
    """Whatever the row is of: this is of all calls of its tool."""
    return f"Made up by models in {printable(tool)}"


def _invented(one: InventedArgument) -> Entry:
    parts: list[Part] = [
        (f"{printable(one.path):<20}", "key"),
        (f"{one.invented_count:>9,} of {one.value_count:,}", ""),
    ]
    if one.examples:
        trace, step, value = one.examples[0]
        parts.append((f"   {json_text(value)[:40]}", "string"))
        parts.append((f"   {printable(trace)}, step {step}", "dim"))
    return Entry(tuple(parts), 2, value={"path": one.path, "examples": one.examples})


def _outcomes(row: CallMetrics) -> list[Entry]:
    entries = [_heading(f"Outcomes of {count(row.call_count, 'call')}")]
    for outcome, number in row.outcome_counts.items():
        sign, role = outcome_sign(outcome)
        parts: list[Part] = [
            (f"{sign} {printable(outcome_words(outcome)):<18}", role),
            (f"{number:>9,}  {share(number, row.call_count):>6}  ", ""),
            (_bar(number, row.call_count), role),
        ]
        entries.append(Entry(tuple(parts), 1, value={outcome: number}))
    return entries


def _latency(row: CallMetrics, bins: Sequence[Bin]) -> list[Entry]:
    entries = [_gap(), _heading("Latency")]
    if not row.timed_count:
        return [*entries, Entry((("No call says how long it took.", "dim"),), 1)]
    times = [("p50", row.p50_ms), ("p95", row.p95_ms), ("p99", row.p99_ms)]
    words = "   ".join(f"{name} {lasted(value)}" for name, value in times)
    untimed = row.call_count - row.timed_count
    note = f"   {untimed:,} calls say none" if untimed else ""
    entries.append(Entry(((words, ""), (note, "dim")), 1, value=dict(times)))
    most = max(number for *_, number in bins)
    for start, end, number in bins:
        parts: list[Part] = [
            (f"{_span(start, end):<20}", "key"),
            (f"{number:>9,}  {share(number, row.timed_count):>6}  ", ""),
            (_bar(number, most), "accent"),
        ]
        entries.append(Entry(tuple(parts), 1, value={"from_ms": start, "to_ms": end, "n": number}))
    return entries


def _span(start: float, end: float) -> str:
    return f"{lasted(start) if start else '0'} – {lasted(end)}"


def _components(tool: str | None, components: Components) -> list[Entry]:
    rows = [one for one in components.rows if one.tool == tool]
    if tool is not None:  # what a model takes is no tool's, and beside it all else is small
        models = [one for one in components.rows if one.tool is None and one.component == "model"]
        rows = [*models, *rows]
    whose = "" if tool is None else f" in {printable(tool)}"
    entries = [_gap(), _heading(f"Where the time goes{whose}: p95")]
    if not rows:
        return [*entries, Entry((("No call says where its time went.", "dim"),), 1)]
    most = max(one.p95_ms or 0.0 for one in rows) or 1.0
    entries += [_component(one, most) for one in rows]
    if components.read_count < components.call_count:
        note = f"of the newest {components.read_count:,} of {components.call_count:,} calls"
        entries.append(Entry(((note, "dim"),), 1))
    return entries


def _component(one: ComponentMetrics, most: float) -> Entry:
    p95 = one.p95_ms or 0.0
    parts: list[Part] = [
        (f"{one.component:<20}", "key"),
        (f"{lasted(one.p95_ms):>9}  ", ""),
        (f"{'':>6}  ", ""),
        (_bar(p95, most), "accent"),
    ]
    return Entry(tuple(parts), 1, value={"component": one.component, "p95_ms": one.p95_ms})


def _trend(row: CallMetrics, buckets: Buckets) -> list[Entry]:
    start = buckets.start_us
    end = start + buckets.width_us * buckets.count
    first, last = (iso_text(one)[:16].replace("T", " ") for one in (start, end))
    lines = [("calls", row.trend, "accent"), ("not ok", row.not_ok_trend, "bad")]
    entries = [_gap(), _heading("Over time")]
    for name, numbers, role in lines:
        marks = sparkline(numbers) if any(numbers) else ""
        most = f"   at most {max(numbers):,}" if any(numbers) else "none"
        entries.append(Entry(((f"{name:<20}", "key"), (marks, role), (most, "dim")), 1))
    entries.append(Entry(((f"{first} to {last}", "dim"),), 1))
    return entries


def _bar(number: float, most: float) -> str:
    """Return a bar that is never empty: a sliver for what is there at all."""
    return "█" * round(_BAR_WIDTH * number / most) or ("▏" if number else "")


def _heading(words: str) -> Entry:
    return Entry(((words, "strong"),))


def _gap() -> Entry:
    return Entry((("", ""),))
