"""`replay bisect`: the commit, who made it, and the verdict before and after."""

from __future__ import annotations

from replay.records import JsonObject
from replay.replayer.bisecting.bisection import Answer, Bisection, Question, Tested
from replay.replayer.bisecting.worktree import Commit
from replay.report.diff_text import render_verdict
from replay.report.ink import Ink, count, plain, wrap
from replay.report.terminal import finding_lines

_FINDINGS_MAX = 6
_FILES_MAX = 6
_CANDIDATES_MAX = 12


def render_bisection(
    found: Bisection, question: Question, *, width: int = 80, colored: bool = False
) -> str:
    """Return what the search found, as text."""
    ink = Ink(colored)
    lines = _head(found, width, ink)
    lines += ["", ink.paint(f"Before, at {found.before.commit.short_id}", "bold")]
    lines += _facts(found.before, question, found.gone, width, ink)
    lines += ["", ink.paint(f"After, at {found.after.commit.short_id}", "bold")]
    lines += _facts(found.after, question, found.new, width, ink)
    skipped = sum(tested.mark == "skip" for tested in found.tested)
    tried = count(len(found.tested), "commit") + " tried"
    tried += f", {skipped:,} of them skipped: their tools do not import" if skipped else ""
    return "\n".join([*lines, "", *(ink.paint(line, "dim") for line in wrap(tried, width))])


def bisection_json(found: Bisection) -> JsonObject:
    """Return the same as plain JSON."""
    return {
        "format": 1,
        "commit": None if found.found is None else _commit_json(found.found, found.files),
        "candidates": [commit.to_json() for commit in found.candidates],
        "before": _answer_json(found.before),
        "after": _answer_json(found.after),
        "new": sorted(found.new),
        "gone": sorted(found.gone),
        "tested": [_tested_json(tested) for tested in found.tested],
    }


def _head(found: Bisection, width: int, ink: Ink) -> list[str]:
    if found.found is None:
        said = (
            f"One of {count(len(found.candidates), 'commit')} changed it; the tools of those in "
            "between do not import, so which one cannot be told:"
        )
        lines = wrap(said, width, hang="")
        shown = found.candidates[:_CANDIDATES_MAX]
        lines += [line for commit in shown for line in _commit_line(commit, width)]
        more = len(found.candidates) - len(shown)
        return [*lines, f"  … and {more:,} more"] if more else lines
    commit = found.found
    lines = [ink.paint(f"Changed by {commit.id}", "bold")]
    lines += wrap(plain(commit.subject), width, indent="  ")
    by = f"{commit.author_name} <{commit.author_email}>, {commit.authored_at}"
    lines += wrap(plain(by), width, indent="  ")
    files = found.files[:_FILES_MAX]
    lines += [ink.paint(line, "dim") for file in files for line in wrap(file, width, indent="    ")]
    more = len(found.files) - len(files)
    return [*lines, f"    … and {more:,} more files"] if more else lines


def _commit_line(commit: Commit, width: int) -> list[str]:
    return wrap(f"{commit.short_id}  {plain(commit.subject)}", width, indent="  ")


def _facts(
    answer: Answer, question: Question, signatures: frozenset[str], width: int, ink: Ink
) -> list[str]:
    if question.step_number is not None:
        return [
            f"  {line}"
            for verdict in answer.verdicts
            for line in render_verdict(verdict, width=width - 2, colored=ink.colored).splitlines()
        ]
    wanted = [finding for finding in answer.findings if finding.signature in signatures]
    if not wanted:
        calls = count(len(answer.verdicts), "call")
        return [f"  {calls} replayed; {'not this' if answer.findings else 'no finding'}"]
    examples = {one.tool_call_id: one for one in answer.verdicts}
    lines: list[str] = []
    for finding in wanted[:_FINDINGS_MAX]:
        example = examples.get(finding.example_tool_call_id)
        part = finding_lines(finding, example, width=width - 2, ink=ink)
        lines += [f"  {line}" for line in part]
    more = len(wanted) - _FINDINGS_MAX
    return [*lines, f"  … and {count(more, 'more finding')}"] if more > 0 else lines


def _commit_json(commit: Commit, files: list[str]) -> JsonObject:
    return {**commit.to_json(), "files": files}


def _answer_json(answer: Answer) -> JsonObject:
    return {
        "commit": answer.commit.id,
        "findings": [finding.model_dump(mode="json") for finding in answer.findings],
        "verdicts": [
            verdict.model_dump(mode="json")
            for verdict in answer.verdicts
            if verdict.signature is not None or len(answer.verdicts) == 1
        ],
    }


def _tested_json(tested: Tested) -> JsonObject:
    return {
        **tested.answer.commit.to_json(),
        "mark": tested.mark,
        "why_not": tested.answer.why_not,
    }
