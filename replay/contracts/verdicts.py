"""From what the runs showed to one result for each promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from replay.contracts.judging import Seen, lost_paths, percentiles, result_misfit
from replay.contracts.reads import PathReads, Reads
from replay.contracts.results import ContractResult, Kind, Status
from replay.contracts.terms import Terms
from replay.contracts.twice import Breakage, Repeat
from replay.contracts.watching import durations_ms
from replay.replayer.shaking.finding import Field

_NOT_CAPTURED: Final = "no call of it was captured"
_NOT_ANSWERED: Final = "today's code answers no captured call of it"
_INTERRUPTED: Final = "stopped before a call could show it"
_DETAILS_MAX: Final = 5


@dataclass(slots=True)
class Evidence:
    """All that the runs showed."""

    reads: Reads
    seen: dict[str, Seen] = field(default_factory=dict)
    repeats: dict[str, Repeat] = field(default_factory=dict)
    unstable: list[Field] = field(default_factory=list)
    held: list[Field] = field(default_factory=list)
    shaken: dict[str, str] = field(default_factory=dict)
    """The tool of each call that ran under other conditions."""
    steps: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Trace and step of each call, in recorded order."""
    captured: frozenset[str] = frozenset()
    """The tools of these calls."""
    is_interrupted: bool = False
    """Not all has run: what no call has shown yet is unknown."""

    def answered(self, tool: str) -> list[Seen]:
        """Return the calls of ``tool`` that today's code answers."""
        mine = [self.seen[call_id] for call_id in self.steps if call_id in self.seen]
        return [one for one in mine if one.call.tool == tool and one.is_answered]

    def repeated(self, tool: str) -> list[Repeat]:
        """Return the calls of ``tool`` that were run twice."""
        mine = [self.repeats[call_id] for call_id in self.steps if call_id in self.repeats]
        return [one for one in mine if one.tool == tool]


def judged(terms: Terms, evidence: Evidence) -> Iterator[ContractResult]:
    """Return one result for each promise of one tool, in the order of ``Kind``."""
    for kind in Kind:
        if kind in terms.kinds:
            result = _JUDGES[kind](terms, evidence)
            yield replace(result, file=terms.file, line=terms.tool.line)


def _result(
    terms: Terms,
    kind: Kind,
    evidence: Evidence,
    *,
    calls: int,
    broken: Sequence[tuple[str, Breakage]],
    kept: str,
    unjudged: str = _NOT_ANSWERED,
    details: Sequence[str] = (),
) -> ContractResult:
    """Return the result of a promise that ``broken`` (call id, words) of ``calls`` break."""
    tool = terms.tool.name
    if not calls:
        said = unjudged if tool in evidence.captured else _NOT_CAPTURED
        said = _INTERRUPTED if evidence.is_interrupted and tool in evidence.captured else said
        return ContractResult(tool, kind, Status.NOT_JUDGED, said, list(details))
    if not broken:
        return ContractResult(tool, kind, Status.KEPT, kept, list(details), calls)
    first_id, first = broken[0]
    groups: dict[str, list[Breakage]] = {}
    for _, one in broken:
        groups.setdefault(one.group, []).append(one)
    others = [
        f"{found[0].said} ({len(found):,})"
        for group, found in groups.items()
        if group != first.group
    ]
    trace_id, step_number = evidence.steps[first_id]
    return ContractResult(
        tool,
        kind,
        Status.BROKEN,
        first.said,
        [*others[:_DETAILS_MAX], *details],
        calls,
        len({call_id for call_id, _ in broken}),
        trace_id,
        step_number,
    )


def _idempotent(terms: Terms, evidence: Evidence) -> ContractResult:
    repeats = evidence.repeated(terms.tool.name)
    notes = []
    if repeats and not any(one.shows_state for one in repeats):
        notes = ["without @toolbox.state, only answers and writes to the outside were compared"]
    return _result(
        terms,
        Kind.IDEMPOTENT,
        evidence,
        calls=len(repeats),
        broken=[(one.call_id, broken) for one in repeats for broken in one.broken],
        kept="the second call answers the same and writes nothing",
        details=notes,
    )


def _deterministic(terms: Terms, evidence: Evidence) -> ContractResult:
    tool = terms.tool.name
    calls = sum(1 for name in evidence.shaken.values() if name == tool)
    unstable = [one for one in evidence.unstable if one.tool == tool]
    held = [one for one in evidence.held if one.tool == tool]
    order = {call_id: number for number, call_id in enumerate(evidence.steps)}
    broken, details = [], []
    for one in (*unstable, *held):
        said = f"{one.path or 'the response'} is {_short(one.first)}, then {_short(one.second)}"
        broken += [(call_id, Breakage(one.path, said)) for call_id in one.calls]
        details += [f"{one.path or 'the response'}: {site}" for site in one.sites]
    broken.sort(key=lambda found: (order.get(found[0], 0), found[1].group))
    if held and not unstable:
        details.append(
            "in a replay it is held; in production it depends on the clock, chance, or the machine"
        )
    return _result(
        terms,
        Kind.DETERMINISTIC,
        evidence,
        calls=calls,
        broken=broken,
        kept="the same under every condition",
        details=details,
    )


