"""Threads that take turns: of the threads of one world one runs, and only a wait passes the turn.

A thread that is started inside a frozen scope belongs to the turns of its starter. It runs until it
waits for a lock, an event, a queue, another thread or for time to pass; then the next one runs, in
the order in which they became ready. When nobody is ready, time jumps to the next moment that
somebody waits for; when nobody waits for a moment either, nothing can ever happen: ``Deadlock``.

Each thread that no frozen scope started is the root of turns of its own, so that worlds on
different threads do not mix. What other roots do is real: for them one waits for real.

C code that waits does not pass the turn. Whoever is found in such a wait (`watchdog`) is outside:
the others go on beside it, and it comes back when its turn comes. That is labelled: from then on
the machine has a say in who is first.
"""

from __future__ import annotations

import _thread
import heapq
import itertools
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from cassettes.errors import Deadlock
from cassettes.places import place_of, waiting_call
from cassettes.scope import current

_ROUNDS_MAX: Final = 1000
_JOIN_S: Final = 5.0
_POLL_S: Final = 0.001
_WATCH_S: Final = 0.05
_WAITING_ROUNDS: Final = 5
"""For so many looks a thread has used no processor: it waits in C."""
_SPINNING_ROUNDS: Final = 40
"""For so many it has used some, and never waited: it may be spinning until another does a thing."""
_IDLE_CPU_S: Final = 0.002

_real_sleep = time.sleep
_real_gettime: Any = getattr(time, "clock_gettime", None)
_real_join = threading.Thread.join
_watched: list[Turns] = []
_before: set[threading.Thread] = set()
"""Threads that were there before us: nobody in a frozen world can be waiting for them."""


class Turn:
    """One thread's place among those that take turns."""

    __slots__ = (
        "error",
        "gate",
        "is_outside",
        "is_over",
        "is_parked",
        "joiners",
        "number",
        "stamp",
        "started_at",
        "thread",
        "timed_out",
        "turns",
        "waits_for",
    )

    def __init__(self, turns: Turns, thread: threading.Thread, number: int) -> None:
        self.turns = turns
        self.thread = thread
        self.number = number
        self.gate = _thread.allocate_lock()
        self.gate.acquire()
        self.joiners: deque[Turn] = deque()
        self.is_outside = False
        self.is_over = False
        self.is_parked = False
        self.timed_out = False
        self.waits_for = ""
        self.stamp = 0
        self.started_at = ""
        self.error: Deadlock | None = None


class _Here(threading.local):
    turn: Turn | None = None
    is_aside = False
    """Whether this thread's waits are real for now."""
    starts_ours = False
    """Whether what this thread starts for now takes turns, although no scope is in force."""


_here = _Here()


