"""The recorder's book of tool calls: which call an execution answers, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from replay.recorder.binding import Sighting, bind
from replay.recorder.calls import Execution, LiveTrace, OpenCall, new_id, now
from replay.recorder.scope import announced, last_turn, running_call
from replay.recorder.trace_book import TraceBook, near_turn
from replay.records import Attempt, JsonObject, ToolSchema
from replay.records.traces import START_STATE


class ToolCallBook(TraceBook):
    """From the executions that the planes see to records."""

    def start_tool_call(
        self,
        sighting: Sighting,
        *,
        started: float,
        actor: Any = "assistant",
        stray: bool = True,
        captures: bool = True,
    ) -> OpenCall | None:
        """Return the call that an execution answers; it is in the store when this returns.

        ``stray`` False: an execution that no model asked for, outside any trace, gives None.
        ``captures`` False: that this one is seen does not tell that all of its tool's are.
        """
        if captures:
            self.captured.add(sighting.tool)
        began_at = now()  # before any lock: calls that ran one by one must not seem to overlap
        call = self._claim(sighting)
        if call is None and (self.waiting_streams or self.abandoned):
            self._end_abandoned()
            for stream in list(self.waiting_streams):
                stream.flush()
            call = self._claim(sighting)
        with self._lock:
            if call is None:
                call = self._stray(sighting, actor, stray=stray)
                if call is None:
                    return None
            run = call.execution
            run.started = started
            run.started_at = run.started_at or max(began_at, call.trace.started_at)
            if call.turn is None:
                self.sink.append(call.record())
            return call

    def end_tool_call(self, run: Execution, interactions: Sequence[JsonObject] = ()) -> None:
        """Store how an execution ended, its questions to the outside world first."""
        with self._lock:
            call = run.call
            assert call is not None
            if interactions:
                self.sink.append_all([*interactions, call.record()])
            else:
                self._store_call(call)

    def wants_start_state(self, trace: LiveTrace) -> bool:
        """Return whether no call of ``trace`` was seen on a world before: True once."""
        with self._lock:
            is_first = not (trace.has_start_state or trace.is_resumed)
            trace.has_start_state = True
        return is_first

    def note_start_state(self, trace: LiveTrace, state_hash: str | None) -> None:
        """Store the state of a trace's world before its first call; None: it shows none."""
        if state_hash is None:
            return
        with self._lock:
            trace.attributes[START_STATE] = state_hash
            self.sink.append(trace.record())

    def announce(self, tool: str, provider_call_id: str) -> None:
        """Say for which call ``tool`` runs next in this task or thread."""
        announced.set((tool, provider_call_id))

    def note_calls(self, is_meant: Callable[[OpenCall], bool], facts: JsonObject) -> None:
        """Keep facts with those calls of this task's or thread's last turn that are meant."""
        with self.failures.guard("note what a framework says of a call"), self._lock:
            turn = near_turn(self._trace_in_scope())
            for call in turn.calls if turn is not None else ():
                if is_meant(call):
                    run = call.execution
                    run.attributes = {**run.attributes, **facts}
                    self._store_call(call)

    def note_attempt(self, attempt: Attempt) -> None:
        """Store one try of a tool call."""
        with self._lock:
            self.sink.append(attempt)

    def note_schema(self, schema: ToolSchema) -> None:
        """Store a schema that tool calls name."""
        with self._lock:
            self.sink.append(schema)

    def _claim(self, sighting: Sighting) -> OpenCall | None:
        trace = self._trace_in_scope()
        near, outer = near_turn(trace), running_call.get()
        with self._lock:
            # Inside a tool, only a model that the tool itself asked can want a tool called. Where
            # a framework runs that in another task than the one that asked, the turn tells it.
            is_near = near is not None and (outer is None or near is not outer.turn)
            pools: list[Iterable[OpenCall]] = [near.calls] if near is not None and is_near else []
            traces = [trace] if trace is not None else reversed(self._stitched.values())
            turns = (turn for t in traces for turn in reversed(t.waiting))
            pools.append(c for turn in turns if outer in (None, turn.inside) for c in turn.calls)
            bound = bind(sighting, pools)
            if bound is None:
                return None
            run = bound.call.execution
            run.started_at = now()
            run.bound_by = bound.bound_by
            run.is_certain = bound.is_certain
            if not bound.is_certain:
                self._suspects.append(bound.call)
            return bound.call

    def _stray(self, sighting: Sighting, actor: Any, *, stray: bool) -> OpenCall | None:
        """A call that no model output was seen to ask for."""
        near = last_turn.get()
        if running_call.get() is not None:
            return None
        trace = self._trace_in_scope()
        if trace is None and near is not None and near.trace.id in self._stitched:
            trace = near.trace
        if trace is None and stray:
            trace = self._stitch(None)
        if trace is None:
            return None
        return OpenCall(
            trace=trace,
            step_number=trace.next_step(),
            tool=sighting.tool,
            arguments=sighting.arguments or "",
            asked_at=now(),
            execution=Execution(new_id("c")),
            call_index=sighting.call_index or 0,
            provider_call_id=sighting.provider_call_id,
            actor=actor,
        )
