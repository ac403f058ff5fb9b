"""What `replay fuzz` found, as text for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from replay.fuzzing.found import Failure, FuzzReport, ToolCounts
from replay.fuzzing.judging import SIGNATURE, Law
from replay.fuzzing.keeping import Kept
from replay.records import JsonObject
from replay.report.ink import Ink, count, cut, plain, wrap

_ARGUMENTS_CHARS_MAX: Final = 240

_TITLES: Final = {
    Law.INVALID_REACHED: "runs with what its schema forbids",
    Law.UNDECLARED: "ends in {kind}, which it does not declare",
    Law.DISAGREEMENT: "turns away what its schema allows",
    Law.NOT_GATED: "is run with what its schema forbids, as it was told to",
}
_HINTS: Final = {
    Law.INVALID_REACHED: "the validator takes more than the schema says: change one of them",
    Law.UNDECLARED: "handle it, raise Refused, or declare it: @toolbox.tool(raises=[...])",
    Law.DISAGREEMENT: "the model cannot know: say it in the schema, or take the payload",
    Law.NOT_GATED: 'to have it rejected: toolbox.add(..., validation="gate")',
}


_OPEN: Final = 'the function has no such parameter: say "additionalProperties": false in the schema'


def fuzz_text(report: FuzzReport, *, width: int, ink: Ink) -> str:
    """Return the whole report for a terminal of ``width`` columns."""
    lines = [_headline(report), ""]
    lines += _table(report.tools, width)
    for failure, also in _together(report.failures):
        lines += ["", *_failure(failure, also, width, ink)]
    lines += _kept(report)
    lines += _notes(report, width)
    return "\n".join(lines)


def _headline(report: FuzzReport) -> str:
    breaking = sum(one.breach.law.is_breaking for one in report.failures)
    other = len(report.failures) - breaking
    told = f"{count(breaking, 'failure')}" if breaking else "no failure"
    if other:
        told += f", {count(other, 'thing')} to look at"
    cases = count(report.case_count, "case")
    return f"{cases} for {count(len(report.tools), 'tool')}, seed {report.seed}: {told}"


def _table(tools: dict[str, ToolCounts], width: int) -> list[str]:
    columns = ("captured", "cases", "valid", "invalid", "ran", "unanswered")
    numbers = [[getattr(one, name) for name in columns] for one in tools.values()]
    used = [i for i, name in enumerate(columns) if i < 5 or any(row[i] for row in numbers)]
    cells = [[columns[i] for i in used], *([f"{row[i]:,}" for i in used] for row in numbers)]
    sizes = [max(len(row[i]) for row in cells) for i in range(len(used))]
    room = max(12, min(max(map(len, tools), default=0), width - sum(sizes) - 2 * len(sizes)))
    return [
        "  ".join(
            [
                cut(plain(name), room).ljust(room),
                *(one.rjust(size) for one, size in zip(row, sizes, strict=True)),
            ]
        ).rstrip()
        for name, row in zip(["", *tools], cells, strict=True)
    ]


def _together(failures: list[Failure]) -> list[tuple[Failure, list[Failure]]]:
    """Return each failure; those that one line mends for all tools together, under the first."""
    found: dict[object, tuple[Failure, list[Failure]]] = {}
    for one in failures:
        breach = one.breach
        is_common = breach.law is Law.NOT_GATED or breach.kind == SIGNATURE
        key = (breach.law, breach.kind) if is_common else breach.key
        found.setdefault(key, (one, []))[1].append(one)
    return list(found.values())


def _failure(one: Failure, also: list[Failure], width: int, ink: Ink) -> list[str]:
    breach = one.breach
    sign, colour = ("✗", "red") if breach.law.is_breaking else ("~", "yellow")
    lines = wrap(f"{sign} {title_of(one)}", width)
    lines = [ink.paint(line, "bold", colour) for line in lines]
    kind = f"{breach.kind}: " if breach.law is Law.UNDECLARED else ""
    lines += wrap(f"{kind}{plain(breach.said)[:_ARGUMENTS_CHARS_MAX]}", width, indent="  ")
    # Of a process that ended nobody knows the line: its place is the stage of the call.
    has_line = breach.law is Law.UNDECLARED and ":" in breach.place
    at = f"; at {breach.place}" if has_line else ""
    lines += wrap(f"{count(one.count, 'case')}{at}", width, indent="  ")
    lines += wrap(f"tool: {_where(one)}", width, indent="  ") if _where(one) else []
    lines += wrap(f"changed: {plain(one.case.said)}, {_source(one)}", width, indent="  ")
    arguments = plain(one.case.arguments)
    lines += wrap(f"arguments: {_short(arguments)}", width, indent="  ")
    hint = _OPEN if breach.kind == SIGNATURE else _HINTS[breach.law]
    lines += wrap(f"({hint})", width, indent="  ")
    if len(also) > 1:
        others = ", ".join(f"{plain(each.breach.tool)} {each.count}" for each in also[1:])
        lines += wrap(f"the same, by cases: {others}", width, indent="  ")
    return [*lines, "", *_test(one, ink)]


def title_of(one: Failure) -> str:
    """Return what a failure is, in one line."""
    if one.breach.kind == SIGNATURE:
        return f"{plain(one.breach.tool)} has no parameter for a field that its schema leaves open"
    title = _TITLES[one.breach.law].format(kind=one.breach.kind)
    place = one.breach.place
    if one.breach.law in (Law.INVALID_REACHED, Law.DISAGREEMENT) and place:
        title += f": {place}"
    return f"{plain(one.breach.tool)} {plain(title)}"


def _test(one: Failure, ink: Ink) -> list[str]:
    return [ink.paint(f"      {line}".rstrip(), "dim") for line in one.test.rstrip().split("\n")]


def _where(one: Failure) -> str:
    return f"{one.file}:{one.line}" if one.file else ""


def _source(one: Failure) -> str:
    captured = one.case.captured
    if not captured.step_number:
        return "nothing captured"
    return f"from trace {plain(captured.trace_id)}, step {captured.step_number}"


def _short(text: str) -> str:
    if len(text) <= _ARGUMENTS_CHARS_MAX:
        return text
    half = _ARGUMENTS_CHARS_MAX // 2
    return f"{text[:half]} … {len(text) - 2 * half:,} characters … {text[-half:]}"


def _kept(report: FuzzReport) -> list[str]:
    lines = [f"still fails: {one.file}" for one in report.still_failing]
    lines += [f"fails no longer: {one.file}" for one in report.mended]
    return ["", *lines] if lines else []


def _notes(report: FuzzReport, width: int) -> list[str]:
    notes = []
    unread = [name for name, one in report.tools.items() if not one.captured]
    if unread:
        notes.append(
            f"No payload captured of {', '.join(unread)}: its cases come from the schema alone."
        )
    not_run = sum(one.not_run for one in report.tools.values())
    if not_run:
        notes.append(f"{count(not_run, 'case')} could not be run: {report.why_not_run}")
    if report.unknown_tools:
        notes.append(f"Not in today's toolbox: {', '.join(report.unknown_tools)}.")
    if report.not_to_run:
        notes.append(f"Not run, as they say no replay may: {', '.join(report.not_to_run)}.")
    if not report.has_hypothesis:
        notes.append(
            "Without hypothesis no case is made from the schema alone: "
            "pip install 'replay-sandbox[fuzz]'."
        )
    if report.is_interrupted:
        notes.append("Stopped by Ctrl-C: this is what was found until then.")
    return [line for note in notes for line in ("", *wrap(plain(note), width))]


def fuzz_json(report: FuzzReport) -> JsonObject:
    """Return the report as JSON."""
    return {
        "toolbox": report.toolbox,
        "seed": report.seed,
        "interrupted": report.is_interrupted,
        "tools": {
            name: {field: getattr(one, field) for field in ToolCounts.__slots__}
            for name, one in report.tools.items()
        },
        "failures": [_failure_json(one) for one in report.failures],
        "still_failing": _files(report.still_failing),
        "mended": _files(report.mended),
        "unknown_tools": report.unknown_tools,
        "not_to_run": report.not_to_run,
        "not_run": report.why_not_run,
    }


def _failure_json(one: Failure) -> JsonObject:
    breach = one.breach
    return {
        "signature": one.signature,
        "tool": breach.tool,
        "law": str(breach.law),
        "breaking": breach.law.is_breaking,
        "title": title_of(one),
        "kind": breach.kind,
        "place": breach.place,
        "said": breach.said,
        "case_count": one.count,
        "file": one.file,
        "line": one.line,
        "change": one.case.said,
        "trace": one.case.captured.trace_id or None,
        "step": one.case.captured.step_number or None,
        "arguments": one.case.arguments,
        "test": one.test,
    }


def _files(kept: Iterable[Kept]) -> list[str]:
    return [str(one.file) for one in kept]
