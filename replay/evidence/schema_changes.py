"""Where the old schemas come from that today's are compared with: the recording, or old tools."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any, Final

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.errors import ToolboxError
from replay.records import JsonObject, JsonValue, ToolSchema
from replay.replayer.questions.asking import DescribedToolbox
from replay.store import Store
from replay.tools.schemas import parameters_of

_COMPARING: Final = "replay.compatibility.comparing"
_LEAST: Final = ""


def recorded_parameters(store: Store) -> dict[str, JsonObject]:
    """Return, by tool, the schema of its arguments that was recorded last.

    The one that validated counts before those that models were shown.
    """
    newest: dict[str, tuple[tuple[bool, str], JsonObject]] = {}
    for schema in store.tool_schemas():
        parameters = _parameters(schema)
        rank = schema.dialect == "pydantic", schema.last_seen_at or schema.first_seen_at or _LEAST
        if parameters is not None and rank >= newest.get(schema.tool, ((False, _LEAST), {}))[0]:
            newest[schema.tool] = rank, parameters
    return {tool: parameters for tool, (_, parameters) in newest.items()}


def _parameters(schema: ToolSchema) -> JsonObject | None:
    if not isinstance(schema.definition, dict):
        return None
    try:
        return parameters_of(schema.definition)[2]
    except ToolboxError:
        return None  # a form that nobody knows: there is nothing to compare with


def described_parameters(toolbox: DescribedToolbox) -> dict[str, JsonObject]:
    """Return, by tool, the schema of the version that runs."""
    return {tool.name: tool.parameters for tool in toolbox.tools if tool.runs}


def changes_between(
    old: Mapping[str, JsonObject], new: DescribedToolbox
) -> list[SchemaChange] | None:
    """Return how schemas differ between ``old`` (by tool) and today's toolbox.

    None: this installation compares no schemas.
    """
    compare = _comparison()
    if compare is None:
        return None
    changes: list[SchemaChange] = []
    for tool, parameters in old.items():
        today = new.find(tool)
        if today is None:
            changes.append(_removed(tool))
        else:
            changes += compare(parameters, today.parameters, tool=tool)
    return changes


def _comparison() -> Callable[..., list[SchemaChange]] | None:
    if importlib.util.find_spec(_COMPARING) is None:
        return None
    module: Any = importlib.import_module(_COMPARING)
    found: Callable[..., list[SchemaChange]] = module.compare_schemas
    return found


def _removed(tool: str) -> SchemaChange:
    said: JsonValue = "there is no such tool today"
    return SchemaChange("TOOL_REMOVED", tool, "", OnPayloads.BREAKS, OnModel.CHANGED, said)
