"""A tool call as the framework that runs it lets a hook see it: with its exact id, around the tool.

The hook knows which call this is, the tool's own function (under `@recorder.tool`) knows its
payload, its result and its exception. Where both are seen they make one record: what is innermost
counts, for frameworks turn exceptions into words and results into text.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from replay.recorder.binding import Sighting
from replay.recorder.calls import Execution, OpenCall, now
from replay.recorder.executions import Watch, json_form, note_error, note_return
from replay.recorder.journal import Journal
from replay.recorder.scope import running_call
from replay.recorder.unseen import rejected
from replay.records import Attempt, CallError, JsonObject, JsonValue, Outcome, Stage


class HookedCall:
    """One tool call, for ``with``: `Recorder.tool_call` gives it. Nothing in here raises.

    An exception that passes through is recorded and goes on. Never hold one across a ``yield``.
    """

    def __init__(
        self, journal: Journal, sighting: Sighting, *, by: str | None, outside: bool
    ) -> None:
        self._journal = journal
        self._sighting = sighting
        self._facts: JsonObject = {} if by is None else {"seen_by": by}
        self._outside = outside
        self._watch: Watch | None = None
        self._inner: Inner | None = None
        self._attempts: list[Attempt] = []
        self._is_settled = False

    @property
    def tool(self) -> str:
        """The tool's name, as the model wrote it."""
        return self._sighting.tool

    @property
    def id(self) -> str | None:
        """Our identity of the call, unique in the database; None: it is not recorded."""
        return self._watch.execution.id if self._watch is not None else None

    @property
    def call(self) -> OpenCall | None:
        """The call that it is bound to by now; None: it is not recorded."""
        return self._watch.execution.call if self._watch is not None else None

    @property
    def trace_id(self) -> str | None:
        """The trace it belongs to; None: it is not recorded."""
        call = self.call
        return call.trace.id if call is not None else None

    def note(self, **facts: JsonValue) -> None:
        """Keep facts of the framework's with the call: an agent's name, a retry's number."""
        known = {name: fact for name, fact in facts.items() if fact is not None}
        self._facts |= known
        if self._watch is not None:
            run = self._watch.execution
            run.attributes = {**run.attributes, **known}

    def validated(self, payload: object) -> None:
        """Keep the arguments as the framework validated them."""
        if self._watch is not None and self._inner is None:
            self._watch.execution.payload = json_form(payload)[0]

    def returned(self, result: object) -> None:
        """Keep what the tool returned; what the decorated function returned is kept rather."""
        if self._watch is None or self._is_known:
            return
        with self._journal.failures.guard(f"note the result of {self.tool!r}"):
            note_return(self._watch.execution, result)
            self._is_settled = True

    def answered(self, text: str | None, *, outcome: Outcome = Outcome.OK) -> None:
        """Keep the words that the framework made of what happened, where those are all it shows.

        Whoever said before what happened is not overruled.
        """
        if self._watch is None:
            return
        run = self._watch.execution
        run.response = text
        if not self._is_known:
            run.duration_ms = _since(run)
            run.outcome = outcome
            if outcome is not Outcome.OK:
                run.error = CallError(
                    type=outcome.value, message=text or "", stage=_STAGES[outcome]
                )
            self._is_settled = True

    def refused(self, outcome: Outcome, message: str, details: JsonValue = None) -> None:
        """Keep that the tool was not run, and what the framework says why."""
        if self._watch is None or self._inner is not None:
            return
        run = self._watch.execution
        if outcome is Outcome.INVALID_ARGUMENTS and run.call is not None:
            # Frameworks have one word for both.
            outcome = rejected([], self.tool, run.call.arguments) or outcome
        run.outcome, run.duration_ms = outcome, _since(run)
        run.error = CallError(
            type=outcome.value, message=message, stage=_STAGES[outcome], details=details
        )
        self._is_settled = True

    def failed(self, text: str | None, details: JsonValue = None) -> None:
        """Keep that the framework told the model of a failure, where that is all it shows.

        Arguments that do not fit what the model was shown never reached the tool.
        """
        call = self.call
        if self._watch is None or call is None:
            return
        run = self._watch.execution
        run.response = text
        if not self._is_known:
            tools = call.turn.tools if call.turn is not None else []
            outcome = rejected(tools, call.tool, call.arguments) or Outcome.FAILED
            run.outcome, run.duration_ms = outcome, _since(run)
            run.error = CallError(
                type=outcome.value, message=text or "", stage=_STAGES[outcome], details=details
            )
            self._is_settled = True

    @property
    def _is_known(self) -> bool:
        """Whether it is known how the call ended, from further inside."""
        return self._is_settled or (self._inner is not None and self._inner.is_done)

    def __enter__(self) -> Self:
        with self._journal.failures.guard(f"start the record of {self.tool!r}"):
            call = self._journal.start_tool_call(
                self._sighting, started=time.perf_counter(), stray=False, captures=False
            )
            if call is not None:
                call.execution.hook = self
                call.execution.attributes = {**call.execution.attributes, **self._facts}
                self._watch = Watch(
                    call, outside=self._outside, keep_draws=self._journal.keep_draws
                )
                self._watch.__enter__()
                self._journal.hooked[call.execution.id] = self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        watch = self._watch
        if watch is None:
            return
        with self._journal.failures.guard(f"store the end of {self.tool!r}"):
            self._journal.hooked.pop(watch.execution.id, None)
            watch.__exit__(kind, error, trace)
            if error is not None and not self._is_known:
                note_error(watch.execution, error)
            for attempt in self._attempts if len(self._attempts) > 1 else ():
                self._journal.note_attempt(attempt)
            watch.execution.hook = None
            self._journal.end_tool_call(watch.execution, watch.interactions())

    # -- from inside

    @contextlib.contextmanager
    def carried(self) -> Iterator[None]:
        """Hold this call in another task or thread, which works for it: a server's, say."""
        watch, call = self._watch, self.call
        if watch is None or call is None:
            yield
            return
        token = running_call.set(call)
        try:
            with watch.carried():
                yield
        finally:
            running_call.reset(token)

    def inside(self, payload: JsonValue) -> Inner | None:
        """Return the watch over the tool's own function; None where that runs in itself."""
        if self._watch is None or (self._inner is not None and not self._inner.is_done):
            return None
        run = self._watch.execution
        run.payload = payload
        run.error = None
        self._inner = Inner(self, run, len(self._attempts) + 1)
        return self._inner

    def tried(self, attempt: Attempt) -> None:
        """Take note of one run of the tool's own function; frameworks try again by themselves."""
        self._attempts.append(attempt)

    def fits(self, payload: JsonValue) -> bool:
        """Whether a function that was called so, in a thread without a context, is this call's."""
        arguments = self._sighting.parsed()
        return self._inner is None and (
            arguments is None
            or (
                isinstance(payload, dict)
                and all(payload.get(key) == value for key, value in arguments.items())
            )
        )