class Turns:
    """The threads of one root, and the time that passes for them."""

    def __init__(self) -> None:
        self.now_ns = 0
        """How far time has moved by waiting, for the root and all threads under it."""
        self.alive_count = 0
        """Threads that take turns, the root not counted."""
        self.scope_count = 0
        """Frozen scopes that are entered on this root: outside of all, nobody is outside."""
        self.switch_count = 0
        self._outside_count = 0
        self._guard = _thread.allocate_lock()
        self._numbers = itertools.count()
        self._ready: deque[Turn] = deque()
        self._timers: list[tuple[int, int, Turn, int]] = []
        self._parked: dict[int, Turn] = {}
        self._ended: list[threading.Thread] = []
        self.root = Turn(self, threading.current_thread(), next(self._numbers))
        self.current = self.root
        """Who runs."""

    # Threads

    def add(self, thread: threading.Thread) -> Turn:
        """Give a thread that is about to start a turn, after those that are ready."""
        turn = Turn(self, thread, next(self._numbers))
        turn.started_at = place_of(sys._getframe(1))
        self.alive_count += 1
        self._ready.append(turn)
        watch(self)
        return turn

    def end(self, turn: Turn) -> None:
        """Take the running thread, which is at its end, out of the turns."""
        self.come_back(turn)
        self.alive_count -= 1
        turn.is_over = True
        _here.turn = None
        self._ended.append(turn.thread)
        wake(turn.joiners, len(turn.joiners))
        self._pass_on(turn)

    def join(self, turn: Turn, timeout_ns: int | None) -> None:
        """Let others run until the thread of ``turn`` has ended, or the time is over."""
        self.come_back(here())
        if not turn.is_over:
            self.park(turn.joiners, f"the end of {turn.thread.name}", timeout_ns)

    # Waiting

    @property
    def has_others(self) -> bool:
        """Whether there is anybody who could run while one waits."""
        return bool(self.alive_count)

    def pass_time(self, duration_ns: int) -> None:
        """Let time pass for the running thread; others run meanwhile."""
        if self.alive_count:
            self.park(None, "time to pass", duration_ns)
        else:
            self.now_ns += max(0, duration_ns)

    def park(self, waiting: deque[Turn] | None, what: str, timeout_ns: int | None = None) -> bool:
        """Let others run until somebody wakes this thread, or until the time is over: False.

        Raises:
            Deadlock: nobody is left who could wake it.
        """
        me = here()
        self.come_back(me)
        me.stamp += 1
        me.is_parked, me.timed_out, me.waits_for = True, False, what
        if waiting is not None:
            waiting.append(me)
        if timeout_ns is not None:
            when = self.now_ns + max(0, timeout_ns)
            heapq.heappush(self._timers, (when, next(self._numbers), me, me.stamp))
        self._parked[me.number] = me
        try:
            self._hand_over(me)
        finally:
            self._parked.pop(me.number, None)
            if waiting is not None and me in waiting:
                waiting.remove(me)
        return not me.timed_out

    def let_others_run(self) -> None:
        """Let everybody who is ready run until they wait; time does not move."""
        me = here()
        self.come_back(me)
        self._release_due()
        for _ in range(_ROUNDS_MAX):
            if not self._ready:
                return
            self._ready.append(me)
            self._hand_over(me)

    def ready(self, turn: Turn) -> None:
        """Let a parked thread run when its turn comes."""
        turn.is_parked = False
        self._ready.append(turn)

    def forget_others(self) -> None:
        """Be alone: after a fork the other threads are not there."""
        self.alive_count = self._outside_count = 0
        self._guard = _thread.allocate_lock()
        self.current = self.root
        self._ready.clear()
        self._timers.clear()
        self._parked.clear()
        self._ended.clear()

    # Handing over

    def _hand_over(self, me: Turn) -> None:
        if self._pass_on(me) is not me:
            me.gate.acquire()
        while self._ended:
            _real_join(self._ended.pop(), _JOIN_S)  # so that it counts as alive no longer
        if me.error is not None:
            error, me.error = me.error, None
            raise error

    def _pass_on(self, me: Turn) -> Turn:
        """Let the next one run, and return it."""
        following = self._following(me)
        with self._guard:
            self.switch_count += 1
            self.current = following
        if following is not me:
            following.gate.release()
        return following

    def put_outside(self, switch_count: int) -> bool:
        """Let others go on beside the running thread; False where it has passed the turn since."""
        with self._guard:
            if self.switch_count != switch_count or not (self._ready or self._timers):
                return False
            following = self._next()
            if following is None:
                return False
            self.current.is_outside = True
            self._outside_count += 1
            self.switch_count += 1
            self.current = following
        following.gate.release()
        return True

    def come_back(self, me: Turn) -> None:
        """Wait for one's turn where one was put outside."""
        if not me.is_outside:
            return
        self._ready.append(me)
        me.gate.acquire()
        me.is_outside = False
        self._outside_count -= 1
        scope = current.get()
        if scope is not None and scope.cassette is not None:
            what = "lets threads run side by side, in no certain order, while it waits in C"
            scope.cassette.label(what, sys._getframe(1), or_at=me.started_at)

    @property
    def could_go_on(self) -> bool:
        """Whether somebody waits for the turn, or for a moment."""
        return bool(self._ready or self._timers)

    def _release_due(self) -> None:
        while self._timers and self._timers[0][0] <= self.now_ns:
            _, _, turn, stamp = heapq.heappop(self._timers)
            if turn.is_parked and turn.stamp == stamp:
                turn.timed_out = True
                self.ready(turn)

    def _following(self, me: Turn) -> Turn:
        """Return who runs next; whoever waits at the root is told of a deadlock."""
        found = self._next()
        while found is None and (self._outside_count or strangers(self)):
            _real_sleep(_POLL_S)
            found = self._next()
        if found is None:
            found = self.root if self.root.is_parked else me
            found.error = Deadlock(self._waits())
            found.is_parked = False
        return found

    def _next(self) -> Turn | None:
        if self._ready:
            return self._ready.popleft()
        while self._timers:
            when, _, turn, stamp = heapq.heappop(self._timers)
            if turn.is_parked and turn.stamp == stamp:
                self.now_ns = max(self.now_ns, when)
                turn.timed_out = True
                turn.is_parked = False
                return turn
        return None

    def _waits(self) -> list[str]:
        frames = sys._current_frames()
        lines = []
        for _, turn in sorted(self._parked.items()):
            thread = turn.thread
            frame = None if thread.ident is None else frames.get(thread.ident)
            what = turn.waits_for or waiting_call(frame)
            place = place_of(frame)
            lines.append(f"{thread.name} waits for {what}" + (f" at {place}" if place else ""))
        return lines


