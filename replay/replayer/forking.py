"""A warm process that forks once per trace, and stays as it was.

The warm process has everything imported, runs no tool, and has one thread. Each trace runs in a
fork of it, which ends with the trace: what tools leave behind in modules, caches and globals lives
as long as a conversation does in production, and never reaches the next one. Frames of a fork come
through the warm process, which passes on whole ones only; so a fork that dies in the middle of a
word, or writes nonsense, spoils nothing but itself.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

from cassettes import kernel
from cassettes.hooks.program_guard import starting_programs
from replay.records import JsonObject
from replay.replayer.apart import FAULT_STATUS
from replay.replayer.channel import Channel
from replay.replayer.frames import BrokenFrame, FrameBuffer, read_some, reframe, write_all
from replay.replayer.sandbox import holding
from replay.replayer.sandbox.orphans import end_orphans


class WarmProcess:
    """Runs each job of ``channel`` in a fork of this process."""

    def __init__(
        self,
        channel: Channel,
        run: Callable[[Channel, JsonObject], None],
        *,
        keep: Callable[[str], None],
        prepare: Callable[[JsonObject], object],
    ) -> None:
        """``run`` runs one job, and tells the channel it is given of each call.

        ``keep`` reads a file that many jobs will want, before the first of them forks; ``prepare``
        is told of each job before it does.
        """
        self._keep = keep
        self._prepare = prepare
        self._channel = channel
        self._run = run
        self._waiting: deque[JsonObject] = deque()
        self._wakeup, wakeup_sink = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(wakeup_sink, False)
        self._wakeup_sink = wakeup_sink
        self._previous = signal.signal(signal.SIGCHLD, _nothing)
        signal.set_wakeup_fd(wakeup_sink, warn_on_full_buffer=False)
        holding.adopt_orphans()

    def serve(self) -> None:
        """Run jobs until the other side is gone."""
        gc.collect()
        gc.freeze()  # the forks' garbage collections then leave the shared pages alone
        gc.disable()
        while True:
            if not self._waiting:
                message = self._channel.receive()
                if message is None:
                    return
                self._waiting.append(message)
            job = self._waiting.popleft()
            if job["t"] == "job" and not self._run_in_fork(job):
                return

    def _run_in_fork(self, job: JsonObject) -> bool:
        if job["kept"] is not None:
            self._keep(job["kept"])
        self._prepare(job)
        source, sink = os.pipe()
        with warnings.catch_warnings():
            # A native library's own threads (BLAS) survive a fork; Python's were ruled out before.
            warnings.simplefilter("ignore", DeprecationWarning)
            with starting_programs():
                pid = os.fork()
        if pid == 0:
            os.close(source)
            self._be_the_fork(job, sink)
        os.close(sink)
        try:
            return self._attend(pid, source, job["n"])
        finally:
            os.close(source)

    def _be_the_fork(self, job: JsonObject, sink: int) -> NoReturn:
        try:
            os.setpgid(0, 0)
            holding.hold_fork()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, self._previous or signal.SIG_DFL)
            for descriptor in (self._wakeup, self._wakeup_sink):
                os.close(descriptor)
            # Whoever keeps these open would keep the pool waiting for the worker's end.
            os.close(self._channel.source)
            os.close(self._channel.sink)
            gc.enable()
            self._run(self._channel.of_fork(sink), job)
            os._exit(0)
        except BaseException:  # noqa: BLE001 -- nothing may come back from the fork but its exit
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(FAULT_STATUS)

    def _attend(self, pid: int, source: int, number: int) -> bool:
        """Pass on what the fork says until it ends; False when the pool is gone."""
        os.set_blocking(source, False)
        said = FrameBuffer()
        watched = [self._channel.source, self._wakeup, source]
        while True:
            ready, _, _ = select.select(watched, [], [])
            if source in ready and not self._pass_on(source, said, pid):
                watched.remove(source)
            if self._channel.source in ready and not self._hear(pid, number):
                _end(pid)
                return False
            if self._wakeup in ready:
                read_some(self._wakeup)
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    break
        if source in watched:
            self._pass_on(source, said, pid)
        _end(pid, reap=False)
        end_orphans()
        self._channel.send(
            {
                "t": "ended",
                "n": number,
                "status": os.waitstatus_to_exitcode(status),
                # Of a call that did not live to tell it.
                "refused": [f"{one.method} {one.uri}" for one in kernel.active().refused()],
            }
        )
        return True

    def _pass_on(self, source: int, said: FrameBuffer, pid: int) -> bool:
        """Pass on every whole frame that is there; False when no more can come."""
        while True:
            try:
                chunk = read_some(source)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            said.feed(chunk)
            is_whole, frames = True, bytearray()
            try:
                for body in said.bodies():
                    frames += reframe(body)
            except BrokenFrame:  # a tool wrote on our pipe: what was said before it still counts
                is_whole = False
            if frames:
                write_all(self._channel.sink, bytes(frames))
            if not is_whole:
                os.kill(pid, signal.SIGKILL)
                return False

    def _hear(self, pid: int, number: int) -> bool:
        """Take what the pool says meanwhile; False when it is gone."""
        chunk = read_some(self._channel.source)
        if not chunk:
            return False
        self._channel.feed(chunk)
        for message in self._channel.take_arrived():
            if message["t"] in _SIGNALS:
                if message["n"] == number:
                    os.kill(pid, _SIGNALS[message["t"]])
            else:
                self._waiting.append(message)
        return True


_SIGNALS: Final = {"kill": signal.SIGKILL, "interrupt": signal.SIGINT}


def _nothing(signum: int, stack: FrameType | None) -> None:
    """Be a handler: without one, no byte is written to the wakeup descriptor."""


def _end(pid: int, *, reap: bool = True) -> None:
    """Kill what is left of a fork and of the processes it started."""
    for kill, target in ((os.killpg, pid), (os.kill, pid)) if reap else ((os.killpg, pid),):
        try:
            kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    if reap:
        os.waitpid(pid, 0)
