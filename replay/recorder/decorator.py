"""Capturing any function: an innermost decorator that no framework can tell from the function.

``functools.wraps`` keeps the name, the docstring, the signature and the annotations, from which
frameworks derive a tool's schema; a coroutine function stays one.
"""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from typing import Any, TypeVar

from replay.recorder.binding import Sighting
from replay.recorder.calls import OpenCall
from replay.recorder.executions import Signature, Watch, arguments_text, note_error, note_return
from replay.recorder.hooked import Inner, hook_around
from replay.recorder.journal import Journal
from replay.recorder.scope import announced, running_call
from replay.recorder.unseen import tool_schema
from replay.records import Actor
from replay.tools.marks import announce_function

F = TypeVar("F", bound=Callable[..., Any])


def captured(function: F, journal: Journal, *, name: str | None, actor: Actor, outside: bool) -> F:
    """Return ``function`` with every call of it recorded."""
    capture = _Capture(journal, name or function.__name__, function, actor, outside)
    wrapper: Any
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            watch = capture.start(args, kwargs)
            if watch is None:
                return await function(*args, **kwargs)
            try:
                with watch:
                    result = await function(*args, **kwargs)
            except BaseException as error:
                capture.raised(watch, error)
                raise
            capture.returned(watch, result)
            return result

    else:

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            watch = capture.start(args, kwargs)
            if watch is None:
                return function(*args, **kwargs)
            try:
                with watch:
                    result = function(*args, **kwargs)
            except BaseException as error:
                capture.raised(watch, error)
                raise
            capture.returned(watch, result)
            return result

    journal.captured.add(capture.tool)
    announce_function(capture.tool, function)
    kept: F = wrapper
    return kept


class _Capture:
    """What one decorated function records; nothing in here raises."""

    def __init__(
        self, journal: Journal, tool: str, function: Any, actor: Actor, outside: bool
    ) -> None:
        self.tool = tool
        self._journal = journal
        self._signature = Signature(function)
        self._actor = actor
        self._outside = outside

    def start(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Watch | Inner | None:
        """Return the watch over one call, or None when it is nobody's tool call."""
        outer = running_call.get()
        if outer is not None and outer.tool == self.tool and outer.execution.hook is None:
            return None  # the toolbox, or an outer decorator, has this very call already
        if self._journal.hooked:
            with self._journal.failures.guard(f"see {self.tool!r} inside of a hook"):
                payload = self._signature.payload(args, kwargs)
                hook = hook_around(self._journal, outer, self.tool, payload)
                if hook is not None:
                    call = hook.call
                    return hook.inside(payload if call is None else _shown(payload, call))
        with self._journal.failures.guard(f"start the record of {self.tool!r}"):
            started = time.perf_counter()
            payload = self._signature.payload(args, kwargs)
            call = self._journal.start_tool_call(
                Sighting(self.tool, provider_call_id=_announced(self.tool), payload=payload),
                started=started,
                actor=self._actor,
                stray=False,
            )
            if call is None:
                return None
            if call.turn is None:
                call.arguments = arguments_text(payload)
            call.execution.payload = _shown(payload, call)
            return Watch(call, outside=self._outside, keep_draws=self._journal.keep_draws)
        return None

    def returned(self, watch: Watch | Inner, result: object) -> None:
        with self._journal.failures.guard(f"store the result of {self.tool!r}"):
            note_return(watch.execution, result)
            self._ended(watch)

    def raised(self, watch: Watch | Inner, error: BaseException) -> None:
        with self._journal.failures.guard(f"store the failure of {self.tool!r}"):
            note_error(watch.execution, error)
            self._ended(watch)

    def _ended(self, watch: Watch | Inner) -> None:
        if isinstance(watch, Inner):
            watch.ended()
        else:
            self._journal.end_tool_call(watch.execution, watch.interactions())


def _announced(tool: str) -> str | None:
    """The id that a framework said for this very run of ``tool``; said once, it is used up."""
    said = announced.get()
    if said is None or said[0] != tool:
        return None
    announced.set(None)
    return said[1]


def _shown(payload: Any, call: OpenCall) -> Any:
    """The payload without what frameworks inject (contexts, state): what the model was shown."""
    schema = tool_schema(call.turn.tools, call.tool) if call.turn is not None else None
    names = (schema or {}).get("properties")
    if not isinstance(payload, dict) or not names or not any(name in names for name in payload):
        return payload
    return {name: value for name, value in payload.items() if name in names}
