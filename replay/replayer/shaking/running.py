"""Calls of some traces, run once under one condition."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from replay.records import JsonObject, ReplayedCall, Transcript
from replay.replayer.environment import Place, sandboxed, whole_reference
from replay.replayer.jobs import TODAY, Job
from replay.replayer.plan import job_of
from replay.replayer.pool import Isolation, Pool
from replay.replayer.shaking.conditions import CLOCK_TICK_NS, Condition
from replay.verdicts.canonical import read_response

_LOAD = "while True: sum(range(10_000))"


@dataclass(frozen=True, slots=True)
class Shaker:
    """Runs the calls of ``transcripts`` under one condition after the other."""

    place: Place
    transcripts: Sequence[Transcript]
    jobs: int
    deadline_s: float
    isolation: Isolation = Isolation.TRACE
    sandbox: str = "off"
    tools: dict[str, str] = field(default_factory=dict)
    """Filled: the tool of each call."""

    def run(self, condition: Condition) -> dict[str, ReplayedCall]:
        """Return every replayed call by its id.

        Raises:
            ToolboxError: the tools cannot be loaded.
            WorkerError: a worker cannot be started.
        """
        jobs = self.jobs if condition.jobs is None else (2 if self.jobs == 1 else 1)
        with contextlib.ExitStack() as stack:
            worlds = Path(stack.enter_context(TemporaryDirectory(prefix="replay-shaken-")))
            place = sandboxed(self._place(condition, worlds), self.sandbox, worlds=worlds)
            if condition.has_load:
                stack.enter_context(_load())
            pool = stack.enter_context(
                Pool(
                    {TODAY: place},
                    jobs=jobs,
                    deadline_s=self.deadline_s,
                    isolation=self.isolation,
                )
            )
            pool.wait_until_ready(TODAY)
            for transcript in self.transcripts:
                pool.submit(self._job(transcript, condition))
            replayed: dict[str, ReplayedCall] = {}
            while pool.unfinished_count:
                for result in pool.wait():
                    replayed |= result.replayed
        return replayed

    def _place(self, condition: Condition, folder: Path) -> Place:
        place = replace(
            self.place,
            environment={**self.place.environment, **condition.environment},
            pinned=condition.pinned,
            starter=condition.starter,
            observed={
                "salt": condition.salt,
                "tick_ns": CLOCK_TICK_NS if condition.clock_shift_s else 0,
            },
        )
        if not condition.elsewhere:
            return place
        named = whole_reference(place.toolbox, place.folder)
        return replace(place, toolbox=named, folder=str(folder.resolve()))

    def _job(self, transcript: Transcript, condition: Condition) -> Job:
        job = job_of(transcript, TODAY)
        job.shows_state = True
        for order in (order for group in job.groups for order in group):
            self.tools[order.id] = str(order.call["tool"])
            if condition.salt:
                order.call.pop("draws", None)
            if order.at is not None:
                order.at += condition.clock_shift_s
        if job.at is not None:
            job.at += condition.clock_shift_s
        return job


def facts(call: ReplayedCall) -> JsonObject:
    """Return what of a replayed call must not depend on anything: its answer and what it asked."""
    result = call.result
    if result is None:
        return {"note": call.note}
    error = result.error
    return {
        "response": read_response(result.response).value,
        "outcome": str(result.outcome),
        "error": None if error is None else [error.type, error.message],
        "world": result.state_hash,
        "asks": call.outside.asked,
    }


@contextlib.contextmanager
def _load() -> Iterator[None]:
    count = max(2, os.cpu_count() or 1)
    busy = [subprocess.Popen([sys.executable, "-c", _LOAD]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
        for process in busy:
            process.wait()