def _budget(terms: Terms, evidence: Evidence) -> ContractResult:
    tool, budget = terms.tool.name, terms.budget_ms
    durations = durations_ms(tool, evidence.seen)
    if not durations:
        return _result(terms, Kind.BUDGET, evidence, calls=0, broken=[], kept="")
    middle, most = percentiles(durations)
    said = f"p50 {_ms(middle)}, p95 {_ms(most)}"
    measured = {"p50_ms": round(middle, 3), "p95_ms": round(most, 3), "budget_ms": budget}
    if budget is None:
        result = ContractResult(tool, Kind.BUDGET, Status.NOT_JUDGED, said, [], len(durations))
        return replace(result, measured=measured)
    said = f"{said} of {_ms(budget)}"
    slow = [
        (one.call.id, Breakage("budget", said))
        for one in evidence.answered(tool)
        if one.duration_ms is not None and one.duration_ms > budget
    ]
    result = _result(
        terms,
        Kind.BUDGET,
        evidence,
        calls=len(durations),
        broken=slow if most > budget else [],
        kept=said,
    )
    return replace(result, measured=measured)


def _keeps(terms: Terms, evidence: Evidence) -> ContractResult:
    tool = terms.tool.name
    paths = terms.keeps or tuple(evidence.reads.paths(tool))
    counts = evidence.reads.of_tool.get(tool, {})
    had: Counter[str] = Counter()
    broken: list[tuple[str, Breakage]] = []
    judged_count = 0
    for one in evidence.answered(tool):
        found, lost = lost_paths(one, paths)
        had.update(found)
        judged_count += bool(found)
        broken += [(one.call.id, Breakage(path, _lost(path, counts))) for path in lost]
    never = [path for path in terms.keeps if not had[path]]
    unjudged = _NOT_ANSWERED if not evidence.answered(tool) else "no later step read any of it"
    if terms.keeps:
        unjudged = f"no captured response has {', '.join(terms.keeps)}"
    shown = ", ".join(path or "the response" for path in paths if had[path])
    result = _result(
        terms,
        Kind.KEEPS,
        evidence,
        calls=judged_count,
        broken=broken,
        kept=shown,
        unjudged=unjudged,
        details=[f"no captured response has {path}" for path in never] if had else [],
    )
    measured = {
        path: {
            "arguments": one.in_arguments,
            "words": one.in_words,
            "trace": one.trace_id,
            "step": one.step_number,
            "reader": one.reader,
        }
        for path, one in counts.items()
    }
    lost = sorted({path for one in evidence.answered(tool) for path in lost_paths(one, paths)[1]})
    return replace(result, measured={"reads": measured, "lost": lost})


def _lost(path: str, counts: dict[str, PathReads]) -> str:
    gone = f"{path or 'the response'} is gone"
    read = counts.get(path)
    if read is None:
        return gone
    times = f"{read.count:,} {'time' if read.count == 1 else 'times'}"
    return f"{gone}, which later steps read {times}: {read.reader}"


def _fits_result(terms: Terms, evidence: Evidence) -> ContractResult:
    schema = terms.tool.result
    answered = evidence.answered(terms.tool.name) if schema is not None else []
    found = [(one.call.id, result_misfit(one, schema)) for one in answered]
    return _result(
        terms,
        Kind.RESULT,
        evidence,
        calls=len(answered),
        broken=[(call_id, Breakage(said, said)) for call_id, said in found if said is not None],
        kept="what the function says it returns",
        unjudged=_NOT_ANSWERED if schema is not None else "it does not say what it returns",
    )


def _ms(duration_ms: float) -> str:
    return f"{duration_ms:,.0f} ms" if duration_ms >= 10 else f"{duration_ms:.1f} ms"


def _short(value: object) -> str:
    words = repr(value)
    return words if len(words) <= 40 else f"{words[:39]}…"


_JUDGES: Final[dict[Kind, Callable[[Terms, Evidence], ContractResult]]] = {
    Kind.IDEMPOTENT: _idempotent,
    Kind.DETERMINISTIC: _deterministic,
    Kind.BUDGET: _budget,
    Kind.KEEPS: _keeps,
    Kind.RESULT: _fits_result,
}
