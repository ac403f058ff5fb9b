"""The recorder's book of model calls: what they ask, what they are told, and whose they are."""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from replay.recorder import turn_watch
from replay.recorder.binding import answers_by_call, answers_from_the_end, exchange, was_told
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
from replay.recorder.scope import last_turn, model_facts, next_model_facts, running_call
from replay.recorder.sent import Sent
from replay.recorder.trace_book import RecordSink, TraceBook, TraceFacts, is_json, near_turn
from replay.recorder.unseen import settle
from replay.recorder.wire import Question, Reply
from replay.records import JsonObject
from replay.tools.observer import CallObserver, current_observer, start_observing

_FAILED_MAX: Final = 64
_RETRY_SECONDS_MAX: Final = 600
"""Outside a scope, the same prompt later than this after a failure is a new question."""
_ANSWERED_MAX: Final = 64


class ModelCallBook(TraceBook):
    """From what the planes see of model calls to records."""

    def __init__(self, sink: RecordSink, facts: TraceFacts, failures: Failures) -> None:
        super().__init__(sink, facts, failures)
        self.observer: CallObserver | None = None
        """Sees the tool calls of tasks and threads that made a model call outside any scope."""
        self.stored_turn: Callable[[LiveTrace, str], Turn | None] | None = None
        """Looks up, by its response id, a turn that another process recorded."""
        self.watches_turns = False
        """Whether to keep what is asked outside while tools run unseen (`turn_watch`)."""
        self.asking: list[Callable[[], JsonObject]] = []
        """What frameworks know of a model call that is about to be made here: its agent."""
        self._lineage = Lineage()
        self._failed: deque[LiveModelCall] = deque(maxlen=_FAILED_MAX)
        self._gone: deque[Turn] = deque()
        """Turns in which nobody can ask the outside any more: their tasks ended, or went on."""
        self._answered: OrderedDict[str, tuple[LiveModelCall, Landing]] = OrderedDict()
        """The last answers by their ids: one may be seen twice, on both sides of a proxy."""

    def sent_before(self) -> Sent | None:
        """The last request of this task or thread, or None: the next may begin like it."""
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
            parent = self._lineage.parent_of(question, near_turn(trace), trace)
            told = self._take_answers(question, parent, trace)
            self._keep_gone()
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
                turn_watch.begin(turn, self._gone.append)
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
            self._suspects = deque(unclear, maxlen=self._suspects.maxlen)
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
            if not is_json(call):
                self._store_call(call)
        return [call.record() for call in changed.values() if is_json(call)]

    def close_trace(self, trace: LiveTrace) -> None:
        """Store how and when a trace ended; first what its tools had asked that told no model.

        An agent that raised in a tool sends no next prompt, and what led there is of use.
        """
        if self.watches_turns:
            turn_watch.end()
        self._keep_untold(trace)
        super().close_trace(trace)

    def close(self) -> None:
        """End the traces that no scope ends, and keep what their last tools had asked."""
        if self.watches_turns:
            turn_watch.end()
        with self._lock:
            for trace in self._stitched.values():
                self._keep_untold(trace)
        super().close()

    def _let_go(self, trace: LiveTrace) -> None:
        self._keep_untold(trace)
        super()._let_go(trace)

    def _keep_untold(self, trace: LiveTrace) -> None:
        with self._lock:
            for turn in trace.waiting:
                self._keep_outside(turn)

    def _keep_gone(self) -> None:
        """Keep what was asked in turns that are over, though no prompt has told of them.

        An agent may end with a tool: nobody ever tells the model what that answered.
        """
        while self._gone:
            self._keep_outside(self._gone.popleft())

    def _end_turn(self, turn: Turn) -> None:
        if all(call.told is not None for call in turn.calls):
            with contextlib.suppress(ValueError):
                turn.trace.waiting.remove(turn)
        self._keep_outside(turn)

    def _keep_outside(self, turn: Turn) -> None:
        if turn.outside is not None and (asked := turn_watch.records_of(turn, self.captured)):
            self.sink.append_all(asked)

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
