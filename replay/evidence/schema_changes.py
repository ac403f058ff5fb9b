"""Where the old schemas come from that today's are compared with: the recording, or old tools."""

from __future__ import annotations

from collections.abc import Mapping

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.compatibility.comparing import compare_schemas
from replay.compatibility.reading import reading_of
from replay.errors import ToolboxError
from replay.records import JsonObject, JsonValue
from replay.replayer.questions.asking import DescribedToolbox
from replay.store import Store
from replay.tools.schemas import parameters_of


def recorded_parameters(store: Store) -> dict[str, JsonObject]:
    """Return, by tool, the schema of its arguments that was recorded last.

    The one that validated counts before those that models were shown: imported transcripts have
    these alone.
    """
    found: dict[str, JsonObject] = {}
    for toolset in store.toolsets():
        for definition in toolset:
            name, parameters = _read(definition)
            if name and parameters is not None:
                found[name] = parameters
    newest: dict[str, str] = {}
    for schema in store.tool_schemas():
        seen_at = schema.last_seen_at or schema.first_seen_at or ""
        if schema.dialect == "pydantic" and seen_at >= newest.get(schema.tool, ""):
            parameters = _read(schema.definition)[1]
            if parameters is not None:
                newest[schema.tool], found[schema.tool] = seen_at, parameters
    return found


def _read(definition: JsonValue) -> tuple[str | None, JsonObject | None]:
    if not isinstance(definition, dict):
        return None, None
    try:
        name, _, parameters = parameters_of(definition)
    except ToolboxError:
        return None, None  # a form that nobody knows: there is nothing to compare with
    return name, parameters


def foreign_tools(store: Store, toolbox: DescribedToolbox) -> set[str]:
    """Return the tools that models were only ever shown beside none of today's.

    A database may hold the traces of several agents: the tools of another one are not gone. None
    are foreign where nothing was shown together with a tool of today's.
    """
    known = {tool.name for tool in toolbox.tools}
    shown: set[str] = set()
    beside: set[str] = set()
    for toolset in store.toolsets():
        names = {name for definition in toolset if (name := _read(definition)[0])}
        shown |= names
        beside |= names if names & known else set()
    return shown - beside if beside else set()


def described_parameters(toolbox: DescribedToolbox) -> dict[str, JsonObject]:
    """Return, by tool, the schema of the version that runs."""
    return {tool.name: tool.parameters for tool in toolbox.tools if tool.runs}


def changes_between(old: Mapping[str, JsonObject], new: DescribedToolbox) -> list[SchemaChange]:
    """Return how schemas differ between ``old`` (by tool) and today's toolbox."""
    changes: list[SchemaChange] = []
    for tool, parameters in old.items():
        today = new.find(tool)
        if today is None:
            changes.append(_removed(tool))
            continue
        reading = reading_of(strict=today.strict, is_given=today.is_given, gates=today.gates)
        changes += compare_schemas(parameters, today.parameters, tool=tool, reading=reading)
    return changes


def _removed(tool: str) -> SchemaChange:
    said = "there is no such tool today"
    return SchemaChange("TOOL_REMOVED", tool, "", OnPayloads.BREAKS, OnModel.CHANGED, said)
