"""Two parsers side by side over recorded calls: what each accepts, and how they read it.

Nothing is run: every call is judged by both, and a disagreement is counted by tool and reason, with
the first call that shows it. Where an old version is not in the toolbox any more, what the
recording says of its call stands for it.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from replay.errors import SelectionError
from replay.records import Actor, JsonObject, ModelCall, Outcome, ToolCall, Transcript
from replay.records.codes import UNFIT
from replay.replayer.questions.asking import Asking, Judged, Question
from replay.tools.error_text import nearest_name
from replay.tools.resolve import Parser
from replay.verdicts.comparison import payload_changes
from replay.verdicts.signatures import signed_paths
from replay.verdicts.titles import rejection_reasons

ParserName: TypeAlias = Literal["old", "new", "strict", "flexible"]
PARSERS: Final[tuple[ParserName, ...]] = get_args(ParserName)

Kind: TypeAlias = Literal["rejects", "accepts", "reads", "says"]
"""What the second parser does otherwise than the first: it alone rejects or accepts, both accept
and read another payload, or both reject and say something else."""

_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_INDEX: Final = re.compile(r"\[\d+\](?=[^`]*`)")
_NEVER_PARSED: Final = frozenset({Outcome.UNFINISHED, Outcome.CANCELLED, Outcome.THROTTLED})


def parsers_named(text: str) -> tuple[ParserName, ParserName]:
    """Return the two parsers of ``old:new``; ``both`` is that one.

    Raises:
        SelectionError: they are not two, or no parsers.
    """
    first, _, second = ("old:new" if text == "both" else text).partition(":")
    for name in (first, second):
        if name not in PARSERS:
            raise SelectionError(
                f"There is no parser {name!r}.",
                nearest=nearest_name(name, PARSERS),
                hint=f"There are: {', '.join(PARSERS)}. Two are compared as `old:new`.",
            )
    if first == second:
        raise SelectionError(f"{first!r} cannot be compared with itself.")
    return first, second  # type: ignore[return-value]  # looked up above


@dataclass(frozen=True, slots=True)
class AskedCall:
    """One recorded call, as two parsers are asked about it."""

    call: ToolCall
    model: str | None


@dataclass(slots=True)
class Disagreement:
    """Calls that two parsers disagree about for one reason."""

    kind: Kind
    reason: str
    first: ToolCall
    calls: int = 0
    models: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Side:
    """One parser, over the calls of one tool."""

    accepted: int = 0
    versions: Counter[str] = field(default_factory=Counter)
    translated: int = 0
    as_recorded: int = 0
    """Calls whose version is gone: what the recording says of them stands."""
    durations_us: array[float] = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class ToolCompared:
    """What two parsers make of the calls of one tool."""

    tool: str
    first: Side = field(default_factory=Side)
    second: Side = field(default_factory=Side)
    calls: int = 0
    disagreements: dict[tuple[Kind, str], Disagreement] = field(default_factory=dict)


class ParsersCompared:
    """Two parsers over a selection of calls; ``report`` gives it as plain JSON."""

    def __init__(self, first: ParserName, second: ParserName) -> None:
        self.first = first
        self.second = second
        self.tools: dict[str, ToolCompared] = {}
        self.not_compared: Counter[str] = Counter()

    def count(self, asked: AskedCall, first: Judged, second: Judged) -> None:
        """Count what both say of one call."""
        call = asked.call
        compared = self.tools.setdefault(call.tool, ToolCompared(call.tool))
        compared.calls += 1
        for side, judged in ((compared.first, first), (compared.second, second)):
            _count_side(side, judged)
        for kind, reason in _differences(call, first, second):
            found = compared.disagreements.setdefault(
                (kind, reason), Disagreement(kind, reason, call)
            )
            found.calls += 1
            if asked.model:
                found.models[asked.model] += 1

    @property
    def disagreement_count(self) -> int:
        """How many reasons there are to disagree."""
        return sum(len(one.disagreements) for one in self.tools.values())

    @property
    def rejects(self) -> bool:
        """Whether the second parser rejects a call that the first accepts."""
        return any(
            kind == "rejects" for one in self.tools.values() for kind, _ in one.disagreements
        )

    def report(self) -> JsonObject:
        """Return everything as plain JSON: by tool, most calls first."""
        tools = sorted(self.tools.values(), key=lambda one: (-one.calls, one.tool))
        return {
            "first": self.first,
            "second": self.second,
            "tools": [_tool_report(one, self.first, self.second) for one in tools],
            "not_compared": dict(sorted(self.not_compared.items())),
        }


def compare_parsers(
    asking: Asking,
    transcripts: Iterable[Transcript],
    parsers: tuple[ParserName, ParserName],
    *,
    tools: Iterable[str] = (),
) -> ParsersCompared:
    """Return what ``parsers`` make of the calls of ``transcripts``; ``tools`` limits it to those.

    Raises:
        WorkerError: no worker can be started any more.
    """
    compared = ParsersCompared(*parsers)
    wanted = frozenset(tools)
    # At least one of the two is a question: only an old version can be known without asking.
    pending: deque[tuple[AskedCall, list[Judged | Question]]] = deque()

    def questions() -> Iterator[Question]:
        for asked in _calls_of(transcripts, wanted):
            why_not = _why_not(asked.call, parsers)
            if why_not is not None:
                compared.not_compared[why_not] += 1
                continue
            both = [_answer_or_question(asking, asked, parser) for parser in parsers]
            pending.append((asked, both))
            yield from (one for one in both if isinstance(one, Question))

    for answer in asking.judge(questions()):
        asked, both = pending[0]
        both[next(i for i, one in enumerate(both) if isinstance(one, Question))] = answer
        first, second = both
        if isinstance(first, Judged) and isinstance(second, Judged):
            compared.count(asked, first, second)
            pending.popleft()
    return compared


def _calls_of(transcripts: Iterable[Transcript], tools: frozenset[str]) -> Iterator[AskedCall]:
    for transcript in transcripts:
        models = {
            step.id: step.response_model or step.model
            for step in transcript.steps
            if isinstance(step, ModelCall)
        }
        for step in transcript.steps:
            if isinstance(step, ToolCall) and (not tools or step.tool in tools):
                yield AskedCall(step, models.get(step.model_call_id or ""))


def _why_not(call: ToolCall, parsers: tuple[ParserName, ParserName]) -> str | None:
    if call.outcome in _NEVER_PARSED:
        return f"ended as {call.outcome.value} when recorded"
    if "old" in parsers and call.tool_version is None and call.schema_hash is None:
        return "the recording does not say which version read them"
    return None


def _answer_or_question(asking: Asking, asked: AskedCall, parser: ParserName) -> Judged | Question:
    call = asked.call
    if parser == "old" and not _has(asking, call.tool, call.tool_version, call.actor):
        return _as_recorded(call)
    reads: Parser = parser
    return Question(
        call.tool,
        call.arguments,
        from_version=call.tool_version,
        positional=call.positional,
        actor=call.actor,
        model=asked.model,
        trace_id=call.trace_id,
        parser=reads,
    )


def _has(asking: Asking, tool: str, version: str | None, actor: Actor) -> bool:
    return any(
        (one.name, one.version, one.actor) == (tool, version, actor) for one in asking.toolbox.tools
    )


def _as_recorded(call: ToolCall) -> Judged:
    """What the recording says of the version that read a call, where it is not here any more."""
    if call.outcome not in UNFIT:
        return Judged(Outcome.OK, version=call.tool_version, payload=call.payload)
    details = call.error.details if call.error is not None else None
    return Judged(
        call.outcome,
        version=call.tool_version,
        errors=details if isinstance(details, list) else [],
        message=call.error.message if call.error is not None else None,
    )


def _count_side(side: Side, judged: Judged) -> None:
    side.accepted += _accepts(judged)
    side.versions[judged.version or ""] += 1
    side.translated += bool(judged.translated)
    if judged.duration_us is None:
        side.as_recorded += 1
    else:
        side.durations_us.append(judged.duration_us)


def _accepts(judged: Judged) -> bool:
    return judged.outcome is Outcome.OK


def _differences(call: ToolCall, first: Judged, second: Judged) -> Iterator[tuple[Kind, str]]:
    if _accepts(first) and _accepts(second):
        if first.payload is None or second.payload is None:
            return
        changes = payload_changes(
            first.payload,
            second.payload,
            call.arguments,
            is_translated=second.translated is not None,
        )
        if changes:
            yield "reads", _read_reason(signed_paths(changes))
    elif _accepts(first):
        yield "rejects", _reason(second)
    elif _accepts(second):
        yield "accepts", _reason(first)
    elif first.outcome is not second.outcome or _reason(first) != _reason(second):
        yield "says", f"{_reason(first)}; the other: {_reason(second)}"


def _read_reason(signed: list[str]) -> str:
    words = {"+": "gets `{}`", "-": "loses `{}`", "~": "reads `{}` otherwise"}
    said = [words[one[0]].format(one[1:] or "arguments") for one in signed[:3]]
    more = len(signed) - len(said)
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")


def _reason(judged: Judged) -> str:
    if judged.outcome is Outcome.INVALID_ARGUMENTS and judged.errors:
        return _INDEX.sub("[*]", ", ".join(rejection_reasons(judged.errors)))
    if judged.outcome is Outcome.BAD_JSON:
        return "no JSON object"
    if judged.outcome is Outcome.UNKNOWN_TOOL:
        return "no such tool"
    where = f" in {judged.stage}" if judged.stage else ""
    said = " ".join((judged.message or "").split())
    return f"{judged.outcome.value.replace('_', ' ')}{where}" + (f": {said:.90}" if said else "")


def _tool_report(one: ToolCompared, first: str, second: str) -> JsonObject:
    ordered = sorted(
        one.disagreements.values(),
        key=lambda found: (_KINDS.index(found.kind), -found.calls, found.reason),
    )
    return {
        "tool": one.tool,
        "calls": one.calls,
        first: _side_report(one.first),
        second: _side_report(one.second),
        "disagreements": [
            {
                "kind": found.kind,
                "reason": found.reason,
                "calls": found.calls,
                "models": dict(sorted(found.models.items())),
                "trace_id": found.first.trace_id,
                "step_number": found.first.step_number,
                "tool_call_id": found.first.id,
            }
            for found in ordered
        ],
    }


def _side_report(side: Side) -> JsonObject:
    return {
        "accepted": side.accepted,
        "versions": dict(sorted(side.versions.items())),
        "translated": side.translated,
        "as_recorded": side.as_recorded,
        "p50_us": percentile(side.durations_us, 50),
        "p95_us": percentile(side.durations_us, 95),
    }


def percentile(values: Iterable[float], percent: float) -> float | None:
    """Return the value that ``percent`` of ``values`` do not pass; None: there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))], 1)
