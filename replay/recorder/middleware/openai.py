"""OpenAI's Python client: its registered functions, and what its tool runner rejected.

Model calls are seen on the HTTP plane (``recorder.wrap(client)``). A ``RegisteredFunction`` gets
its arguments alone, no id; the runner runs the calls of a turn in order, so they are bound by the
turn and by what they were given.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from replay.recorder.middleware.versions import require
from replay.recorder.recorder import Recorder
from replay.records import Outcome

require("openai")

Registered = TypeVar("Registered")
"""``RegisteredFunction`` or ``AsyncRegisteredFunction``."""

_REFUSALS = {("arguments", "invalid_input"): Outcome.INVALID_ARGUMENTS}


def recorded_functions(recorder: Recorder, functions: Iterable[Registered]) -> list[Registered]:
    """Return registered functions whose runs are recorded; their tools are shown as they are.

    ``execute`` may call functions that are under ``@recorder.tool``: what those return is kept.
    """
    return [_recorded(recorder, function) for function in functions]


def _recorded(recorder: Recorder, function: Any) -> Any:
    name, original = function.tool["name"], function.execute
    execute: Any
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def execute(arguments: Any, **options: Any) -> Any:
            with recorder.tool_call(name, arguments=_object(arguments), by="openai") as call:
                result = await original(arguments, **options)
                call.returned(result)
                return result

    else:

        @functools.wraps(original)
        def execute(arguments: Any, **options: Any) -> Any:
            with recorder.tool_call(name, arguments=_object(arguments), by="openai") as call:
                result = original(arguments, **options)
                call.returned(result)
                return result

    return dataclasses.replace(function, execute=execute)


def _object(arguments: Any) -> Any:
    """The arguments as JSON: typed functions get a pydantic model."""
    dump = getattr(arguments, "model_dump", None)
    return arguments if dump is None else dump(mode="json")


def diagnostics(recorder: Recorder) -> Callable[[Any], None]:
    """Return an ``on_diagnostic`` for the tool runner: it keeps which calls were rejected."""

    def on_diagnostic(diagnostic: Any) -> None:
        outcome = _REFUSALS.get((diagnostic["stage"], diagnostic["reason"]))
        if outcome is None or diagnostic["call_id"] is None:
            return
        tool, call_id = diagnostic["member"] or "", diagnostic["call_id"]
        with recorder.tool_call(tool, call_id=call_id, by="openai") as call:
            call.refused(outcome, "the tool runner could not read the arguments")

    return on_diagnostic
