"""Captured calls run once more and watched: what they answer today, and how long they take."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from replay.contracts.judging import Seen, percentiles
from replay.contracts.results import Kind
from replay.contracts.terms import Terms
from replay.records import Transcript
from replay.replayer.job_runner import JobRunner
from replay.replayer.jobs import TODAY, Job
from replay.replayer.plan import job_of, tool_calls
from replay.replayer.policies import Policies


def seen_calls(
    runner: JobRunner,
    transcripts: Iterable[Transcript],
    tools: Collection[str],
    policies: Policies,
    *,
    on_trace: Callable[[], None] = lambda: None,
) -> Iterator[Seen]:
    """Return the calls of ``tools`` as today's code answers them, trace by trace as these end."""
    chosen = {one.trace.id: one for one in transcripts}
    for result in runner.run(_watched(one, policies) for one in chosen.values()):
        for call in tool_calls(chosen[result.job.trace_id]):
            if call.tool in tools and call.id in result.replayed:
                yield Seen(call, result.replayed[call.id])
        on_trace()


def _watched(transcript: Transcript, policies: Policies) -> Job:
    job = job_of(transcript, TODAY, policies=policies)
    job.shows_state = False
    for group in job.groups:
        for order in group:
            order.is_watched = True
    return job


def over_budget(terms: Sequence[Terms], seen: dict[str, Seen]) -> set[str]:
    """Return the tools whose calls took longer than they may."""
    found = set()
    for one in terms:
        if Kind.BUDGET not in one.kinds or one.budget_ms is None:
            continue
        durations = durations_ms(one.tool.name, seen)
        if durations and percentiles(durations)[1] > one.budget_ms:
            found.add(one.tool.name)
    return found


def durations_ms(tool: str, seen: dict[str, Seen]) -> list[float]:
    """Return what each answered call of ``tool`` took."""
    return [
        one.duration_ms
        for one in seen.values()
        if one.call.tool == tool and one.is_answered and one.duration_ms is not None
    ]


def with_best_times(seen: dict[str, Seen], again: Iterable[Seen]) -> None:
    """Put each call measured again in place where it took less."""
    for one in again:
        before = seen[one.call.id]
        if (one.duration_ms or 0.0) < (before.duration_ms or 0.0):
            seen[one.call.id] = one
