"""Cases in worker processes: each in a fresh world, closed, frozen, and with a deadline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from replay.fuzzing.cases import Case
from replay.records import JsonObject, ReplayedCall
from replay.replayer.job_runner import JobRunner
from replay.replayer.jobs import TODAY, Job


def run_cases(runner: JobRunner, cases: Iterable[Case]) -> Iterator[tuple[int, ReplayedCall]]:
    """Return how each case went, with its index, as they end.

    Raises:
        KeyboardInterrupt: the runner was stopped.
        WorkerError: no worker can be started any more.
    """
    for result in runner.run(job_of_case(case, str(at)) for at, case in enumerate(cases)):
        (replayed,) = result.replayed.values()
        yield int(result.job.name), replayed


def job_of_case(case: Case, name: str) -> Job:
    """Return the job that runs one case in the place of its captured call.

    It has that call's id, clock, draws and answers: whatever of them still fits.
    """
    captured = case.captured
    call: JsonObject = {
        **captured.order.call,
        "arguments": case.arguments,
        "tool_version": None,  # the payload is in today's form already
    }
    order = replace(captured.order, call=call)
    return Job(
        TODAY,
        captured.trace_id,
        captured.start,
        captured.trace_at,
        [[order]],
        shows_state=False,
        redacts=captured.redacts,
        name=name,
    )
