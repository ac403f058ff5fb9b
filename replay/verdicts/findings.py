"""Verdicts with one cause, gathered into one finding.

Written for a stream: a replay run of millions of calls adds verdict after verdict; only what a
finding needs to be told is kept (some twenty calls each).
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import itemgetter
from types import MappingProxyType
from typing import Final, TypeAlias

from replay.records import CallVerdict, Cause, Finding, Verdict
from replay.records.codes import outcome_words
from replay.verdicts.answers import Ending, ending
from replay.verdicts.canonical import canonical_bytes, respelled
from replay.verdicts.exit_codes import BREAKING
from replay.verdicts.signatures import (
    ends_in_error,
    error_of,
    error_text,
    placeless_signature,
    signed_paths,
    state_not_shown,
)
from replay.verdicts.titles import title
from replay.verdicts.worlds_apart import is_other_start

_SAMPLES_MAX: Final = 20
"""Calls kept of each finding to word its title from: its earliest ones."""

ERROR_HASHES_MAX: Final = 64
"""Different error texts remembered of each finding."""

ANSWERS_MAX: Final = 64
"""Calls of each finding whose answers are remembered."""

FAILED_THEN: Final = "~"
"""Begins the hash of an error text of a call that had ended in an error when it was recorded."""

_Place: TypeAlias = tuple[int, bool, str, str, int, str]
"""Where a call stands among those of its finding: the earliest first, whoever finished first."""


@dataclass(slots=True)
class _Gathered:
    """One finding in the making."""

    samples: list[tuple[_Place, CallVerdict]] = field(default_factory=list)
    """The earliest calls, in order: those that worked when they were recorded first, and first
    divergences before conditional ones."""
    error_hashes: set[str] = field(default_factory=set)
    answers: dict[str, str] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)
    """When the traces of these calls started."""
    newest_start: str = ""
    all_calls: int = 0
    """All calls, and below all of them with what today answers, folded into one number each."""
    all_answers: int = 0
    calls: int = 0
    firsts: int = 0
    approved: bool = True
    traces: set[str] = field(default_factory=set)
    models: Counter[str] = field(default_factory=Counter)
    causes: Counter[Cause] = field(default_factory=Counter)

    def add(self, verdict: CallVerdict, started_at: str) -> None:
        self.calls += 1
        self.firsts += not verdict.conditional
        self.approved = self.approved and verdict.approved
        self.traces.add(verdict.trace_id)
        if verdict.model:
            self.models[verdict.model] += 1
        self.causes[verdict.cause or Cause.UNKNOWN] += 1
        place = (
            _rank(verdict),
            verdict.conditional,
            started_at,
            verdict.trace_id,
            verdict.step_number,
            verdict.tool_call_id,
        )
        if len(self.samples) < _SAMPLES_MAX or place < self.samples[-1][0]:
            insort(self.samples, (place, verdict), key=itemgetter(0))
            del self.samples[_SAMPLES_MAX:]
        self._remember(verdict, started_at)
        if ends_in_error(verdict):
            then = FAILED_THEN if verdict.verdict is Verdict.ERROR_CHANGED else ""
            self.error_hashes.add(then + _text_hash(error_text(verdict)))
            if len(self.error_hashes) > ERROR_HASHES_MAX:
                self.error_hashes.remove(max(self.error_hashes))

    def _remember(self, verdict: CallVerdict, started_at: str) -> None:
        call, answer = _short_hash(verdict.tool_call_id), _short_hash(_answer(verdict))
        self.answers[call], self.starts[call] = answer, started_at
        if len(self.answers) > ANSWERS_MAX:
            last = max(self.answers)
            del self.answers[last], self.starts[last]
        self.newest_start = max(self.newest_start, started_at)
        self.all_calls ^= _folded(verdict.tool_call_id)
        self.all_answers ^= _folded(f"{call} {answer}")


class Findings:
    """Findings in the making: ``add`` every verdict of a run, then ``collected``."""

    def __init__(self) -> None:
        self._gathered: dict[str, _Gathered] = {}
        self._totals: Counter[str] = Counter()
        self._recorded_until = ""

    def add(self, verdict: CallVerdict, started_at: str = "") -> None:
        """Count one verdict; green ones count for their tool's total only.

        ``started_at`` is when its trace started: a finding's example is its earliest call.
        """
        self._totals[verdict.tool] += 1
        self._recorded_until = max(self._recorded_until, started_at)
        if verdict.signature is not None:
            self._gathered.setdefault(verdict.signature, _Gathered()).add(verdict, started_at)

    def collected(self) -> list[Finding]:
        """Return the findings: first divergences first, breaking before changed, many first."""
        found = {
            signature: _finding(
                signature,
                gathered,
                self._total_of(gathered.samples[0][1]),
                self._recorded_until or None,
            )
            for signature, gathered in self._gathered.items()
        }
        return ranked(_told_apart(found, self._gathered))

    def _total_of(self, example: CallVerdict) -> int:
        """All calls that could have had what ``example`` has: of its tool, or of every tool."""
        if state_not_shown(example) is not None or is_other_start(example):
            return self._totals.total()
        return self._totals[example.tool]


def collect(
    verdicts: Iterable[CallVerdict], started_at: Mapping[str, str] = MappingProxyType({})
) -> list[Finding]:
    """Return the findings of ``verdicts``: first divergences first.

    ``started_at``: when their traces started, by id; a finding's example is its earliest call.
    """
    findings = Findings()
    for verdict in verdicts:
        findings.add(verdict, started_at.get(verdict.trace_id, ""))
    return findings.collected()


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Return ``findings`` in the order to read them.

    Open before approved, first divergences before what only followed, breaking before changed,
    many calls before few.
    """
    return sorted(
        findings,
        key=lambda finding: (
            finding.approved,
            finding.first_divergence_count == 0,
            finding.verdict not in BREAKING,
            -finding.first_divergence_count,
            -finding.call_count,
            finding.tool,
            finding.signature,
        ),
    )


