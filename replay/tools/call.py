"""The one life of a tool call, in production and in replay.

``parse`` → ``resolve`` → ``translate`` → ``validate`` → ``sanitize`` → ``authorize`` → ``invoke`` →
``encode``. Each stage can end the call with an outcome; the first that does is the last that runs.
Stages that have nothing to do (no translation, no sanitizer, no authorizer) leave no timing.
"""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections.abc import Mapping
from typing import Any

from replay.records import Actor, CallResult, JsonValue, Stage
from replay.tools.arguments import parse_arguments, raw_arguments
from replay.tools.current import CurrentCall, current
from replay.tools.encoding import NotJson, as_json
from replay.tools.endings import Ending, ending_of
from replay.tools.invoke import Life, Step, drive_async, drive_sync
from replay.tools.observer import (
    CallObserver,
    CallStart,
    current_observer,
    observed_scope,
    tell_finished,
    tell_resolved,
    tell_shadowed,
    tell_started,
    tell_world,
)
from replay.tools.outcome import (
    CallProgress,
    encode_response,
    finished_result,
    world_state_hash,
)
from replay.tools.refusals import Denied
from replay.tools.resolve import (
    Parser,
    is_older,
    meant_call,
    resolve_tool,
    translated_arguments,
)
from replay.tools.retries import attempts
from replay.tools.shadow import shadow_parses
from replay.tools.toolbox import Toolbox
from replay.tools.validate import bound_call, validated_arguments


async def run_call(
    toolbox: Toolbox,
    *,
    tool: str,
    arguments: str | Mapping[str, Any] | None,
    positional: list[JsonValue] | None = None,
    world: Any = None,
    provider_call_id: str | None = None,
    response_id: str | None = None,
    call_index: int = 0,
    actor: Actor = "assistant",
    request_id: str | None = None,
    arguments_version: str | None = None,
    model: str | None = None,
    trace_id: str | None = None,
    parser: Parser = "",
) -> CallResult:
    """Run one tool call and return how it went; nothing a model or tool does wrong is raised.

    Args:
        toolbox: Where the tool is looked up.
        tool: The name as the model wrote it.
        arguments: The model's raw text, or the parsed object where a provider gives only that.
        positional: Positional arguments, for sources that have them.
        world: What ``toolbox``'s world factory made, or None.
        provider_call_id: The provider's tool-call id: an attribute, never a key.
        response_id: The provider's id of the model output that holds the call.
        call_index: Position among the calls of that model output, from 0.
        actor: Who makes the call.
        request_id: Our id and idempotency key; None: a new one.
        arguments_version: The tool version whose schema the model was shown; None: today's;
            ``""``: the tool had no version then. When it is another than the one that runs, a
            registered translation is used.
        model: The model version that made the call, where it is known.
        trace_id: The trace that the call belongs to, where it is known.
        parser: Who reads the arguments, in a replay: see `replay.tools.resolve.Parser`.

    Raises:
        asyncio.CancelledError: the application cancelled the call (it is recorded as such).
        KeyboardInterrupt: as above.
    """
    start = CallStart(
        request_id=request_id or secrets.token_hex(16),
        tool=tool,
        arguments=raw_arguments(arguments),
        toolbox=toolbox.name,
        positional=positional,
        provider_call_id=provider_call_id,
        response_id=response_id,
        call_index=call_index,
        actor=actor,
        model=model,
        trace_id=trace_id,
    )
    return await drive_async(_life(toolbox, start, world, arguments_version, parser))


def run_call_sync(
    toolbox: Toolbox,
    *,
    tool: str,
    arguments: str | Mapping[str, Any] | None,
    positional: list[JsonValue] | None = None,
    world: Any = None,
    provider_call_id: str | None = None,
    response_id: str | None = None,
    call_index: int = 0,
    actor: Actor = "assistant",
    request_id: str | None = None,
    arguments_version: str | None = None,
    model: str | None = None,
    trace_id: str | None = None,
    parser: Parser = "",
) -> CallResult:
    """Do what ``run_call`` does from plain code: on this thread, unless the tool has a deadline.

    An async tool gets an event loop for the call; inside a running one use ``run_call``.
    """
    start = CallStart(
        request_id=request_id or secrets.token_hex(16),
        tool=tool,
        arguments=raw_arguments(arguments),
        toolbox=toolbox.name,
        positional=positional,
        provider_call_id=provider_call_id,
        response_id=response_id,
        call_index=call_index,
        actor=actor,
        model=model,
        trace_id=trace_id,
    )
    return drive_sync(_life(toolbox, start, world, arguments_version, parser))


