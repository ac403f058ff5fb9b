"""Any number of jobs for today's tools, kept few at a time, in a pool of their own."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from replay.records import JsonObject
from replay.replayer.environment import Place, sandboxed
from replay.replayer.jobs import TODAY, Job, JobResult
from replay.replayer.pool import Isolation, Pool

_AHEAD = 8
"""Jobs under way for each worker."""


class JobRunner:
    """Runs jobs that no lane belongs to: cases of fuzzing, traces of contracts. A context manager.

    Whoever reads its results gets them as they end; ``Job.name`` tells them apart.
    """

    def __init__(
        self,
        place: Place,
        *,
        jobs: int = 1,
        deadline_s: float = 10.0,
        isolation: Isolation = Isolation.TRACE,
        sandbox: str = "off",
    ) -> None:
        """Nothing is started before it is entered; then ``jobs`` workers are."""
        self.place = place
        self.jobs = jobs
        self.deadline_s = deadline_s
        self.isolation = isolation
        self.sandbox = sandbox
        self.greeting: JsonObject = {}
        """What a worker says of its tools."""
        self._stack = contextlib.ExitStack()
        self._pool: Pool | None = None

    def __enter__(self) -> JobRunner:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="replay-jobs-")))
            place = sandboxed(self.place, self.sandbox, worlds=folder)
            pool = Pool(
                {TODAY: place},
                jobs=self.jobs,
                deadline_s=self.deadline_s,
                isolation=self.isolation,
            )
            self._pool = stack.enter_context(pool)
            self.greeting = pool.wait_until_ready(TODAY)
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

    def run(self, jobs: Iterable[Job]) -> Iterator[JobResult]:
        """Return what became of each job, as they end.

        Raises:
            KeyboardInterrupt: ``stop`` was called.
            WorkerError: no worker can be started any more.
        """
        pool = self._pool
        assert pool is not None
        waiting = iter(jobs)
        under_way = 0
        while True:
            for job in itertools.islice(waiting, _AHEAD * self.jobs - under_way):
                pool.submit(job)
                under_way += 1
            if not under_way:
                return
            for result in pool.wait():
                under_way -= 1
                yield result