def _rank(verdict: CallVerdict) -> int:
    """Return 0 for a call that works no longer, more for one that had failed then as well."""
    if verdict.verdict not in BREAKING:
        return 2
    then = verdict.recorded_outcome
    return int(then is not None and ending(then) is Ending.FAILING)


def _answer(verdict: CallVerdict) -> str:
    """Return in one text what today answers and asks, and the state that the call left otherwise.

    The state of other calls may be another because of calls before them.
    """
    result = verdict.replayed
    told: list[object] = []
    if result is not None:
        error = result.error if result.response is None else None
        told = [result.outcome, result.response, error and [error.type, error.message]]
        told += [result.state_hash] if verdict.effect_changed else []
    asked = [
        [change.change, change.request, change.field, change.replayed]
        for change in verdict.interaction_changes
    ]
    return canonical_bytes([told, asked]).decode("utf-8", "surrogatepass")


def _short_hash(text: str) -> str:
    plain = respelled(text)
    return blake2b(plain, digest_size=5).hexdigest()


def _folded(text: str) -> int:
    """Return a number to fold many texts into one with ``^``, in whatever order they come."""
    hashed = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(hashed, "big")


def _finding(
    signature: str, gathered: _Gathered, tool_call_total: int, recorded_until: str | None
) -> Finding:
    samples = [verdict for _, verdict in gathered.samples]
    example = samples[0]
    error = error_of(example)
    return Finding(
        run_id=example.run_id,
        signature=signature,
        tool=example.tool,
        verdict=example.verdict,
        cause=_cause(gathered.causes),
        title=title(samples),
        paths=sorted({path for sample in samples for path in _paths(sample)}),
        error_type=error.type if error else None,
        call_count=gathered.calls,
        first_divergence_count=gathered.firsts,
        trace_count=len(gathered.traces),
        tool_call_total=tool_call_total,
        models=dict(sorted(gathered.models.items())),
        example_tool_call_id=example.tool_call_id,
        example_trace_id=example.trace_id,
        example_step_number=example.step_number,
        error_hashes=sorted(gathered.error_hashes),
        answers=dict(sorted(gathered.answers.items())),
        starts=dict(sorted(gathered.starts.items())),
        newest_start=gathered.newest_start or None,
        recorded_until=recorded_until,
        all_calls=f"{gathered.all_calls:016x}",
        all_answers=f"{gathered.all_answers:016x}",
        placeless_signature=_placeless(example, signature),
        approved=gathered.approved,
    )


def _told_apart(
    found: Mapping[str, Finding], gathered: Mapping[str, _Gathered]
) -> Iterator[Finding]:
    """Return findings with what tells those apart that have one title: how their calls end."""
    titles = Counter(finding.title for finding in found.values())
    for signature, finding in found.items():
        example = gathered[signature].samples[0][1]
        then, result = example.recorded_outcome, example.replayed
        if titles[finding.title] == 1 or then is None or result is None:
            yield finding
            continue
        ends = [outcome_words(outcome) for outcome in (then, result.outcome)]
        said = f"{ends[0]} → {ends[1]}" if ends[0] != ends[1] else f"of calls that end {ends[0]}"
        after = ", carried over" if example.cause is Cause.CARRIED else ""
        yield finding.model_copy(update={"title": f"{finding.title} ({said}{after})"})


def _placeless(example: CallVerdict, signature: str) -> str | None:
    if example.verdict is not Verdict.EFFECT_CHANGED:
        return None
    placeless = placeless_signature(example)
    return None if placeless == signature else placeless


def _text_hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _paths(verdict: CallVerdict) -> list[str]:
    if verdict.verdict is Verdict.EFFECT_CHANGED:
        return verdict.state_paths
    return [] if ends_in_error(verdict) else signed_paths(verdict.changes)


def _cause(causes: Counter[Cause]) -> Cause:
    """The most frequent known cause; unknown only where nothing is known."""
    known = [(count, cause) for cause, count in causes.items() if cause is not Cause.UNKNOWN]
    return max(known)[1] if known else Cause.UNKNOWN
