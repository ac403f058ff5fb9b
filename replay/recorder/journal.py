"""The recorder's book-keeping: from what the planes see to records in the store.

One lock guards the open traces and the order of appends, so that of two versions of a record the
later one wins. Everything that may be slow (reading bodies, putting streams together) happens
before it is taken.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Protocol

from replay.recorder import turn_watch
from replay.recorder.binding import (
    Sighting,
    answers_by_call,
    answers_from_the_end,
    bind,
    exchange,
    was_told,
)
from replay.recorder.calls import Execution, LiveTrace, OpenCall, Turn, new_id, now
from replay.recorder.failures import Failures
from replay.recorder.lineage import Lineage
from replay.recorder.model_calls import (
    Landing,
    LiveModelCall,
    attempt_records,
    effective_messages,
    model_call_record,
)
from replay.recorder.scope import (
    OpenScope,
    announced,
    last_turn,
    model_facts,
    next_model_facts,
    open_scope,
    running_call,
)
from replay.recorder.sent import Sent
from replay.recorder.unseen import settle
from replay.recorder.wire import Question, Reply
from replay.records import Attempt, JsonObject, ToolSchema
from replay.records.traces import START_STATE
from replay.tools.observer import CallObserver, current_observer, start_observing

if TYPE_CHECKING:
    from cassettes.draws import Keep
    from replay.recorder.hooked import HookedCall

_STITCHED_MAX: Final = 1024
_FAILED_MAX: Final = 64
_RETRY_SECONDS_MAX: Final = 600
"""Outside a scope, the same prompt later than this after a failure is a new question."""
_SUSPECTS_MAX: Final = 1024
_ANSWERED_MAX: Final = 64


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


class Journal:
    """What is being recorded right now, and the one way from there into the store."""

    def __init__(
        self,
        sink: RecordSink,
        *,
        app: str | None = None,
        code_version: str | None = None,
        labels: dict[str, str] | None = None,
        attributes: JsonObject | None = None,
        failures: Failures | None = None,
    ) -> None:
        self.sink = sink
        self.app = app
        self.code_version = code_version
        self.labels = labels or {}
        self.attributes = attributes or {}
        """What every new trace gets."""
        self.observer: CallObserver | None = None
        """Sees the tool calls of tasks and threads that made a model call outside any scope."""
        self.stored_turn: Callable[[LiveTrace, str], Turn | None] | None = None
        """Looks up, by its response id, a turn that another process recorded."""
        self.keep_draws: Keep = "uuid"
        """Of which random draws inside tools the values are kept."""
        self.failures = failures or Failures()
        self.watches_turns = False
        """Whether to keep what is asked outside while tools run unseen (`turn_watch`)."""
        self.captured: set[str] = set()
        """Tools whose executions are seen, by decorator or toolbox."""
        self.waiting_streams: weakref.WeakSet[Any] = weakref.WeakSet()
        """Streams that are being read: a tool may run before they end."""
        self.watching = threading.Lock()
        self.watched_modules: set[ModuleType] = set()
        """Modules whose clients are all watched."""
        self.hooked: dict[str, HookedCall] = {}
        """Calls that frameworks' hooks hold while they run, by our identity of them."""
        self.asking: list[Callable[[], JsonObject]] = []
        """What frameworks know of a model call that is about to be made here: its agent."""
        self.abandoned: deque[Callable[[], None]] = deque()
        """Streams that were dropped half read: what the collector must not store itself."""
        self._lock = threading.RLock()
        self._lineage = Lineage()
        self._stitched: OrderedDict[str, LiveTrace] = OrderedDict()
        self._sessions: OrderedDict[str, str] = OrderedDict()
        """Traces of callers whose own recording is elsewhere, by what tells them apart."""
        self._open: dict[str, LiveTrace] = {}
        """Traces in a scope, by the id that the application gave them."""
        self._failed: deque[LiveModelCall] = deque(maxlen=_FAILED_MAX)
        self._answered: OrderedDict[str, tuple[LiveModelCall, Landing]] = OrderedDict()
        """The last answers by their ids: one may be seen twice, on both sides of a proxy."""
        self._suspects: deque[OpenCall] = deque(maxlen=_SUSPECTS_MAX)
        if hasattr(os, "register_at_fork"):
            _reset_lock_in_children(self)

    # -- traces

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
            app=self.app,
            code_version=self.code_version,
            labels=dict(self.labels),
            attributes=dict(self.attributes),
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
        if len(self._stitched) > _STITCHED_MAX:
            _, ended = self._stitched.popitem(last=False)
            ended.ended_at = ended.last_at
            self.sink.append(ended.record())

    # -- model calls

    def sent_before(self) -> Sent | None:
        """The last request of this task or thread: its next one may begin with the same bytes."""
        turn = last_turn.get()
        return turn.sent if turn is not None else None

    def begin_model_call(
        self, question: Question, content: bytes, provider: str | None, attributes: JsonObject
    ) -> LiveModelCall:
        """Take note of a model call that is about to be sent, and of what its prompt tells."""
        self._end_abandoned()
        if self.watches_turns:
            turn_watch.end()
        trace = self._trace_in_scope()
        self._recall(question, trace)
        known = self._known_of_asking()
        with self._lock:
            again = self._retried(trace, content)
            if again is not None:
                return again
            parent = self._lineage.parent_of(question, _near(trace), trace)
            told = self._take_answers(question, parent, trace)
            if parent is not None and not question.is_delta:
                self._lineage.let_go(parent)
            if trace is None:
                trace = self._stitch(parent)
            started = time.perf_counter()
            call = LiveModelCall(
                id=new_id("m"),
                trace=trace,
                step_number=trace.next_step(),
                question=question,
                messages=effective_messages(question, parent),
                tools=question.tools,
                content=content,
                started_at=now(),
                started=started,
                parent=parent,
                provider=provider,
                attributes=attributes,
                attempt_started=started,
                inside=running_call.get(),
            )
            call.attempt_started_at = call.started_at
            call.attributes |= known
            if question.is_delta and parent is None:
                call.attributes["prompt_is_partial"] = True
            # Ahead of its answer: a process that dies before it leaves an unfinished call.
            asked = model_call_record(call, Landing(Reply(), is_final=False), started)
            self.sink.append_turn(asked, told, ())
            return call

    def end_model_call(self, call: LiveModelCall, landing: Landing) -> None:
        """Store a model call and, unfinished, the tool calls that it asks for."""
        ended = time.perf_counter()
        reply = landing.reply
        with self._lock:
            turn = call.turn
            if reply.error is None or reply.output is not None:
                turn = turn or self._new_turn(call, reply, ended)
                self._ask(call, turn, reply)
            elif landing.is_final and call not in self._failed:
                self._failed.append(call)
            if landing.is_final:
                self._mark_twin(call, landing)
            record = model_call_record(call, landing, ended)
            attempts = attempt_records(call, landing, ended) if landing.is_final else []
            open_calls = turn.calls if turn is not None else ()
            asked = [asked.record() for asked in open_calls if asked.is_open]
            self.sink.append_turn(record, (), asked)
            if attempts:
                self.sink.append_all(attempts)
        if turn is not None and landing.is_final:
            last_turn.set(turn)
            if self.watches_turns and any(asked.tool not in self.captured for asked in turn.calls):
                turn_watch.begin(turn)
            if self.observer is not None and call.trace.is_stitched and not current_observer():
                start_observing(self.observer)

    def _mark_twin(self, call: LiveModelCall, landing: Landing) -> None:
        """Mark a call that was made while this one waited, and got the very same answer.

        It is the same call, seen behind a proxy that runs in this process; this side is the
        application's.
        """
        response_id = landing.reply.response_id
        if response_id is None:
            return
        twin, seen = self._answered.get(response_id, (None, None))
        self._answered[response_id] = call, landing
        if len(self._answered) > _ANSWERED_MAX:
            self._answered.popitem(last=False)
        if twin is None or seen is None or twin is call or twin.turn is None or call.turn is None:
            return
        is_inside = twin.started > call.started
        if not is_inside or twin.attributes.get("url") == call.attributes.get("url"):
            return
        twin.attributes["same_as"] = call.id
        self.sink.append_fields("model_call", model_call_record(twin, seen, twin.turn.ended))
        with contextlib.suppress(ValueError):
            twin.trace.waiting.remove(twin.turn)
        for theirs, ours in zip(twin.turn.calls, call.turn.calls, strict=False):
            if not theirs.execution.is_seen:
                run = theirs.execution
                run.attributes = {**run.attributes, "same_as": ours.execution.id}
                self._store_call(theirs)

    def _known_of_asking(self) -> JsonObject:
        known: JsonObject = dict(model_facts.get() or {})
        said = next_model_facts.get()
        if said is not None:
            next_model_facts.set(None)
            if not said.is_taken:  # else another task has a copy of this one's context
                known |= said.facts
            said.is_taken = True
        for ask in self.asking:
            with self.failures.guard("ask a framework about a model call"):
                known |= ask()
        return known

    def knows_response(self, response_id: str) -> bool:
        """Whether some plane has recorded this answer."""
        with self._lock:
            return self._lineage.knows_response(response_id)

    def _recall(self, question: Question, trace: LiveTrace | None) -> None:
        """Bring back the turn that a request goes on from, where another process recorded it."""
        response_id = question.previous_response_id
        if trace is None or not trace.is_resumed or response_id is None or not self.stored_turn:
            return
        with self._lock:
            if self._lineage.knows_response(response_id):
                return
        with self.failures.guard(f"look up the response {response_id!r}"):
            turn = self.stored_turn(trace, response_id)
            if turn is not None:
                with self._lock:
                    self._lineage.add(question.api, turn, None)

    def _retried(self, trace: LiveTrace | None, content: bytes) -> LiveModelCall | None:
        """The failed call that these bytes ask again, made ready for its next try."""
        for call in self._failed:
            if trace is not None:
                is_here = call.trace is trace
            else:
                age = time.perf_counter() - call.attempt_started
                is_here = call.trace.is_stitched and age < _RETRY_SECONDS_MAX
            if is_here and call.content == content:
                self._failed.remove(call)
                call.attempt_number += 1
                call.attempt_started = time.perf_counter()
                call.attempt_started_at = now()
                return call
        return None

    def _take_answers(
        self, question: Question, parent: Turn | None, trace: LiveTrace | None
    ) -> list[JsonObject]:
        """Take what the prompt says the model was told, and mend what it shows to be wrong.

        Returns records of calls, which are still to be stored.
        """
        pairs = answers_by_call(question, parent)
        if parent is None and trace is not None:
            pairs = answers_from_the_end(question, trace.waiting)
        told = []
        changed: dict[int, OpenCall] = {}
        for call, answer in pairs:
            if call.told is not None:
                continue
            call.told, call.told_error = answer.text, answer.is_error
            told.append(call)
            if call.execution.response != answer.text:
                changed[id(call)] = call
        if not told:
            return []
        mended = exchange(told, self._suspects)
        changed |= {id(call): call for call in mended}
        if any(not call.execution.is_certain for call in told):
            unclear = [call for call in self._suspects if not was_told(call)]
            self._suspects = deque(unclear, maxlen=_SUSPECTS_MAX)
        for turn in {id(call.turn): call.turn for call in told}.values():
            if turn is not None:
                self._end_turn(turn)
        for call in told:
            if not call.execution.is_seen:
                settle(call, is_captured=call.tool in self.captured)
        if mended:  # together: an execution must not be seen at two calls
            self.sink.append_all([call.record() for call in changed.values()])
            return []
        for call in changed.values():
            if not _is_json(call):
                self._store_call(call)
        return [call.record() for call in changed.values() if _is_json(call)]

    def _end_turn(self, turn: Turn) -> None:
        if all(call.told is not None for call in turn.calls):
            with contextlib.suppress(ValueError):
                turn.trace.waiting.remove(turn)
        if turn.outside is not None and (asked := turn_watch.records_of(turn)):
            self.sink.append_all(asked)

    def _store_call(self, call: OpenCall) -> None:
        if _is_json(call):
            self.sink.append_fields("tool_call", call.record())
        else:  # these may hold what was never JSON
            self.sink.append(call.record())

    def _new_turn(self, call: LiveModelCall, reply: Reply, ended: float) -> Turn:
        turn = Turn(
            model_call_id=call.id,
            trace=call.trace,
            messages=call.messages,
            message_count=len(call.messages),
            output=reply.output,
            response_id=reply.response_id,
            tools=call.tools,
            ended=ended,
            size_bytes=2 * len(call.content),
            sent=call.question.sent,
            inside=call.inside,
        )
        call.turn = turn
        return turn

    def _ask(self, call: LiveModelCall, turn: Turn, reply: Reply) -> None:
        """Bring a turn up to what the model has said by now."""
        if not call.tools:
            inherited = call.parent.tools if call.parent and call.question.is_delta else []
            call.tools = reply.tools if reply.tools is not None else inherited
        turn.tools = call.tools
        turn.output = reply.output
        turn.response_id = reply.response_id
        turn.model = reply.response_model or call.question.model
        for index, asked in enumerate(reply.calls):
            if index < len(turn.calls):
                turn.calls[index].arguments = asked.arguments
                continue
            turn.calls.append(
                OpenCall(
                    trace=call.trace,
                    step_number=call.trace.next_step(),
                    tool=asked.tool,
                    arguments=asked.arguments,
                    asked_at=now(),
                    execution=Execution(new_id("c")),
                    turn=turn,
                    call_index=index,
                    provider_call_id=asked.provider_call_id,
                )
            )
        if turn.calls and turn not in call.trace.waiting:
            call.trace.waiting.append(turn)
        self._lineage.add(call.question.api, turn, call.question.conversation_id)

    # -- tool calls

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

    @contextlib.contextmanager
    def in_session(self, key: str, labels: dict[str, str]) -> Iterator[None]:
        """Hold the trace of a session, for whoever serves tools to callers that it does not see.

        ``key``: the caller, or the connection. The trace ends with the recorder, or once many
        others were served since.
        """
        trace: LiveTrace | None = None
        with self.failures.guard("open the trace of a session"), self._lock:
            trace = self._stitched.get(self._sessions.get(key, ""))
            if trace is None:
                trace = self._stitch(None, labels)
                self._sessions[key] = trace.id
                if len(self._sessions) > _STITCHED_MAX:
                    self._sessions.popitem(last=False)
            else:
                self._stitch_on(trace)
        token = open_scope.set(OpenScope(self, trace) if trace is not None else open_scope.get())
        # A client in this process may be in the middle of a call of its own.
        outer = running_call.set(None)
        try:
            yield
        finally:
            running_call.reset(outer)
            open_scope.reset(token)

    def note_calls(self, is_meant: Callable[[OpenCall], bool], facts: JsonObject) -> None:
        """Keep facts with those calls of this task's or thread's last turn that are meant."""
        with self.failures.guard("note what a framework says of a call"), self._lock:
            turn = _near(self._trace_in_scope())
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
        near, outer = _near(trace), running_call.get()
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

    def _trace_in_scope(self) -> LiveTrace | None:
        scope = open_scope.get()
        is_ours = scope is not None and scope.journal is self and not scope.is_left
        return scope.trace if scope is not None and is_ours else None

    def _end_abandoned(self) -> None:
        while self.abandoned:
            self.abandoned.popleft()()

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


def _is_json(call: OpenCall) -> bool:
    """Whether nothing in its record was ever anything else; NaN is not JSON."""
    return call.execution.error is None and call.positional is None


def _near(trace: LiveTrace | None) -> Turn | None:
    """The last turn of this task or thread, unless another trace's scope was opened since."""
    turn = last_turn.get()
    if turn is not None and trace is not None and turn.trace is not trace:
        return None
    return turn


def _reset_lock_in_children(journal: Journal) -> None:
    """A fork while another thread records must not leave the child a lock that nobody opens."""
    reference = weakref.ref(journal)

    def reset() -> None:
        alive = reference()
        if alive is not None:
            alive._lock = threading.RLock()

    os.register_at_fork(after_in_child=reset)
