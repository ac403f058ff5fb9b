"""Whether arguments fit a tool, and how its function is then called."""

from __future__ import annotations

import copy
import inspect
import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from replay.records import JsonObject, JsonValue
from replay.records.schema_check import schema_errors
from replay.tools.encoding import NotJson, as_json
from replay.tools.invoke import Step
from replay.tools.observer import CallStart
from replay.tools.tool import Tool

if TYPE_CHECKING:
    from replay.tools.outcome import CallProgress

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class InvalidArguments(Exception):
    """The arguments do not fit the tool's schema."""

    def __init__(self, errors: list[JsonObject], message: str, names: list[str]) -> None:
        """``errors``: pydantic's error list; ``names``: the arguments that the tool takes."""
        super().__init__(message)
        self.errors = errors
        self.names = names


def validated_arguments(
    tool: Tool, start: CallStart, values: JsonObject, progress: CallProgress, *, is_raw: bool
) -> dict[str, Any]:
    """Return the keyword arguments for ``tool``'s function.

    ``is_raw``: ``values`` are just what ``start.arguments`` says. What does not fit is noted in
    ``progress.schema_errors``, and raised where the tool gates. Positional arguments are judged
    under the names they stand for; those to be passed by position are left in
    ``progress.positional``.

    Raises:
        InvalidArguments: they do not fit.
    """
    whole = values
    errors: list[JsonObject] = []
    if start.positional:
        whole, errors = _with_names(tool, start.positional, values)
        is_raw = False
    if tool.adapter is None:
        arguments: Any = whole
        errors += schema_errors(tool.parameters, whole)
    else:
        arguments, found = _by_pydantic(tool, start.arguments if is_raw else None, whole)
        if found and (without := _without_nulls(whole, found)) is not None:
            again, still = _by_pydantic(tool, None, without)
            if not still:
                arguments, found = again, []
                progress.notes.append("null for an optional argument was taken as left out.")
        errors += found
    if errors:
        progress.schema_errors = errors
    if not tool.gates:
        progress.positional = list(start.positional or ())
        return values
    if errors:
        raise InvalidArguments(
            errors, _summary(errors), list(tool.parameters.get("properties", {}))
        )
    if start.positional:
        progress.positional = start.positional[len(_parameter_names(tool)) :]
    if tool.signature.whole_payload is not None:
        return {tool.signature.whole_payload: arguments}
    return arguments  # type: ignore[no-any-return]  # pydantic gives a dict for a TypedDict


def _by_pydantic(
    tool: Tool, raw: str | None, values: JsonObject
) -> tuple[dict[str, Any], list[JsonObject]]:
    assert tool.adapter is not None
    strict = True if tool.options.strict else None
    try:
        if raw is None or not raw.strip():
            raw = json.dumps(values)
        return tool.adapter.validate_json(raw, strict=strict), []
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False)
        if errors[0]["type"] == "json_invalid":  # text that Python reads and pydantic does not
            return _by_pydantic_from_python(tool, values, strict)
        return {}, _plain(errors)


def _by_pydantic_from_python(
    tool: Tool, values: JsonObject, strict: bool | None
) -> tuple[dict[str, Any], list[JsonObject]]:
    """Lone surrogates: Python's JSON reads them, pydantic's does not."""
    assert tool.adapter is not None
    try:
        return tool.adapter.validate_python(values, strict=strict), []
    except ValidationError as error:
        return {}, _plain(error.errors(include_url=False, include_context=False))


def _without_nulls(values: JsonObject, errors: list[JsonObject]) -> JsonObject | None:
    """Return ``values`` without the nulls that are wrong; None when something else is wrong too.

    A model that is shown a tool in OpenAI's strict form cannot leave an argument out: it says
    null, also for an argument that has a default and no null of its own.
    """
    if any(error["input"] is not None for error in errors):
        return None
    values = copy.deepcopy(values)
    for error in errors:
        holder: Any = values
        path = error["loc"]
        for depth, part in enumerate(path):
            if not isinstance(holder, dict | list) or (
                isinstance(holder, dict) and part not in holder
            ):
                break  # what follows names a branch of a union, not a place
            if isinstance(holder, dict) and holder[part] is None:
                del holder[part]
                break
            if isinstance(holder, list) and not isinstance(part, int):
                return None
            holder = holder[part]
            if depth == len(path) - 1:
                return None
    return values