def here() -> Turn:
    """Return the turn of the running thread; the root of new turns if it has none."""
    turn = _here.turn
    if turn is None:
        turn = _here.turn = Turns().root
    return turn


def held_here() -> Turn | None:
    """Return the running thread's turn where its waits are ours; None: it waits for real."""
    if _here.is_aside:
        return None
    turn = _here.turn
    if turn is not None and turn.turns.alive_count:
        return turn
    scope = current.get()
    return None if scope is None or scope.clock is None else here()


def enter(turn: Turn) -> None:
    """Be the thread of ``turn``, and wait for it to come."""
    _here.turn = turn
    turn.gate.acquire()


def wake(waiting: deque[Turn], count: int = 1) -> None:
    """Let the first ``count`` of those who wait there run when their turn comes."""
    while waiting and count:
        turn = waiting.popleft()
        if turn.is_parked:
            turn.turns.ready(turn)
            count -= 1


@contextmanager
def aside() -> Iterator[None]:
    """Let this thread's waits inside be real ones."""
    before, _here.is_aside = _here.is_aside, True
    try:
        yield
    finally:
        _here.is_aside = before


@contextmanager
def starting_ours() -> Iterator[None]:
    """Let threads that this one starts inside take turns with it, outside any scope."""
    before, _here.starts_ours = _here.starts_ours, True
    try:
        yield
    finally:
        _here.starts_ours = before


def starts_ours() -> bool:
    """Return whether a thread that this one starts takes turns."""
    scope = current.get()
    return _here.starts_ours or (scope is not None and scope.clock is not None)


def strangers(turns: Turns) -> bool:
    """Whether a thread is alive that takes no turn here, and might be waited for."""
    for thread in threading.enumerate():
        turn: Any = thread.__dict__.get("_cassettes_turn")
        if thread is turns.root.thread or (turn is not None and turn.turns is turns):
            continue
        if thread not in _before and thread.is_alive():
            return True
    return False


def watch(turns: Turns) -> None:
    """Have these turns watched for threads that wait in C; one thread of ours watches over all."""
    if turns in _watched:
        return
    _watched.append(turns)
    if len(_watched) == 1:
        _thread.start_new_thread(_watch_over, ())  # nobody counts it among the tool's threads


def _watch_over() -> None:
    samples: dict[int, tuple[int, float, int]] = {}
    while True:
        _real_sleep(_WATCH_S)
        for turns in list(_watched):
            if not turns.alive_count:
                with suppress(ValueError):
                    _watched.remove(turns)
                continue
            if not turns.scope_count or not turns.could_go_on:
                samples.pop(id(turns), None)
                continue
            count, cpu_s = turns.switch_count, _cpu_s(turns.current.thread)
            seen, before_s, rounds = samples.get(id(turns), (-1, 0.0, 0))
            if seen != count:
                samples[id(turns)] = (count, cpu_s, 0)
                continue
            samples[id(turns)] = (count, before_s, rounds + 1)
            waits = cpu_s - before_s < _IDLE_CPU_S
            if rounds + 1 >= (_WAITING_ROUNDS if waits else _SPINNING_ROUNDS):
                turns.put_outside(count)
        if not _watched:
            return


def _cpu_s(thread: threading.Thread) -> float:
    """Return the processor time that ``thread`` has used; 0 where nobody says."""
    if thread.ident is None or not hasattr(time, "pthread_getcpuclockid"):
        return 0.0
    try:
        used_s: float = _real_gettime(time.pthread_getcpuclockid(thread.ident))
    except OSError:
        return 0.0
    return used_s


def install_turns() -> None:
    """Remember who is there, and be alone after a fork."""
    _before.update(threading.enumerate())
    _before.discard(threading.main_thread())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forked)


def _forked() -> None:
    _watched.clear()
    if _here.turn is not None:
        _here.turn.is_outside = False
        _here.turn.turns.forget_others()
