"""Calls run twice with one request id, in one world: a second write is seen by what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from replay.records import Outcome, ReplayedCall, Transcript
from replay.records.traces import STATE_NOT_SHOWN
from replay.replayer.cassette_of import WRITE
from replay.replayer.job_runner import JobRunner
from replay.replayer.jobs import TODAY, Job
from replay.replayer.plan import job_of, tool_calls
from replay.replayer.policies import Policies
from replay.verdicts.canonical import read_response
from replay.verdicts.diffing import diff_values
from replay.verdicts.paths import general_path

_AGAIN = "#again"


@dataclass(frozen=True, slots=True)
class Breakage:
    """One thing that broke a promise in one call."""

    group: str
    """The same for calls that broke it in the same way, with other values."""
    said: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """One call that was run twice."""

    call_id: str
    tool: str
    trace_id: str
    step_number: int
    broken: tuple[Breakage, ...]
    """What its second run did that it must not; empty: nothing."""
    shows_state: bool
    """Whether the world's state could be compared."""


def repeat_calls(
    runner: JobRunner,
    transcripts: Iterable[Transcript],
    tools: Collection[str],
    policies: Policies,
    found: dict[str, Repeat],
    *,
    on_trace: Callable[[], None] = lambda: None,
) -> None:
    """Put into ``found``, by call id, how each successful call of ``tools`` went the second time.

    A second run that changed the world is not repeated for the calls after it: the trace runs
    again with that call once.
    """
    waiting = {one.trace.id: one for one in transcripts}
    jobs = [_doubled(one, _ids(one, tools), policies) for one in waiting.values()]
    while jobs:
        again: list[Job] = []
        for result in runner.run(jobs):
            transcript = waiting[result.job.trace_id]
            once = {id for id, one in found.items() if one.broken}
            if _take(found, transcript, result.job, result.replayed):
                once |= {id for id, one in found.items() if one.broken}
                again.append(_doubled(transcript, _ids(transcript, tools) - once, policies))
            else:
                on_trace()
        jobs = again


def _ids(transcript: Transcript, tools: Collection[str]) -> set[str]:
    return {call.id for call in tool_calls(transcript) if call.tool in tools}


def _doubled(transcript: Transcript, twice: set[str], policies: Policies) -> Job:
    """Return the job of a trace with each call alone, and those of ``twice`` two times."""
    job = job_of(transcript, TODAY, policies=policies)
    job.shows_state = True
    groups = []
    for order in (order for group in job.groups for order in group):
        watched = replace(order, is_watched=True)
        groups.append([watched])
        if order.id in twice:
            call = {**order.call, "id": order.id + _AGAIN, "request_id": order.id, "draws": None}
            groups.append([replace(watched, call=call)])
    job.groups = groups
    return job


def _take(
    found: dict[str, Repeat],
    transcript: Transcript,
    job: Job,
    replayed: dict[str, ReplayedCall],
) -> bool:
    """Take up a trace's repeats until one changed the world; return whether one did."""
    calls = {call.id: call for call in tool_calls(transcript)}
    for call_id in job.call_ids():
        second = replayed.get(call_id + _AGAIN)
        first = replayed[call_id]
        if second is None or call_id in found or not _is_telling(first):
            continue
        broken = tuple(_broken(first, second))
        call = calls[call_id]
        shows_state = _state(first) is not None
        found[call_id] = Repeat(
            call_id, call.tool, transcript.trace.id, call.step_number, broken, shows_state
        )
        if broken:
            return True
    return False


def _is_telling(first: ReplayedCall) -> bool:
    if first.result is None or first.result.outcome is not Outcome.OK:
        return False
    return not any(one.change == "unanswered" for one in first.outside.changes)


def _broken(first: ReplayedCall, second: ReplayedCall) -> Iterator[Breakage]:
    """Return in words what a second run did that an idempotent tool does not do."""
    if second.result is None:
        yield Breakage("not run", f"it could not be run again: {second.note}")
        return
    assert first.result is not None
    if second.result.outcome is not Outcome.OK:
        error = second.result.error
        ended = f"the second call ended {second.result.outcome}"
        yield Breakage(ended, f"{ended}: {error.message if error else ''}")
    else:
        old = read_response(first.result.response).value
        new = read_response(second.result.response).value
        changes = diff_values(old, new)
        if changes:
            one = changes[0]
            where = one.path or "the response"
            said = f"{where} is {one.replayed!r} the second time, not {one.recorded!r}"
            more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
            yield Breakage(f"answer {general_path(one.path)}", said + more)
    if _state(first) != _state(second) and None not in (_state(first), _state(second)):
        yield Breakage("state", "the second call changes the state again")
    keys = {one["value"] for one in _writes(first) if one["value"] is not None}
    again = [str(one["where"]) for one in _writes(second) if one["value"] not in keys]
    for line in dict.fromkeys(again):
        yield Breakage(line, f"the second call sends {line} again")


def _state(call: ReplayedCall) -> str | None:
    if call.result is None or any(note.startswith(STATE_NOT_SHOWN) for note in call.result.notes):
        return None
    return call.result.state_hash


def _writes(call: ReplayedCall) -> list[dict[str, str | None]]:
    return [one for one in call.sources if one["kind"] == WRITE]
