"""Workers that answer questions: batches go out ahead of their answers, which come in order.

While a worker is at one batch, the next are in its pipe, and whoever asks reads what it asks next.
A worker that dies or hangs over a question is started again; that costs the question, which is
found by asking those of its batch one by one.
"""

from __future__ import annotations

import itertools
import select
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from replay.records import JsonObject, JsonValue, Outcome
from replay.replayer.environment import Place
from replay.replayer.process import WorkerProcess, how_it_ended

_AHEAD: Final = 3
"""Batches that one worker has at once: the one it is at, and some for when it is done."""
_PATIENCE_LOST: Final = 10
"""Of a batch that hung, its questions get a part of the time each."""

Lost = Callable[[Outcome, str], JsonValue]
"""Makes the answer to a question that its worker died of, or never came back from."""


@dataclass(slots=True)
class _Batch:
    """Some questions, on their way to a worker or back."""

    message: JsonObject
    number: int = 0
    answers: list[Any] | None = None


@dataclass(slots=True)
class _Worker:
    """One process, and the batches that it has not answered."""

    process: WorkerProcess
    batches: deque[_Batch] = field(default_factory=deque)
    began_s: float = 0.0
    """When it began with the first of them, as far as can be seen from here (monotonic)."""
    is_gone: bool = False
    prints: bool = True
    """False: its output is closed."""

    def print_some(self) -> None:
        """Take what the tools printed; nobody asked for it."""
        self.prints = self.process.read_output()


