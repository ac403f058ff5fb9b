"""Where the old schemas come from that today's are compared with: the recording, or old tools."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any, Final

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.errors import ToolboxError
from replay.records import JsonObject, JsonValue
from replay.replayer.questions.asking import DescribedToolbox
from replay.store import Store
from replay.tools.schemas import parameters_of

_COMPARING: Final = "replay.compatibility.comparing"


def recorded_parameters(store: Store) -> dict[str, JsonObject]:
    """Return, by tool, the schema of its arguments that was recorded last.

    The one that validated counts before those that models were shown: imported transcripts have
    these alone.
    """
    found = {name: _parameters(shown) for name, shown in store.shown_definitions().items()}
    newest: dict[str, str] = {}
    for schema in store.tool_schemas():
        seen_at = schema.last_seen_at or schema.first_seen_at or ""
        if schema.dialect == "pydantic" and seen_at >= newest.get(schema.tool, ""):
            newest[schema.tool] = seen_at
            found[schema.tool] = _parameters(schema.definition)
    return {tool: parameters for tool, parameters in found.items() if parameters is not None}


def _parameters(definition: JsonValue) -> JsonObject | None:
    if not isinstance(definition, dict):
        return None
    try:
        return parameters_of(definition)[2]
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
    said = "there is no such tool today"
    return SchemaChange("TOOL_REMOVED", tool, "", OnPayloads.BREAKS, OnModel.CHANGED, said)
