"""Workers for every lane, kept busy: jobs go in, results come out in the order they end.

One thread and one selector serve all workers. A tool that crashes, hangs or writes nonsense costs
its call; the pool settles the rest of its trace with another try.
"""

from __future__ import annotations

import enum
import itertools
import os
import selectors
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from replay.records import CallError, JsonObject, ReplayedCall
from replay.replayer.attempts import Attempt
from replay.replayer.environment import Place
from replay.replayer.jobs import Job, JobResult, Lane
from replay.replayer.process import WorkerProcess

_KILL_GRACE_S = 5.0
_PATIENCE_S_MAX = 3600.0
"""A selector takes 24 days at most; a deadline may be longer."""


class Isolation(enum.StrEnum):
    """What a trace has to itself."""

    TRACE = "trace"
    """A fork of a warm process: what tools leave in modules and caches ends with the trace."""
    PROCESS = "process"
    """A new process: as ``trace``, where there is no fork or a library forbids it; slow."""
    CALL = "call"
    """As ``trace``, and every call (those of one model output together) in a fork of its own: only
    the world, which must be picklable, goes from one to the next."""
    NONE = "none"
    """Nothing but its world: the fastest, for tools that keep nothing between calls."""


_FORKS = (Isolation.TRACE, Isolation.CALL)


@dataclass(slots=True, eq=False)
class _Seat:
    """A worker's place in the pool."""

    lane: Lane
    process: WorkerProcess
    isolation: Isolation
    attempts: deque[Attempt] = field(default_factory=deque)
    """Sent and not ended: the first one runs."""

    @property
    def depth(self) -> int:
        """How many jobs may be sent ahead, so that the worker never waits for us."""
        return 1 if self.isolation is Isolation.PROCESS else 2


