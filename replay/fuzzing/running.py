"""Cases in worker processes: each in a fresh world, closed, frozen, and with a deadline."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from replay.fuzzing.cases import Case
from replay.records import JsonObject, ReplayedCall
from replay.replayer.environment import Place, sandboxed
from replay.replayer.jobs import TODAY, Job
from replay.replayer.pool import Isolation, Pool

_AHEAD = 8
"""Cases under way for each worker."""


class CaseRunner:
    """Runs cases in a pool of workers. A context manager."""

    def __init__(
        self,
        place: Place,
        *,
        jobs: int,
        deadline_s: float,
        isolation: Isolation = Isolation.TRACE,
        sandbox: str = "off",
    ) -> None:
        """Nothing is started before it is entered."""
        self.place = place
        self.jobs = jobs
        self.deadline_s = deadline_s
        self.isolation = isolation
        self.sandbox = sandbox
        self._stack = contextlib.ExitStack()
        self._pool: Pool | None = None

    def __enter__(self) -> CaseRunner:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="replay-fuzz-")))
            place = sandboxed(self.place, self.sandbox, worlds=folder)
            pool = Pool(
                {TODAY: place},
                jobs=self.jobs,
                deadline_s=self.deadline_s,
                isolation=self.isolation,
            )
            self._pool = stack.enter_context(pool)
            pool.wait_until_ready(TODAY)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool = None
        self._stack.close()

    def stop(self) -> None:
        """Make ``run`` raise KeyboardInterrupt; from any thread or handler."""
        if self._pool is not None:
            self._pool.stop()

    def run(self, cases: Iterable[Case]) -> Iterator[tuple[int, ReplayedCall]]:
        """Return how each case went, with its index, as they end.

        Raises:
            KeyboardInterrupt: ``stop`` was called.
            WorkerError: no worker can be started any more.
        """
        pool = self._pool
        assert pool is not None
        waiting = enumerate(cases)
        under_way = 0
        while True:
            room = _AHEAD * self.jobs - under_way
            for index, case in itertools.islice(waiting, room):
                pool.submit(job_of_case(case, str(index)))
                under_way += 1
            if not under_way:
                return
            for result in pool.wait():
                under_way -= 1
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