class AskedWorkers:
    """One worker or more that hold one toolbox. More are started when there is work for them."""

    def __init__(self, place: Place, *, jobs: int = 1, answer_wait_s: float) -> None:
        """Start the first worker and wait until it has the tools.

        Raises:
            ToolboxError: the toolbox cannot be loaded.
            WorkerError: the worker died of loading it, or could not be started.
        """
        self._place = place
        self._jobs = jobs
        self._wait_s = answer_wait_s
        self._numbers = itertools.count(1)
        self._workers = [_Worker(self._started())]

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.process.close()

    def answers(self, messages: Iterable[JsonObject], lost: Lost) -> Iterator[Any]:
        """Return the answer to each item of each message, in order; reads some messages ahead.

        Raises:
            WorkerError: no worker can be started any more.
        """
        out: deque[tuple[_Worker, _Batch]] = deque()
        waiting = iter(messages)
        is_over = False
        while True:
            while not is_over and (worker := self._idlest()) is not None:
                message = next(waiting, None)
                if message is None:
                    is_over = True
                else:
                    out.append((worker, self._send(worker, _Batch(message))))
                    self._pump(0.0)
            if not out and is_over:
                return
            if not out:
                # Somebody asked, and went away before all answers had come: they are let pass.
                self._answered(self._workers[0], self._workers[0].batches[0], lost)
                continue
            worker, batch = out.popleft()
            yield from self._answered(worker, batch, lost)

    def _idlest(self) -> _Worker | None:
        """Return who takes the next batch; None: everybody has enough to do."""
        worker = min(self._workers, key=lambda one: len(one.batches))
        if len(worker.batches) < _AHEAD:
            return worker
        if len(self._workers) < self._jobs:
            # Its tools are loaded while the others work: what is sent waits in its pipe.
            self._workers.append(_Worker(self._new_process()))
            return self._workers[-1]
        return None

    def _send(self, worker: _Worker, batch: _Batch) -> _Batch:
        batch.number = next(self._numbers)
        if not worker.batches:
            worker.began_s = time.monotonic()
        worker.batches.append(batch)
        worker.process.send({"t": "ask", "n": batch.number, **batch.message})
        return batch

    def _answered(self, worker: _Worker, batch: _Batch, lost: Lost) -> list[Any]:
        while batch.answers is None:
            if worker.is_gone or (worker.process.ready and self._is_late(worker)):
                self._recover(worker, lost)
            else:
                self._pump(self._wait_s)
        return batch.answers

    def _is_late(self, worker: _Worker) -> bool:
        if time.monotonic() < worker.began_s + self._wait_s:
            return False
        self._pump(0.0)  # whoever asks may have come late itself
        return bool(worker.batches) and time.monotonic() >= worker.began_s + self._wait_s

    def _pump(self, wait_s: float) -> None:
        """Take what the workers say, waiting ``wait_s`` for it, and send them what has room."""
        here = [worker for worker in self._workers if not worker.is_gone]
        frames = {worker.process.frames: worker for worker in here}
        outputs = {worker.process.output: worker for worker in here if worker.prints}
        sources = {worker.process.source: worker for worker in here if worker.process.has_unsent}
        ready, room, _ = select.select([*frames, *outputs], list(sources), [], wait_s)
        for descriptor in room:
            sources[descriptor].process.flush()
        for descriptor in ready:
            if descriptor in outputs:
                outputs[descriptor].print_some()
            else:
                self._hear(frames[descriptor])

    def _hear(self, worker: _Worker) -> None:
        for said in worker.process.messages():
            if said is None:
                worker.is_gone = True
            elif said["t"] == "answers":
                batch = worker.batches.popleft()
                assert said["n"] == batch.number
                batch.answers = said["answers"]
                worker.began_s = time.monotonic()
            elif said["t"] == "refused":
                raise worker.process.refusal(said)
            else:
                worker.process.ready = said
                worker.began_s = time.monotonic()

    def _recover(self, worker: _Worker, lost: Lost) -> None:
        """Start a worker again, find the question that ended it, and ask it all the rest."""
        left = list(worker.batches)
        ended = self._restart(worker)
        if left:
            culprit, *after = left
            items = culprit.message["items"]
            alone = len(items) == 1
            culprit.answers = (
                [lost(*ended)] if alone else self._one_by_one(worker, culprit.message, lost)
            )
            for batch in after:
                self._send(worker, batch)

    def _one_by_one(self, worker: _Worker, message: JsonObject, lost: Lost) -> list[Any]:
        """Ask each by itself, with less patience: who is not answered is who it died of."""
        batches = deque(_Batch({**message, "items": [item]}) for item in message["items"])
        for batch in batches:
            self._send(worker, batch)
        answers: list[Any] = []
        patience_s = self._wait_s / _PATIENCE_LOST
        while batches:
            if (found := batches[0].answers) is not None:
                answers += found
                batches.popleft()
                continue
            left_s = worker.began_s + patience_s - time.monotonic()
            if not worker.is_gone and left_s > 0:
                self._pump(left_s)
                continue
            answers.append(lost(*self._restart(worker)))
            batches.popleft()
            for batch in batches:
                self._send(worker, batch)
        return answers

    def _restart(self, worker: _Worker) -> tuple[Outcome, str]:
        """Start a worker again; return how the one before ended."""
        if worker.is_gone:
            how = how_it_ended(worker.process.ended())
            ended = Outcome.CRASHED, f"The worker ended ({how})."
        else:
            ended = Outcome.TIMEOUT, "No answer came in time: a validator hangs."
        if worker.process.ready is None:
            raise worker.process.refusal(None)
        worker.process.kill()
        worker.process.close()
        worker.batches.clear()
        worker.process, worker.is_gone, worker.prints = self._started(), False, True
        return ended

    def _new_process(self) -> WorkerProcess:
        return WorkerProcess(self._place, forks=False, answers=True)

    def _started(self) -> WorkerProcess:
        process = self._new_process()
        worker = _Worker(process)
        try:
            # The import has a limit of its own: whoever passes it ends.
            while process.ready is None:
                if worker.is_gone:
                    raise process.refusal(None)
                self._wait_for(worker)
        except BaseException:
            process.kill()
            process.close()
            raise
        return process

    def _wait_for(self, worker: _Worker) -> None:
        process = worker.process
        reads = [process.frames, *([process.output] if worker.prints else [])]
        ready, _, _ = select.select(reads, [process.source] if process.has_unsent else [], [])
        process.flush()
        if process.output in ready:
            worker.print_some()
        if process.frames in ready:
            self._hear(worker)
