"""How a recorder watches tool calls without the tools layer knowing it.

Whoever wants to see every call of a context sets an observer in it with ``observe``. What an
observer does wrong is logged and counted, and never reaches the application.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from replay.records import Actor, Attempt, CallResult, JsonObject, JsonValue, ToolSchema

_log = logging.getLogger("replay.tools")


@dataclass(slots=True)
class CallStart:
    """What is known of a call before anything of it has run.

    Not to be changed, but that an observer fills in ``model`` and ``trace_id``.

    (Not frozen: that would make it three times as slow to make, and one is made for every call.)
    """

    request_id: str
    """Ours: unique, and the idempotency key."""
    tool: str
    """The name as the model wrote it; perhaps no tool's."""
    arguments: str
    """The model's raw text, byte for byte. Arguments that came parsed (Anthropic) are written
    as compact JSON in their own order."""
    toolbox: str = ""
    positional: list[JsonValue] | None = None
    provider_call_id: str | None = None
    """The provider's tool-call id, or None."""
    response_id: str | None = None
    """The provider's id of the model output that holds the call, or None."""
    call_index: int = 0
    """Position among the calls of that model output, from 0."""
    actor: Actor = "assistant"
    model: str | None = None
    """The model version that made the call; None: its output does not say, or was not seen."""
    trace_id: str | None = None
    """The trace it belongs to: the recorder's, in a replay the recorded one; None: nobody records.
    """


class StateView(Protocol):
    """How a world's state is seen before it is hashed: without what may not be stored."""

    @property
    def version(self) -> int:
        """Grows when the same state would be seen otherwise than before."""

    def seen(self, encoded: bytes) -> JsonValue:
        """Return the state whose JSON is ``encoded`` as it is seen; None: as it is."""

    def hashed(self, digest: str) -> str:
        """Return what stands for the hash of a state as it was seen."""


class CallObserver(Protocol):
    """Sees every tool call of its context. Subclass it and override what you need."""

    state_view: StateView | None = None
    """What the calls' states are seen through."""

    @property
    def trace_id(self) -> str | None:
        """The trace that is open in this context; None: none is, or this is no recorder."""
        return None

    def call_started(self, start: CallStart) -> None:
        """Take note of a call, before any of its stages ran."""
        del start

    def world_seen(self, start: CallStart, state: Callable[[], str | None]) -> None:
        """Take note of the world before a call; ``state`` hashes it, which may take long."""
        del start, state

    def call_resolved(self, start: CallStart, schema: ToolSchema) -> None:
        """Take note of the schema that a call's arguments are validated by."""
        del start, schema

    def scope(self, start: CallStart) -> contextlib.AbstractContextManager[object]:
        """Return what is held around the tool's own work, all its attempts together.

        Entered and left in the context of the call (a recording cassette, say). It cannot
        swallow the tool's exception.
        """
        return contextlib.nullcontext()

    def call_attempted(self, start: CallStart, attempt: Attempt) -> None:
        """Take note of one try of a call that was tried more than once."""
        del start, attempt

    def call_shadowed(self, start: CallStart, shadows: dict[str, JsonObject]) -> None:
        """Take note of what other versions make of a call's arguments, by version."""
        del start, shadows

    def call_finished(self, start: CallStart, result: CallResult) -> None:
        """Take note of how the call ended, also when it was cancelled."""
        del start, result


@dataclass(slots=True)
class ObserverFailures:
    """What observers did wrong in this process."""

    count: int = 0
    last: str | None = None
    by_act: dict[str, int] = field(default_factory=dict)

    def note(self, act: str, error: BaseException) -> None:
        """Count and log one failure of an observer's ``act``."""
        self.count += 1
        self.last = f"{act}: {type(error).__name__}: {error}"
        self.by_act[act] = self.by_act.get(act, 0) + 1
        _log.warning(
            "An observer of tool calls failed in %s; the call goes on.", act, exc_info=error
        )


observer_failures = ObserverFailures()
"""Failures of observers, counted per process."""

_observer: ContextVar[CallObserver | None] = ContextVar("replay_call_observer", default=None)


