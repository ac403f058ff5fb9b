"""How a call ended that no captured function ever saw.

The next prompt shows what the model was told, not why. What the facts allow is inferred, and
``attributes["outcome_from"]`` says from what; the rows are tried from the top:

=============================================  =====================  ================
what is known                                  outcome                outcome_from
=============================================  =====================  ================
not in the toolset, and the answer says so      ``unknown_tool``       ``answer``
the arguments are no JSON object               ``bad_json``           ``arguments``
no tool of that name was ever captured         ``ok``                 ``prompt``
it is captured; arguments and schema disagree  ``invalid_arguments``  ``schema``
it is captured; nothing tells why it never ran ``unfinished``         ``prompt``
=============================================  =====================  ================

A name that is missing from the toolset tells nothing alone: toolsets are shown in parts. So the
answer itself must be marked as an error, or say that there is no such tool.

``ok`` from a prompt means: a tool that is not captured answered. Whether its text is an apology,
only the toolbox that replays it can tell. A call that was never answered stays ``unfinished``.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from replay.recorder.calls import OpenCall
from replay.records import JsonObject, JsonValue, Outcome
from replay.records.unknown_tools import says_unknown


def settle(call: OpenCall, *, is_captured: bool) -> None:
    """Set the outcome of a told call that no execution was seen for.

    ``is_captured``: executions of this tool are seen, so this call never reached it.
    """
    outcome, fact = _outcome(call, is_captured=is_captured)
    call.execution.outcome = outcome
    call.execution.attributes = {**call.execution.attributes, "outcome_from": fact}
    if call.execution.bound_by is None:
        call.execution.bound_by = "response"


def _outcome(call: OpenCall, *, is_captured: bool) -> tuple[Outcome, str]:
    tools = call.turn.tools if call.turn is not None else []
    schema = tool_schema(tools, call.tool)
    if not is_captured:
        if schema is None and tools and says_unknown(call.told, call.told_error, call.tool):
            return Outcome.UNKNOWN_TOOL, "answer"
        # Whether they fit the schema would change nothing.
        if _object_in(call.arguments) is not None or is_free_text(tools, call.tool):
            return Outcome.OK, "prompt"
        return Outcome.BAD_JSON, "arguments"
    if is_free_text(tools, call.tool):
        return Outcome.UNFINISHED, "prompt"
    why = _rejected(schema, call.arguments)
    if why is None:
        return Outcome.UNFINISHED, "prompt"
    return why, "arguments" if why is Outcome.BAD_JSON else "schema"


def rejected(tools: list[Any], tool: str, arguments: str) -> Outcome | None:
    """Return why a call with these arguments cannot have reached its tool; None: it may have.

    ``tools``: what the model was shown.
    """
    return _rejected(tool_schema(tools, tool), arguments)


def _rejected(schema: JsonObject | None, arguments: str) -> Outcome | None:
    values = _object_in(arguments)
    if values is None:
        return Outcome.BAD_JSON
    is_fit = schema is None or fits(values, schema, schema)
    return None if is_fit else Outcome.INVALID_ARGUMENTS


def _object_in(arguments: str) -> JsonObject | None:
    """Return arguments read; None where they are no JSON object."""
    try:
        values = orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        try:
            values = json.loads(arguments)  # it takes NaN as a number
        except ValueError:
            return None
    return values if isinstance(values, dict) else None


def tool_schema(tools: list[Any], name: str) -> JsonObject | None:
    """Return the argument schema under which ``name`` was shown; None when it was not shown."""
    definition = _definition(tools, name)
    if definition is None:
        return None
    schemas = (definition.get(key) for key in ("parameters", "input_schema", "inputSchema"))
    return next((schema for schema in schemas if isinstance(schema, dict)), {})


def is_free_text(tools: list[Any], name: str) -> bool:
    """Whether ``name`` is a tool that takes text instead of JSON (OpenAI's custom tools)."""
    return any(
        isinstance(tool, dict)
        and tool.get("type") == "custom"
        and (tool.get("custom") or tool).get("name") == name
        for tool in tools
    )


def _definition(tools: list[Any], name: str) -> JsonObject | None:
    for tool in tools:
        if not isinstance(tool, dict):
            continue
        definition = tool.get("function") or tool.get("custom") or tool
        if isinstance(definition, dict) and definition.get("name") == name:
            return definition
    return None


_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


def fits(value: JsonValue, schema: Any, root: JsonObject) -> bool:
    """Whether ``value`` may fit a JSON Schema; only what every validator refuses is refused.

    Looks at types, required and unknown properties, enums, constants and items; what else a
    schema may say (patterns, bounds, combinations) counts as fitting.
    """
    if not isinstance(schema, dict):
        return schema is not False
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target = _resolved(reference, root)
        return target is None or target is schema or fits(value, target, root)
    if "anyOf" in schema and not any(fits(value, option, root) for option in schema["anyOf"]):
        return False
    if "const" in schema and schema["const"] != value:
        return False
    if isinstance(schema.get("enum"), list) and value not in schema["enum"]:
        return False
    kinds = schema.get("type")
    if kinds is not None and not any(
        _is_of(value, kind) for kind in (kinds if isinstance(kinds, list) else [kinds])
    ):
        return False
    if isinstance(value, list):
        return all(fits(item, schema.get("items", True), root) for item in value)
    return not isinstance(value, dict) or _object_fits(value, schema, root)


def _object_fits(value: JsonObject, schema: JsonObject, root: JsonObject) -> bool:
    properties = schema.get("properties") or {}
    missing = [name for name in schema.get("required") or [] if name not in value]
    # Strict schemas require what has a default, too: whoever runs the tool may fill it in.
    if any("default" not in (properties.get(name) or {}) for name in missing):
        return False
    rest = schema.get("additionalProperties", True)
    if schema.get("patternProperties"):
        rest = True
    return all(fits(item, properties.get(name, rest), root) for name, item in value.items())


def _is_of(value: JsonValue, kind: Any) -> bool:
    if kind in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return kind == "number" or float(value).is_integer()
    wanted = _TYPES.get(kind)
    return wanted is None or isinstance(value, wanted)


def _resolved(reference: str, root: JsonObject) -> Any:
    if not reference.startswith("#/"):
        return None
    node: Any = root
    for part in reference[2:].split("/"):
        node = node.get(part) if isinstance(node, dict) else None
    return node