def _life(
    toolbox: Toolbox,
    start: CallStart,
    world: Any,
    arguments_version: str | None,
    parser: Parser,
) -> Life[CallResult]:
    observer = current_observer()
    if observer is not None:
        tell_started(observer, start)
        if toolbox.state_hook is not None and world is not None:
            tell_world(observer, start, lambda: world_state_hash(toolbox, world))
    progress = CallProgress(start)
    ending: Ending | None = None
    try:
        yield from _stages(toolbox, start, world, arguments_version, parser, observer, progress)
    except BaseException as error:  # noqa: BLE001 -- every end of a call is an outcome
        ending = ending_of(error, progress, is_cancelled=_is_being_cancelled(error))
    result = finished_result(toolbox, world, progress, ending)
    if observer is not None:
        if toolbox.shadows and (ending is None or not ending.raise_again):
            tell_shadowed(observer, start, shadow_parses(toolbox, progress))
        tell_finished(observer, start, result)
    if ending is not None and ending.raise_again:
        assert ending.error is not None
        raise ending.error
    return result


def _is_being_cancelled(error: BaseException) -> bool:
    """Whether the application cancels us, or the tool only awaited something cancelled."""
    if not isinstance(error, asyncio.CancelledError):
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop: nobody is there to cancel us
        return False
    return task is not None and task.cancelling() > 0


def _stages(
    toolbox: Toolbox,
    start: CallStart,
    world: Any,
    arguments_version: str | None,
    parser: Parser,
    observer: CallObserver | None,
    progress: CallProgress,
) -> Life[None]:
    parsed = parse_arguments(start.arguments)
    progress.notes += parsed.notes
    progress.lap(Stage.RESOLVE)
    meant = meant_call(toolbox, start, arguments_version)
    tool = progress.tool = resolve_tool(toolbox, meant, parser, arguments_version)
    if observer is not None:
        tell_resolved(observer, start, tool.tool_schema)
    values, is_raw = parsed.values, True
    if is_older(meant, start, tool, arguments_version):
        progress.lap(Stage.TRANSLATE)
        values, is_raw = translated_arguments(toolbox, tool, arguments_version, values, progress)
    progress.lap(Stage.VALIDATE)
    kwargs = validated_arguments(tool, start, values, progress, is_raw=is_raw)
    call = CurrentCall(
        start.request_id,
        tool.name,
        tool.version,
        start.actor,
        start.provider_call_id,
        world,
        kwargs,
    )
    token = current.set(call)
    try:
        if tool.options.sanitize is not None:
            progress.lap(Stage.SANITIZE)
            call.arguments = yield from _hook(tool.options.sanitize, kwargs)
        progress.payload = _payload(call.arguments, progress)
        if tool.options.authorize is not None:
            progress.lap(Stage.AUTHORIZE)
            allowed = yield from _hook(tool.options.authorize, call)
            if allowed is False or isinstance(allowed, str):
                raise Denied(allowed or "you lack the permission for this call.")
        progress.lap(Stage.INVOKE)
        step = bound_call(tool, call.arguments, progress.positional, world)
        progress.step = step
        if observer is None and tool.options.attempts_max == 1:
            value = yield step
        elif observer is None:
            value = yield from attempts(tool, step, call, start, observer)
        else:
            with observed_scope(observer, start):
                value = yield from attempts(tool, step, call, start, observer)
        if toolbox.after_call_hook is not None:
            yield from _hook(toolbox.after_call_hook, world)
    finally:
        current.reset(token)
    progress.lap(Stage.ENCODE)
    encode_response(toolbox, value, progress)


def _hook(function: Any, argument: Any) -> Life[Any]:
    if inspect.iscoroutinefunction(function):
        return (yield Step(function, (argument,), is_async=True))
    return function(argument)


def _payload(arguments: dict[str, Any], progress: CallProgress) -> JsonValue:
    try:
        return as_json(arguments)
    except NotJson as error:
        progress.notes.append(f"The payload is not kept: {error}")
        return None
