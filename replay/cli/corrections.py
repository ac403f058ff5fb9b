"""What `replay feedback --correction` is given: read, and held against what the model was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from replay.cli.given import json_given
from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.records import JsonObject, JsonValue, ModelCall, ToolCall, Transcript

_ERRORS_MAX: Final = 4


def read_correction(
    given: str, step: ModelCall | ToolCall | None, transcript: Transcript, *, unchecked: bool
) -> JsonValue:
    """Return what should have been called; bare arguments are those of the step's own tool.

    A JSON text is what should have been answered. ``unchecked``: whether or not it fits the schema
    that the model was shown; where none is recorded nothing is checked.

    Raises:
        ReplayError: it is no correction, or of a tool or arguments that the model was not shown.
    """
    from replay.records.corrections import corrected_call

    value = json_given("--correction", given)
    if isinstance(value, str) and value.strip():
        return value
    if not isinstance(value, dict):
        raise ReplayError(
            f"The correction {given[:80]!r} is no JSON object.",
            hint='Give the right arguments: --correction \'{"city": "Paris"}\'; in words, what '
            "should have been answered: --correction '\"Which Paris?\"'.",
        )
    called = corrected_call(value, _tool_of(step))
    assert called is not None
    tool, arguments = called
    if tool is None and "tool" not in value:
        raise ReplayError(
            "These are arguments, and no tool is named to which they belong.",
            hint="Name the tool call with --step, or give both: "
            '--correction \'{"tool": "get_weather", "arguments": {"city": "Paris"}}\'.',
        )
    if tool is not None and step is not None and not unchecked:
        _check(tool, arguments, _shown(step, transcript))
    return {"tool": tool} if arguments is None else {"tool": tool, "arguments": arguments}


def _tool_of(step: ModelCall | ToolCall | None) -> str | None:
    from replay.records import ToolCall

    return step.tool if isinstance(step, ToolCall) else None


def _shown(step: ModelCall | ToolCall, transcript: Transcript) -> dict[str, JsonObject]:
    """Return the tools that the model was shown, with their schemas; empty: not recorded."""
    from replay.interchange.shapes import chat_tools
    from replay.records import ModelCall, ToolCall

    asked = step.model_call_id if isinstance(step, ToolCall) else step.id
    models = [one for one in transcript.steps if isinstance(one, ModelCall) and one.id == asked]
    functions = [tool.get("function") for one in models for tool in chat_tools(one)]
    return {
        one["name"]: one.get("parameters") or {}
        for one in functions
        if isinstance(one, dict) and isinstance(one.get("name"), str)
    }


def _check(tool: str, arguments: JsonValue, shown: dict[str, JsonObject]) -> None:
    from replay.records.schema_check import schema_errors
    from replay.tools.error_text import argument_path, nearest_name

    if not shown:
        return
    if tool not in shown:
        raise ReplayError(
            f"The model was shown no tool {tool!r} at this step.",
            nearest=nearest_name(tool, list(shown)) or ", ".join(sorted(shown)[:8]),
            hint=_UNCHECKED,
        )
    errors = [] if arguments is None else schema_errors(shown[tool], arguments)
    names = list(shown[tool].get("properties") or ())
    if not errors:
        _note_unknown(tool, arguments, names)
        return
    said = [f"{argument_path(one['loc'])}: {one['msg']}" for one in errors[:_ERRORS_MAX]]
    more = f" (and {len(errors) - _ERRORS_MAX} more)" if len(errors) > _ERRORS_MAX else ""
    unknown = [str(one["loc"][-1]) for one in errors if one["loc"]]
    near = [nearest_name(name, names) for name in unknown if name not in names]
    raise ReplayError(
        f"The correction does not fit the schema of {tool} that the model was shown: "
        f"{'; '.join(said)}{more}.",
        nearest=next((name for name in near if name is not None), ", ".join(names[:8]) or None),
        hint=_UNCHECKED,
    )


def _note_unknown(tool: str, arguments: JsonValue, names: list[str]) -> None:
    """Say which arguments the schema does not name, though it lets them pass: a typo would too."""
    from replay.cli import terminal
    from replay.tools.error_text import nearest_name

    for name in arguments if isinstance(arguments, dict) and names else ():
        if name not in names:
            near = nearest_name(name, names)
            meant = f" Did you mean {near}?" if near else f" It names {', '.join(names[:8])}."
            terminal.say(f"Note: the schema of {tool} names no {name!r}, and lets it pass.{meant}")


_UNCHECKED: Final = (
    "Training data has no use for a correction that the model could not have made. --unchecked "
    "keeps it all the same, for a tool as it should be."
)
