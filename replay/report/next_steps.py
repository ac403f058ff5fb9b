"""What to type next: commands beside what each of them shows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from replay.records import Cause, Finding, ReplayRun, Verdict
from replay.report.ink import Ink


def next_lines(
    run: ReplayRun,
    findings: Sequence[Finding],
    width: int,
    ink: Ink,
    database: str,
    *,
    is_whole: bool,
) -> list[str]:
    """Return the commands that go on from open ``findings``; nothing where there are none.

    ``is_whole``: every finding is shown already.
    """
    if not findings:
        return []
    first = findings[0]
    tools = f"--tools {shlex.quote(run.toolbox)}"
    commands = [
        (f"replay diff {database} {run.id} --all", "every differing call"),
        (f"replay show {database} {first.example_trace_id}", "the example's whole trace"),
    ][1 if is_whole else 0 :]
    if any(map(_is_of_the_schema, findings)):
        commands.append(
            (f"replay schema check {database} {tools}", "what changed schemas break, and its mend")
        )
    if run.baseline is None and (other := next(filter(_may_be_chance, findings), None)):
        asked = f"{tools} --trace {other.example_trace_id}"
        commands.append(
            (f"replay doctor explain {database} {asked}", "is it the code, the clock or chance?")
        )
    if first.verdict is not Verdict.NOT_RUN:  # what nobody judged is no change that was meant
        commands.append(
            (f"replay approve {database} {first.signature}", "accept the first finding")
        )
    longest = max(len(command) for command, _ in commands)
    beside = longest + max(len(what) for _, what in commands) + 4 <= width
    lines = ["", ink.paint("Next", "bold")]
    for command, what in commands:
        lines += (
            [f"  {command.ljust(longest)}  {what}"]
            if beside
            else [f"  {command}", ink.paint(f"      {what}", "dim")]
        )
    return lines


def _is_of_the_schema(finding: Finding) -> bool:
    is_of_a_tool = finding.error_type != "UnknownTool"
    return (
        finding.cause is Cause.SCHEMA and finding.verdict is Verdict.NOW_REJECTED and is_of_a_tool
    )


def _may_be_chance(finding: Finding) -> bool:
    """Whether only values differ: without a baseline, those of a clock or of chance do as well."""
    return (
        finding.verdict is Verdict.RESPONSE_CHANGED
        and finding.cause is Cause.CODE
        and bool(finding.paths)
        and all(path.startswith("~") for path in finding.paths)
    )