class Pool:
    """Workers, by lane. ``submit`` jobs, ``wait`` for results, ``close`` at the end."""

    def __init__(
        self,
        places: Mapping[Lane, Place],
        *,
        jobs: int,
        deadline_s: float,
        isolation: Isolation = Isolation.TRACE,
    ) -> None:
        """``jobs`` workers are started for each lane; they import their tools meanwhile.

        Raises:
            WorkerError: a process could not be started.
        """
        self.deadline_s = deadline_s
        self._limits = {lane: place.limits for lane, place in places.items()}
        self.toolboxes: dict[Lane, JsonObject] = {}
        """What the first worker of each lane said of its tools."""
        self._numbers = itertools.count(1)
        self._selector = selectors.DefaultSelector()
        self._queues: dict[Lane, deque[Attempt]] = {lane: deque() for lane in places}
        self._finished: list[JobResult] = []
        self._seats: list[_Seat] = []
        self._is_stopping = False
        self._woken, self._waker = os.pipe()
        self._selector.register(self._woken, selectors.EVENT_READ)
        try:
            for _ in range(jobs):
                for lane, place in places.items():
                    self._seats.append(self._seated(lane, place, isolation))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def unfinished_count(self) -> int:
        """Jobs that were submitted and whose results did not come out yet."""
        held = sum(len(queue) for queue in self._queues.values())
        return held + sum(len(seat.attempts) for seat in self._seats) + len(self._finished)

    def submit(self, job: Job, *, ahead: bool = False, one_by_one: bool = False) -> None:
        """Take a job. ``ahead`` of those that wait: it finishes a trace that was begun.

        ``one_by_one``: none of its calls run together.
        """
        attempt = Attempt(
            next(self._numbers),
            job,
            JobResult(job),
            self.deadline_s,
            self._limits[job.lane],
            one_by_one=one_by_one,
        )
        queue = self._queues[job.lane]
        queue.appendleft(attempt) if ahead else queue.append(attempt)
        self._send_more()

    def wait_until_ready(self, lane: Lane) -> JsonObject:
        """Return what a worker of ``lane`` says of its tools.

        Raises:
            ToolboxError: the toolbox cannot be loaded.
            WorkerError: the worker died of loading it.
        """
        while lane not in self.toolboxes:
            self._turn()
        return self.toolboxes[lane]

    def wait(self) -> list[JobResult]:
        """Return the results that came in; waits for one at least, if any can come.

        Raises:
            KeyboardInterrupt: `stop` was called.
            ToolboxError: a toolbox cannot be loaded.
            WorkerError: a worker died of loading it.
        """
        while not self._finished and self.unfinished_count:
            self._turn()
        finished, self._finished = self._finished, []
        return finished

    def stop(self) -> None:
        """Make `wait` raise KeyboardInterrupt, also one under way; from any thread or handler."""
        self._is_stopping = True
        os.write(self._waker, b"!")

    def interrupt(self) -> None:
        """Let what runs feel a Ctrl-C; from any handler."""
        for seat in self._seats:
            for attempt in list(seat.attempts)[:1]:
                seat.process.send({"t": "interrupt", "n": attempt.number})

    def close(self) -> None:
        """End every worker, whatever it does."""
        for seat in self._seats:  # all of them first: they end side by side
            self._forget(seat)
            seat.process.hang_up()
        for seat in self._seats:
            self._unseat(seat)
        self._seats.clear()
        self._selector.close()
        os.close(self._woken)
        os.close(self._waker)

    # Seats

    def _seated(self, lane: Lane, place: Place, isolation: Isolation) -> _Seat:
        process = WorkerProcess(place, forks=isolation in _FORKS, apart=isolation is Isolation.CALL)
        seat = _Seat(lane, process, isolation)
        self._selector.register(process.frames, selectors.EVENT_READ, seat)
        self._selector.register(process.output, selectors.EVENT_READ, seat)
        return seat

    def _forget(self, seat: _Seat) -> None:
        for descriptor in (seat.process.frames, seat.process.output, seat.process.source):
            if descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)

    def _unseat(self, seat: _Seat) -> int:
        self._forget(seat)
        return seat.process.close(is_idle=seat.process.ready is not None and not seat.attempts)

    def _replace(self, seat: _Seat) -> None:
        """Give the seat a new process; what was sent and not begun waits again, in front."""
        for attempt in reversed(seat.attempts):
            attempt.stage = "waiting"
            self._queues[seat.lane].appendleft(attempt)
        seat.attempts.clear()
        self._seats.remove(seat)
        self._unseat(seat)
        self._seats.append(self._seated(seat.lane, seat.process.place, seat.isolation))

    # One turn of the loop

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._patience_s()):
            seat: _Seat = key.data
            if self._is_stopping:
                raise KeyboardInterrupt
            if seat not in self._seats:
                continue
            if key.fd == seat.process.output:
                if not seat.process.read_output():
                    self._selector.unregister(key.fd)
            elif key.fd == seat.process.frames:
                self._hear(seat)
        self._expire()
        self._send_more()

    def _patience_s(self) -> float | None:
        moments = [
            moment
            for seat in self._seats
            for attempt in seat.attempts
            if (moment := self._due(attempt)) is not None
        ]
        self._watch_unsent()
        left_s = min(moments) - time.monotonic() if moments else None
        return None if left_s is None else min(max(left_s, 0.0), _PATIENCE_S_MAX)

    def _due(self, attempt: Attempt) -> float | None:
        if attempt.killed_at is not None:
            return attempt.killed_at + _KILL_GRACE_S
        return attempt.due()

    def _watch_unsent(self) -> None:
        watched = self._selector.get_map()
        for seat in self._seats:
            seat.process.flush()
            is_watched = seat.process.source in watched
            if seat.process.has_unsent and not is_watched:
                self._selector.register(seat.process.source, selectors.EVENT_WRITE, seat)
            elif is_watched and not seat.process.has_unsent:
                self._selector.unregister(seat.process.source)

    def _hear(self, seat: _Seat) -> None:
        for message in seat.process.messages():
            if message is None:
                self._bury(seat)
                return
            self._take(seat, message)
            if seat not in self._seats:
                return

    def _take(self, seat: _Seat, message: JsonObject) -> None:
        kind = message["t"]
        if kind == "refused":
            raise seat.process.refusal(message)
        if kind == "ready":
            self._greet(seat, message)
            return
        attempt = next((one for one in seat.attempts if one.number == message["n"]), None)
        if attempt is None:
            return
        if kind == "done":
            self._keep(seat, attempt, message)
        elif kind == "world_failed":
            error = CallError.model_validate(message["error"])
            attempt.world_failed(error, start_is_masked=message["start_is_masked"])
        elif kind == "learned":
            attempt.learned |= message["values"]
        elif kind == "ended":
            attempt.refused = message["refused"]
            self._settle(seat, attempt, message["status"])
        else:
            attempt.hear(message, time.monotonic())
            if kind == "end" and not seat.process.forks:
                self._settle(seat, attempt, 0)

    def _greet(self, seat: _Seat, message: JsonObject) -> None:
        message["sandbox"] = seat.process.place.sandbox.name
        seat.process.ready = message
        self.toolboxes.setdefault(seat.lane, message)
        if seat.process.forks and not message["forks"]:
            seat.isolation = Isolation.PROCESS
            seat.process.forks = False

    def _keep(self, seat: _Seat, attempt: Attempt, message: JsonObject) -> None:
        call_id = message["replayed"]["tool_call_id"]
        attempt.running.pop(call_id, None)
        output = attempt.shown(seat.process.output_of(message["mark"]))
        if call_id in attempt.result.replayed:
            return
        replayed = ReplayedCall.model_validate(message["replayed"])
        if output:
            replayed = replayed.model_copy(update={"output": output})
        attempt.result.replayed[call_id] = replayed

    def _settle(self, seat: _Seat, attempt: Attempt, status: int) -> None:
        """Take a try that is over out of its seat, and try again what it left open."""
        seat.attempts.remove(attempt)
        words = attempt.shown(seat.process.output_rest()) if attempt.undone else ""
        following = attempt.after_its_end(next(self._numbers), status, words)
        if following is None:
            self._finished.append(attempt.result)
        else:
            self._queues[seat.lane].appendleft(following)
        if seat.isolation is Isolation.PROCESS and seat in self._seats:
            self._replace(seat)

    def _bury(self, seat: _Seat) -> None:
        """Deal with a worker whose process is gone."""
        if seat.process.ready is None:
            raise seat.process.refusal(None)
        status = seat.process.ended()
        if seat.attempts:
            isolation, seat.isolation = seat.isolation, Isolation.NONE
            self._settle(seat, seat.attempts[0], status)
            seat.isolation = isolation
        self._replace(seat)

    def _expire(self) -> None:
        """End what ran past its deadline; a worker that does not obey is ended whole."""
        now = time.monotonic()
        for seat in list(self._seats):
            for attempt in list(seat.attempts):
                moment = self._due(attempt)
                if moment is None or moment > now:
                    continue
                if attempt.killed_at is None and seat.process.forks:
                    seat.process.send({"t": "kill", "n": attempt.number})
                else:
                    seat.process.kill()
                attempt.killed_at = attempt.killed_at or now

    def _send_more(self) -> None:
        for seat in self._seats:
            queue = self._queues[seat.lane]
            while queue and seat.process.ready is not None and len(seat.attempts) < seat.depth:
                attempt = queue.popleft()
                seat.attempts.append(attempt)
                seat.process.send(attempt.message())
