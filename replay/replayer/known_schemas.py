"""Every schema that arguments were, or are, read by: looked up when a difference asks for one.

Most runs have no difference that a schema could explain, and need none of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import cached_property

from replay.errors import ToolboxError
from replay.records import JsonObject
from replay.store import Store


class KnownSchemas(Mapping[str, JsonObject]):
    """The JSON Schemas of arguments by their identity, recorded ones and today's."""

    def __init__(self, store: Store, today: JsonObject, old: JsonObject | None) -> None:
        """``today`` and ``old`` are what a worker says of its tools; None: there is no old code."""
        self._store = store
        self._described = {**(old or {}).get("schemas", {}), **today["schemas"]}

    def __getitem__(self, schema_id: str) -> JsonObject:
        return self._all[schema_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _all(self) -> dict[str, JsonObject]:
        from replay.tools.schemas import parameters_of

        known: dict[str, JsonObject] = {}
        for schema in self._store.tool_schemas():
            if isinstance(schema.definition, dict):
                with contextlib.suppress(ToolboxError):  # of a format that is none of ours
                    known[schema.id] = parameters_of(schema.definition)[2]
        return {**known, **self._described}
