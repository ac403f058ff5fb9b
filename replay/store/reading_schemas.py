"""What is asked of tool schemas: those that models were shown, and those that judged calls."""

from __future__ import annotations

from collections.abc import Sequence

from replay.errors import SelectionError
from replay.records import JsonValue, ToolSchema
from replay.store.schemas import Registry, read_registry
from replay.store.selecting import nearest_id, trace_key
from replay.store.snapshots import Snapshots


class SchemaReading(Snapshots):
    """The part of reading that is about tool schemas."""

    def toolset_keys(self, trace_id: str) -> dict[str, int | None]:
        """Return, by model call of a trace, which set of tools it was shown; None: none."""
        with self._snapshot() as connection:
            key = trace_key(connection, trace_id)
            return self._record_reader().toolset_keys(key)

    def toolset(self, key: int) -> list[JsonValue]:
        """Return the tool definitions of a set that ``toolset_keys`` names, in order."""
        with self._snapshot():
            return self._record_reader().toolset(key)

    def tool_schemas(self) -> list[ToolSchema]:
        """Return every tool schema seen, by tool, then when it was first seen."""
        with self._snapshot():
            found: list[ToolSchema] = self._record_reader().records(
                "tool_schema", "1", [], "r.tool, r.first_seen_us, r.id"
            )
            return found

    def tool_schema(self, schema_id: str) -> ToolSchema:
        """Return one tool schema with its definition.

        Raises:
            SelectionError: there is none of that id.
        """
        with self._snapshot() as connection:
            found: list[ToolSchema] = self._record_reader().records(
                "tool_schema", "r.id = ?", [schema_id]
            )
            if not found:
                raise SelectionError(
                    f"There is no tool schema {schema_id!r}.",
                    nearest=nearest_id(connection, "tool_schema_rows", schema_id),
                    hint="`replay schema list` shows what there is.",
                )
            return found[0]

    def schema_registry(
        self, *, tools: Sequence[str] = (), dialects: Sequence[str] = ()
    ) -> Registry:
        """Return which schemas there are and what each was used for; definitions are not read.

        A large file of an older format is counted the first time that it is asked.

        Raises:
            StoreError: the file is of an older format, and read-only.
        """
        self._count_schemas()
        with self._snapshot() as connection:
            return read_registry(connection, tools, dialects)

    def toolsets(self) -> list[list[JsonValue]]:
        """Return the tool definitions that were shown together in a prompt, each set once."""
        with self._snapshot():
            return self._record_reader().toolsets()
