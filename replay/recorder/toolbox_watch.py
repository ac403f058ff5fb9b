"""The recorder's eye on the toolbox: every call that a toolbox runs while a trace is open."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from replay.recorder.binding import Sighting
from replay.recorder.calls import Execution, OpenCall, now
from replay.recorder.executions import Watch
from replay.recorder.journal import Journal
from replay.recorder.scope import open_scope
from replay.records import Attempt, CallResult, JsonObject, JsonValue, ToolSchema
from replay.store.redaction import Redaction
from replay.tools.observer import CallObserver, CallStart


@dataclass(slots=True)
class _Running:
    call: OpenCall
    execution: Execution
    """Its own: the call may be given another one while this one runs."""
    watch: Watch | None = None


class ToolboxWatch(CallObserver):
    """Records what toolboxes run; given to `replay.tools.observe`."""

    def __init__(
        self, journal: Journal, *, outside: bool, redaction: Redaction | None = None
    ) -> None:
        """``redaction``: what the store is given is masked by it."""
        self._journal = journal
        self._outside = outside
        if redaction is not None:
            self.state_view = _RedactedStates(self, redaction)
        self._running: dict[str, _Running] = {}
        self._schemas_written: set[str] = set()

    @property
    def trace_id(self) -> str | None:
        """The trace whose scope is open in this context; None: none is."""
        scope = open_scope.get()
        is_ours = scope is not None and scope.journal is self._journal and not scope.is_left
        return scope.trace.id if scope is not None and is_ours else None

    def asked_and_done(self) -> Iterator[Watch]:
        """Return the watches of calls whose tools are done asking and which are not stored yet."""
        for running in list(self._running.values()):
            if running.watch is not None and running.watch.is_done:
                yield running.watch

    def call_started(self, start: CallStart) -> None:
        """Bind the call, or write it when no model output was seen to ask for it."""
        with self._journal.failures.guard(f"start the record of {start.tool!r}"):
            sighting = Sighting(
                start.tool,
                provider_call_id=start.provider_call_id,
                arguments=start.arguments,
                call_index=start.call_index,
            )
            call = self._journal.start_tool_call(
                sighting, started=time.perf_counter(), actor=start.actor
            )
            if call is None:
                return
            call.positional = start.positional
            start.trace_id = start.trace_id or call.trace.id
            if start.model is None and call.turn is not None:
                start.model = call.turn.model
            call.execution.attributes = {"request_id": start.request_id}
            if start.toolbox:
                call.execution.attributes["toolbox"] = start.toolbox
            self._running[start.request_id] = _Running(call, call.execution)

    def world_seen(self, start: CallStart, state: Callable[[], str | None]) -> None:
        """Keep the state before the first call of a trace: what its world was made as.

        The call starts after that. Were it said to start before, it would end too early by as much,
        and a call beside it, whose doing its own state shows, would seem to come after it.
        """
        running = self._running.get(start.request_id)
        if running is None:
            return
        trace, run = running.call.trace, running.execution
        with self._journal.failures.guard("store the state at a trace's start"):
            with trace.looking:
                if self._journal.wants_start_state(trace):
                    self._journal.note_start_state(trace, state())
            run.started, run.started_at = time.perf_counter(), max(now(), run.started_at or "")

    def call_resolved(self, start: CallStart, schema: ToolSchema) -> None:
        """Store the schema that the call will name, the first time this process meets it."""
        if schema.id in self._schemas_written or start.request_id not in self._running:
            return
        with self._journal.failures.guard(f"store the schema of {start.tool!r}"):
            seen_at = now()
            self._journal.note_schema(
                schema.model_copy(update={"first_seen_at": seen_at, "last_seen_at": seen_at})
            )
            self._schemas_written.add(schema.id)

    def scope(self, start: CallStart) -> AbstractContextManager[object]:
        """Hold the recording cassette around the tool's own work."""
        running = self._running.get(start.request_id)
        if running is None:
            return nullcontext()
        running.watch = Watch(
            running.call, outside=self._outside, keep_draws=self._journal.keep_draws
        )
        return running.watch

    def call_attempted(self, start: CallStart, attempt: Attempt) -> None:
        """Store one try, under our own id of the call."""
        running = self._running.get(start.request_id)
        if running is None:
            return
        with self._journal.failures.guard(f"store a try of {start.tool!r}"):
            call_id = running.execution.id
            identity = f"{call_id}.a{attempt.attempt_number}"
            mine = attempt.model_copy(update={"id": identity, "call_id": call_id})
            self._journal.note_attempt(mine)

    def call_shadowed(self, start: CallStart, shadows: dict[str, JsonObject]) -> None:
        """Keep what other versions make of the arguments, to be stored with how the call ended."""
        running = self._running.get(start.request_id)
        if running is not None and shadows:
            run = running.execution
            run.attributes = {**run.attributes, "shadow": shadows}

    def call_finished(self, start: CallStart, result: CallResult) -> None:
        """Store how the call ended, its questions to the outside world first."""
        running = self._running.pop(start.request_id, None)
        if running is None:
            return
        with self._journal.failures.guard(f"store the result of {start.tool!r}"):
            run = running.execution
            run.payload, run.result = result.payload, result.result
            run.response, run.outcome = result.response, result.outcome
            run.error, run.stages = result.error, result.stages
            run.tool_version, run.schema_hash = result.tool_version, result.schema_hash
            run.state_hash, run.duration_ms = result.state_hash, result.duration_ms
            if result.notes:
                run.attributes = {**run.attributes, "notes": list(result.notes)}
            asked = running.watch.interactions() if running.watch is not None else []
            self._journal.end_tool_call(run, asked)


class _RedactedStates:
    """A world's state as a replay will see it: what its tools got from outside is masked there.

    It is hashed before its call is stored, so what the call asked is looked through here first.
    """

    def __init__(self, watch: ToolboxWatch, redaction: Redaction) -> None:
        self._watch = watch
        self._redaction = redaction
        self._taught: weakref.WeakSet[Watch] = weakref.WeakSet()

    @property
    def version(self) -> int:
        for watch in self._watch.asked_and_done():
            if watch not in self._taught:
                self._taught.add(watch)
                self._redaction.masked(watch.interactions())
        return self._redaction.version

    def seen(self, encoded: bytes) -> JsonValue:
        return self._redaction.seen(encoded)

    def hashed(self, digest: str) -> str:
        return digest
