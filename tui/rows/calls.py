"""One tool call, as much of it as is asked for."""

from __future__ import annotations

from replay.errors import StoreError
from replay.records import JsonValue, ToolCall
from tui.rows.database import Database


def read_tool_call(
    database: Database, key: int, *, left_out: frozenset[str] = frozenset()
) -> ToolCall:
    """Return the tool call in row ``key``, without the fields that are ``left_out``.

    Raises:
        StoreError: it is gone, or the database cannot be read.
    """
    with database.reading():
        found: list[ToolCall] = database.records.records(
            "tool_call", "r.key = ?", [key], left_out=left_out
        )
    if not found:
        raise gone()
    return found[0]


def read_payload(database: Database, key: int) -> JsonValue:
    """Return the payload of the tool call in row ``key``; raises as `read_tool_call`."""
    return read_tool_call(database, key, left_out=frozenset(("result", "response"))).payload


def gone() -> StoreError:
    """Return what is said of a step that was there a moment ago."""
    return StoreError(
        "This step is no longer in the database.",
        hint="Somebody removed it: go back to the list of traces.",
    )
