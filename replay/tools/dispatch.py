"""A model output in, the messages to send back out: every call at once, in the SDK's dialect.

Nothing here imports an SDK: objects are read by attribute, JSON by key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from replay.errors import ToolboxError
from replay.records import Actor, CallResult, JsonObject, Outcome
from replay.tools.call import run_call, run_call_sync
from replay.tools.world import Session

if TYPE_CHECKING:
    from replay.tools.toolbox import Toolbox

Wire = Literal["chat", "chat-function", "responses", "responses-custom", "anthropic"]
"""How a call was asked for, and so how it is answered."""


@dataclass(frozen=True, slots=True)
class AskedCall:
    """One tool call as a model output asks for it."""

    tool: str
    arguments: str | Mapping[str, Any] | None
    provider_call_id: str | None
    wire: Wire
    response_id: str | None = None
    model: str | None = None
    """The model version that asks, where its output says so."""


def asked_calls(model_output: Any) -> list[AskedCall]:
    """Return the tool calls that ``model_output`` asks for, in its order; none is an empty list.

    Raises:
        ToolboxError: it is nothing that an SDK gives.
    """
    calls = _asked_calls(model_output)
    model = _model_of(model_output)
    return calls if model is None else [replace(call, model=model) for call in calls]


def _model_of(model_output: Any) -> str | None:
    """Return the model version that an output names; None: it names none, as a bare message."""
    name = _text(_get(model_output, "model"))
    if name is None and (facts := _get(model_output, "response_metadata")) is not None:
        name = _text(_get(facts, "model_name"))  # LangChain
    return name


def _asked_calls(model_output: Any) -> list[AskedCall]:
    response_id = _text(_get(model_output, "id"))
    if isinstance(model_output, Sequence) and not isinstance(model_output, str | bytes):
        return [call for item in model_output for call in _from_item(item, None, required=True)]
    if (choices := _get(model_output, "choices")) is not None:
        message = _get(choices[0], "message") if choices else None
        return _from_message(message, response_id) if message is not None else []
    if isinstance(output := _get(model_output, "output"), Sequence) and not isinstance(output, str):
        return [call for item in output for call in _from_item(item, response_id, required=False)]
    if _get(model_output, "role") is not None:
        return _from_message(model_output, response_id)
    return _from_item(model_output, response_id, required=True)


def _from_message(message: Any, response_id: str | None) -> list[AskedCall]:
    """A chat message (``tool_calls``) or an Anthropic message (``content`` blocks)."""
    if (calls := _get(message, "tool_calls")) is not None:
        return [call for item in calls for call in _from_item(item, response_id, required=True)]
    content = _get(message, "content")
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [call for item in content for call in _from_item(item, response_id, required=False)]
    if (legacy := _get(message, "function_call")) is not None:
        name, arguments = _get(legacy, "name"), _get(legacy, "arguments")
        return [AskedCall(str(name), arguments, None, "chat-function", response_id)]
    return []


def _from_item(item: Any, response_id: str | None, *, required: bool) -> list[AskedCall]:
    """One call. Other items are passed by, unless this one is ``required`` to be a call."""
    kind = _get(item, "type")
    identity = _text(_get(item, "id"))
    if (function := _get(item, "function")) is not None and kind in ("function", None):
        name, arguments = _get(function, "name"), _get(function, "arguments")
        return [AskedCall(str(name), arguments, identity, "chat", response_id)]
    if kind == "custom" and (custom := _get(item, "custom")) is not None:
        arguments = {"input": _get(custom, "input")}
        return [AskedCall(str(_get(custom, "name")), arguments, identity, "chat", response_id)]
    if kind == "function_call":
        call_id = _text(_get(item, "call_id"))
        name, arguments = _get(item, "name"), _get(item, "arguments")
        return [AskedCall(str(name), arguments, call_id, "responses", response_id)]
    if kind == "custom_tool_call":
        call_id, arguments = _text(_get(item, "call_id")), {"input": _get(item, "input")}
        name = str(_get(item, "name"))
        return [AskedCall(name, arguments, call_id, "responses-custom", response_id)]
    if kind == "tool_use":
        name, arguments = _get(item, "name"), _get(item, "input")
        return [AskedCall(str(name), arguments, identity, "anthropic", response_id)]
    if _get(item, "name") is not None and _get(item, "args") is not None:  # LangChain
        return [
            AskedCall(str(_get(item, "name")), _get(item, "args"), identity, "chat", response_id)
        ]
    if not required or isinstance(kind, str):
        return []
    if _get(item, "role") is not None:
        return _from_message(item, response_id)
    raise ToolboxError(
        f"This is no model output: {_short(item)}",
        hint="Give what the SDK returned: a chat completion or its message, a Responses response, "
        "an Anthropic message, their JSON, or a list of tool calls.",
    )


def _get(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def answer_messages(calls: list[AskedCall], results: list[CallResult]) -> list[JsonObject]:
    """Return the messages that tell the model ``results``, in the order of ``calls``."""
    messages: list[JsonObject] = []
    blocks: list[JsonObject] = []
    for call, result in zip(calls, results, strict=True):
        told = result.response or ""
        if call.wire == "anthropic":
            if not blocks:
                messages.append({"role": "user", "content": blocks})
            block = {"type": "tool_result", "tool_use_id": call.provider_call_id, "content": told}
            failed = {"is_error": True} if result.outcome is not Outcome.OK else {}
            blocks.append({**block, **failed})
        elif call.wire == "chat-function":
            messages.append({"role": "function", "name": call.tool, "content": told})
        elif call.wire == "chat":
            identity = call.provider_call_id
            messages.append({"role": "tool", "tool_call_id": identity, "content": told})
        else:
            custom = "custom_tool_call" if call.wire == "responses-custom" else "function_call"
            identity = call.provider_call_id
            messages.append({"type": f"{custom}_output", "call_id": identity, "output": told})
    return messages


async def dispatch(
    toolbox: Toolbox, model_output: Any, *, world: Any, actor: Actor
) -> list[JsonObject]:
    """Do what ``Toolbox.dispatch`` promises."""
    calls = asked_calls(model_output)
    return answer_messages(calls, await run_asked_calls(toolbox, calls, world=world, actor=actor))


async def run_asked_calls(
    toolbox: Toolbox, calls: list[AskedCall], *, world: Any = None, actor: Actor = "assistant"
) -> list[CallResult]:
    """Run ``calls`` at once and return their results in order.

    Raises:
        ToolboxError: a tool needs a world, none is given, and no session is open.
    """
    world = _world_for(toolbox, calls, world, actor)
    return list(
        await asyncio.gather(
            *(
                run_call(toolbox, **_options(call, index, world, actor))
                for index, call in enumerate(calls)
            )
        )
    )


def dispatch_sync(
    toolbox: Toolbox, model_output: Any, *, world: Any, actor: Actor
) -> list[JsonObject]:
    """Do what ``Toolbox.dispatch_sync`` promises: one call runs on this thread, several at once."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise ToolboxError(
            "dispatch_sync was called inside a running event loop.",
            hint="Use `await toolbox.dispatch(...)` there.",
        )
    calls = asked_calls(model_output)
    world = _world_for(toolbox, calls, world, actor)
    if len(calls) == 1:
        results = [run_call_sync(toolbox, **_options(calls[0], 0, world, actor))]
    elif calls:
        results = asyncio.run(run_asked_calls(toolbox, calls, world=world, actor=actor))
    else:
        results = []
    return answer_messages(calls, results)


def _options(call: AskedCall, index: int, world: Any, actor: Actor) -> dict[str, Any]:
    return {
        "tool": call.tool,
        "arguments": call.arguments,
        "provider_call_id": call.provider_call_id,
        "response_id": call.response_id,
        "model": call.model,
        "call_index": index,
        "world": world,
        "actor": actor,
    }


def _world_for(toolbox: Toolbox, calls: list[AskedCall], world: Any, actor: Actor) -> Any:
    if world is not None or toolbox.world_factory is None:
        return world
    session = Session.current(toolbox)
    if session is not None:
        return session.world
    for call in calls:
        tool = toolbox.find(call.tool, actor)
        if tool is not None and tool.needs_world:
            raise ToolboxError(
                f"Tool {call.tool!r} needs the world of toolbox {toolbox.name!r}, and no session "
                "is open.",
                hint="Open one for each conversation: `with toolbox.session(start): ...`, or pass "
                "`world=`.",
            )
    return None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