def _plain(errors: Any) -> list[JsonObject]:
    plain = []
    for error in errors:
        try:
            value = as_json(error.get("input"))
        except NotJson:
            value = repr(error.get("input"))
        plain.append(
            {
                "type": error["type"],
                "loc": list(error["loc"]),
                "msg": error["msg"],
                "input": value,
            }
        )
    return plain


def _summary(errors: list[JsonObject]) -> str:
    from replay.tools.error_text import argument_path

    said = "; ".join(f"{argument_path(error['loc'])}: {error['msg']}" for error in errors[:5])
    return said + (f"; and {len(errors) - 5} more" if len(errors) > 5 else "")


def _parameter_names(tool: Tool) -> list[str]:
    parameters = tool.signature.parameters.items()
    return [name for name, parameter in parameters if parameter.kind in _POSITIONAL]


def _with_names(
    tool: Tool, positional: list[JsonValue], values: JsonObject
) -> tuple[JsonObject, list[JsonObject]]:
    """Positional arguments under the names they stand for, beside those given by name."""
    names = _parameter_names(tool)
    named = dict(zip(names, positional, strict=False))
    errors: list[JsonObject] = [
        {
            "type": "multiple_values",
            "loc": [name],
            "msg": "Given twice: by position and by name",
            "input": values[name],
        }
        for name in names
        if name in named and name in values
    ]
    if len(positional) > len(names) and not tool.signature.takes_any_count:
        said = f"Takes at most {len(names)} positional arguments, not {len(positional)}"
        errors.append({"type": "too_many_positional", "loc": [], "msg": said, "input": positional})
    return {**named, **values}, errors


def bound_call(
    tool: Tool, arguments: dict[str, Any], positional: list[JsonValue], world: Any
) -> Step:
    """Return the step that calls ``tool``'s function as Python would call it."""
    signature = tool.signature
    function = tool.function
    if tool.method_of is not None:
        function = getattr(tool.method_of.take(world), tool.method_name or "")
    timeout_ms = tool.options.timeout_ms
    deadline_s = None if timeout_ms is None else timeout_ms / 1000
    args: tuple[Any, ...] = ()
    if signature.injected or positional or signature.has_positional_only:
        injected = {name: part.take(world) for name, part in signature.injected.items()}
        arguments = dict(arguments)
        args = _placed(tool, arguments, list(positional), injected)
        if injected.keys() & arguments.keys():
            function = _given_twice(function, injected)
        else:
            arguments.update(injected)
    return Step(function, args, arguments, tool.is_async, deadline_s)


def _placed(
    tool: Tool, arguments: dict[str, Any], positional: list[JsonValue], injected: dict[str, Any]
) -> tuple[Any, ...]:
    """Take what is passed by position out of ``arguments`` and ``injected``, in order."""
    if not positional and not tool.signature.has_positional_only:
        return ()
    args: list[Any] = []
    for name, parameter in tool.signature.all_parameters.items():
        if parameter.kind not in _POSITIONAL:
            break
        only = parameter.kind is inspect.Parameter.POSITIONAL_ONLY
        if name in injected:
            args.append(injected.pop(name))
        elif name in arguments and (only or (tool.gates and positional)):
            args.append(arguments.pop(name))
        elif positional and not tool.gates:
            args.append(positional.pop(0))
        else:
            break
    return (*args, *positional)


def _given_twice(function: Any, injected: dict[str, Any]) -> Any:
    """A call that fails as Python does when the model names a parameter that the world fills."""

    def call(*args: Any, **arguments: Any) -> Any:
        return function(*args, **injected, **arguments)

    call.given_twice = True  # type: ignore[attr-defined]  # read where its TypeError is classified
    return call
