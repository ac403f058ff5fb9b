"""Which schema of a tool a model was shown: a toolset is the definitions of one prompt."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import orjson

from replay.store.contents import ContentReader

if TYPE_CHECKING:
    from replay.records.base import JsonValue


class ShownSchemas:
    """The schemas of toolsets, each read once."""

    def __init__(
        self, connection: sqlite3.Connection, contents: ContentReader | None = None
    ) -> None:
        """``connection`` is only read; ``contents`` of it, where there is such a reader."""
        self._connection = connection
        self._contents = contents or ContentReader(connection)
        self._toolsets: dict[int, dict[str, str]] = {}
        self._definitions: dict[int, JsonValue] = {}
        self._parameters: dict[int, dict[str, JsonValue]] = {}

    def schema_of(self, toolset: int | None, tool: str) -> str | None:
        """Return the id of the schema of ``tool`` in a toolset; None: it was not shown."""
        return None if toolset is None else self._ids(toolset).get(tool)

    def _ids(self, toolset: int) -> dict[str, str]:
        from replay.records.definitions import schema_id, shown_definitions

        known = self._toolsets.get(toolset)
        if known is None:
            known = self._toolsets[toolset] = {}
            for entry in self.entries(toolset):
                for one in shown_definitions(entry):
                    identity = schema_id(one.tool, None, one.dialect, one.definition)
                    known.setdefault(one.tool, identity)
        return known

    def entries(self, toolset: int) -> list[JsonValue]:
        """Return the entries of a toolset as the prompt had them."""
        row = self._connection.execute(
            "SELECT contents FROM toolsets WHERE key = ?", (toolset,)
        ).fetchone()
        keys: list[int] = orjson.loads(row[0]) if row else []
        for key in keys:
            if key not in self._definitions:
                self._definitions[key] = self._contents.json(key)
        return [self._definitions[key] for key in keys]

    def parameters(self, toolset: int) -> dict[str, JsonValue]:
        """Return the JSON Schema of each tool's arguments; None: the provider has it."""
        from replay.records.definitions import shown_definitions

        known = self._parameters.get(toolset)
        if known is None:
            known = self._parameters[toolset] = {}
            for entry in self.entries(toolset):
                for one in shown_definitions(entry):
                    known.setdefault(one.tool, _parameters_in(one.definition))
        return known


def _parameters_in(definition: JsonValue) -> JsonValue:
    """Return the schema in a definition, whatever its dialect."""
    inner = definition.get("function", definition)
    names = ("parameters", "input_schema", "inputSchema")
    return next((inner[name] for name in names if isinstance(inner.get(name), dict)), None)
