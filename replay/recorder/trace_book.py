"""The recorder's book of open traces: those in a scope, and those that are stitched together.

One lock guards them and the order of appends, so that of two versions of a record the later one
wins. Everything that may be slow (reading bodies, putting streams together) happens before it is
taken.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from replay.recorder.calls import LiveTrace, OpenCall, Turn, new_id, now
from replay.recorder.failures import Failures
from replay.recorder.scope import last_turn, open_scope
from replay.records import JsonObject

STITCHED_MAX: Final = 1024
"""So many traces outside any scope are held open; the one that was longest still ends."""
_SUSPECTS_MAX: Final = 1024


class RecordSink(Protocol):
    """Where records go: a `replay.store.Store`."""

    def append(self, record: Any) -> object:
        """Keep one record."""

    def append_fields(self, kind: str, fields: JsonObject) -> object:
        """Keep one record whose values were read from JSON; messages and tools may be bytes."""

    def append_turn(
        self, model_call: JsonObject, before: Sequence[JsonObject], after: Sequence[JsonObject]
    ) -> object:
        """Keep a model call, and tool calls before and after it: `append_fields` for each."""

    def append_all(self, records: Sequence[Any]) -> object:
        """Keep several records, all or none."""


@dataclass(frozen=True, slots=True)
class TraceFacts:
    """What every new trace gets."""

    app: str | None = None
    code_version: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    attributes: JsonObject = field(default_factory=dict)


class TraceBook:
    """The open traces, and the one way from them into the store."""

    def __init__(self, sink: RecordSink, facts: TraceFacts, failures: Failures) -> None:
        self.sink = sink
        self.facts = facts
        self.failures = failures
        self.captured: set[str] = set()
        """Tools whose executions are seen, by decorator or toolbox."""
        self.waiting_streams: weakref.WeakSet[Any] = weakref.WeakSet()
        """Streams that are being read: a tool may run before they end."""
        self.abandoned: deque[Callable[[], None]] = deque()
        """Streams that were dropped half read: what the collector must not store itself."""
        self._lock = threading.RLock()
        self._stitched: OrderedDict[str, LiveTrace] = OrderedDict()
        self._sessions: OrderedDict[str, str] = OrderedDict()
        """Traces of callers whose own recording is elsewhere, by what tells them apart."""
        self._open: dict[str, LiveTrace] = {}
        """Traces in a scope, by the id that the application gave them."""
        self._suspects: deque[OpenCall] = deque(maxlen=_SUSPECTS_MAX)
        """Calls with an execution that may be another's: their next prompt tells."""
        if hasattr(os, "register_at_fork"):
            _reset_lock_in_children(self)

    def open_trace(
        self,
        id: str | None,
        start: Any,
        labels: dict[str, str],
        *,
        stored: Callable[[str], LiveTrace | None],
        attributes: JsonObject | None = None,
    ) -> LiveTrace:
        """Return a trace whose record is in the store; one with the same id goes on.

        ``stored`` looks an id up in the database: another process may have gone on with it since.
        """
        known = None
        if id is not None and id not in self._open:
            with self.failures.guard(f"look up the trace {id!r}"):
                known = stored(id)
        with self._lock:
            trace = self._open.get(id or "") or known or self._new_trace(id)
            if start is not None:
                trace.start = start
            trace.labels |= labels
            trace.attributes |= attributes or {}
            trace.ended_at = None
            self.sink.append(trace.record())
            if id is not None:
                self._open[id] = trace
            return trace

    def close_trace(self, trace: LiveTrace) -> None:
        """Store how and when a trace ended."""
        with self._lock:
            self._open.pop(trace.id, None)
            trace.ended_at = now()
            self.sink.append(trace.record())

    def close(self) -> None:
        """End the traces that no scope ends."""
        self._end_abandoned()
        for stream in list(self.waiting_streams):
            stream.end()  # what is read of it later finds no database
        with self._lock:
            for trace in self._stitched.values():
                trace.ended_at = trace.last_at
            if self._stitched:
                self.sink.append_all([trace.record() for trace in self._stitched.values()])
            self._stitched.clear()

    def _new_trace(self, id: str | None) -> LiveTrace:
        return LiveTrace(
            id=id or new_id("t"),
            started_at=now(),
            app=self.facts.app,
            code_version=self.facts.code_version,
            labels=dict(self.facts.labels),
            attributes=dict(self.facts.attributes),
        )

    def _stitch(self, parent: Turn | None, labels: dict[str, str] | None = None) -> LiveTrace:
        """The trace of a model call outside any scope: its parent's, or a new one."""
        if parent is not None:
            trace = parent.trace
        else:
            trace = self._new_trace(None)
            trace.is_stitched = True
            trace.labels |= labels or {}
            self.sink.append(trace.record())
        if trace.is_stitched:
            self._stitch_on(trace)
        return trace

    def _stitch_on(self, trace: LiveTrace) -> None:
        self._stitched[trace.id] = trace
        self._stitched.move_to_end(trace.id)
        trace.last_at = now()
        if len(self._stitched) > STITCHED_MAX:
            _, ended = self._stitched.popitem(last=False)
            self._let_go(ended)

    def _let_go(self, trace: LiveTrace) -> None:
        """Store that a stitched trace has ended, long after its last call."""
        trace.ended_at = trace.last_at
        self.sink.append(trace.record())

    def _trace_in_scope(self) -> LiveTrace | None:
        scope = open_scope.get()
        is_ours = scope is not None and scope.journal is self and not scope.is_left
        return scope.trace if scope is not None and is_ours else None

    def _end_abandoned(self) -> None:
        while self.abandoned:
            self.abandoned.popleft()()

    def _store_call(self, call: OpenCall) -> None:
        if is_json(call):
            self.sink.append_fields("tool_call", call.record())
        else:  # these may hold what was never JSON
            self.sink.append(call.record())


def is_json(call: OpenCall) -> bool:
    """Return whether nothing in its record was ever anything else; NaN is not JSON."""
    return call.execution.error is None and call.positional is None


def near_turn(trace: LiveTrace | None) -> Turn | None:
    """The last turn of this task or thread; None where another trace's scope was opened since."""
    turn = last_turn.get()
    if turn is not None and trace is not None and turn.trace is not trace:
        return None
    return turn


def _reset_lock_in_children(book: TraceBook) -> None:
    """A fork while another thread records must not leave the child a lock that nobody opens."""
    reference = weakref.ref(book)

    def reset() -> None:
        alive = reference()
        if alive is not None:
            alive._lock = threading.RLock()

    os.register_at_fork(after_in_child=reset)