_state_view: ContextVar[StateView | None] = ContextVar("replay_state_view", default=None)


def current_state_view() -> StateView | None:
    """Return what states are seen through in this context; None: as they are."""
    observer = _observer.get()
    return _state_view.get() if observer is None else observer.state_view


def see_states_through(view: StateView | None) -> None:
    """See the states of this context through ``view`` where nobody observes: in a replay."""
    _state_view.set(view)


def current_observer() -> CallObserver | None:
    """Return the observer of this context, or None."""
    return _observer.get()


def current_trace_id() -> str | None:
    """Return the trace that this context's calls are recorded in; None: nobody records them."""
    observer = _observer.get()
    return None if observer is None else observer.trace_id


@contextlib.contextmanager
def observe(observer: CallObserver | None) -> Iterator[None]:
    """Let ``observer`` see every tool call made inside; None: nobody watches."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def start_observing(observer: CallObserver) -> None:
    """Let ``observer`` see every tool call that this task or thread makes from now on.

    For a recorder without a scope to open: it learns of a conversation by its first model call.
    """
    _observer.set(observer)


def tell_started(observer: CallObserver, start: CallStart) -> None:
    """Tell ``observer`` that a call starts."""
    try:
        observer.call_started(start)
    except Exception as error:  # noqa: BLE001 -- an observer's failure never reaches the application
        observer_failures.note("call_started", error)


def tell_world(observer: CallObserver, start: CallStart, state: Callable[[], str | None]) -> None:
    """Tell ``observer`` of the world that a call is about to run on."""
    try:
        observer.world_seen(start, state)
    except Exception as error:  # noqa: BLE001 -- as above
        observer_failures.note("world_seen", error)


def tell_resolved(observer: CallObserver, start: CallStart, schema: ToolSchema) -> None:
    """Tell ``observer`` which tool's schema a call is up against."""
    try:
        observer.call_resolved(start, schema)
    except Exception as error:  # noqa: BLE001 -- as above
        observer_failures.note("call_resolved", error)


def tell_attempted(observer: CallObserver, start: CallStart, attempt: Attempt) -> None:
    """Tell ``observer`` of one try of a call."""
    try:
        observer.call_attempted(start, attempt)
    except Exception as error:  # noqa: BLE001 -- as above
        observer_failures.note("call_attempted", error)


def tell_shadowed(observer: CallObserver, start: CallStart, shadows: dict[str, JsonObject]) -> None:
    """Tell ``observer`` what other versions make of a call's arguments."""
    try:
        observer.call_shadowed(start, shadows)
    except Exception as error:  # noqa: BLE001 -- as above
        observer_failures.note("call_shadowed", error)


def tell_finished(observer: CallObserver, start: CallStart, result: CallResult) -> None:
    """Tell ``observer`` how a call ended."""
    try:
        observer.call_finished(start, result)
    except Exception as error:  # noqa: BLE001 -- as above
        observer_failures.note("call_finished", error)


class observed_scope:  # used as a verb
    """Hold the observer's scope around a block; its own failures are noted, not raised."""

    __slots__ = ("_observer", "_scope", "_start")

    def __init__(self, observer: CallObserver, start: CallStart) -> None:
        self._observer = observer
        self._start = start
        self._scope: contextlib.AbstractContextManager[object] | None = None

    def __enter__(self) -> None:
        try:
            scope = self._observer.scope(self._start)
            scope.__enter__()
        except Exception as error:  # noqa: BLE001 -- as above
            observer_failures.note("scope", error)
        else:
            self._scope = scope

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _leave(self._scope, error)


def _leave(
    scope: contextlib.AbstractContextManager[object] | None, error: BaseException | None
) -> None:
    if scope is None:
        return
    try:
        if error is None:
            scope.__exit__(None, None, None)
        else:
            scope.__exit__(type(error), error, error.__traceback__)
    except BaseException as raised:
        # A context manager made from a generator raises what was thrown into it: not a failure.
        if raised is error:
            return
        if not isinstance(raised, Exception):
            raise
        observer_failures.note("scope", raised)