class Inner:
    """One run of the tool's own function inside of a hooked call."""

    def __init__(self, hook: HookedCall, execution: Execution, number: int) -> None:
        self.execution = execution
        self.is_done = False
        self._hook = hook
        self._number = number
        self._began = (now(), time.perf_counter())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held here: the hook holds it."""

    def ended(self) -> None:
        """Take note that the execution's result or error is there."""
        run = self.execution
        self.is_done = True
        run.duration_ms = round((time.perf_counter() - self._began[1]) * 1e3, 3)
        self._hook.tried(
            Attempt(
                id=f"{run.id}.a{self._number}",
                call_id=run.id,
                attempt_number=self._number,
                started_at=self._began[0],
                duration_ms=run.duration_ms,
                outcome=run.outcome,
                error=run.error,
            )
        )


_STAGES: dict[Outcome, Stage] = {
    Outcome.BAD_JSON: Stage.PARSE,
    Outcome.UNKNOWN_TOOL: Stage.RESOLVE,
    Outcome.INVALID_ARGUMENTS: Stage.VALIDATE,
    Outcome.DENIED: Stage.AUTHORIZE,
    Outcome.THROTTLED: Stage.AUTHORIZE,
    Outcome.REFUSED: Stage.INVOKE,
    Outcome.TIMEOUT: Stage.INVOKE,
    Outcome.FAILED: Stage.INVOKE,
    Outcome.CANCELLED: Stage.INVOKE,
    Outcome.CRASHED: Stage.INVOKE,
}


def _since(run: Execution) -> float:
    return round((time.perf_counter() - run.started) * 1e3, 3)


def hook_around(
    journal: Journal, outer: OpenCall | None, tool: str, payload: Any
) -> HookedCall | None:
    """Return the hook that holds this very call of ``tool``, or None."""
    if outer is not None:
        hook = outer.execution.hook
        return hook if hook is not None and hook.tool == tool else None
    # A thread that was started without its context.
    for hook in list(journal.hooked.values()):
        if hook.tool == tool and hook.fits(payload):
            return hook
    return None
