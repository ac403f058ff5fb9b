"""Cassettes in a database: which there are, and putting others in their place.

A cassette is the interactions of one tool call. What the call returned, and what the model was
told, is history and stays as it was recorded.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from replay.records import Interaction, JsonObject, Selection, ToolCall
from replay.store.drain import Drainer
from replay.store.record_rows import RecordReader
from replay.store.rows import delete_interactions
from replay.store.selecting import call_conditions, trace_conditions

ATTRIBUTE = "cassette"
"""The attribute of a tool call that says where its cassette comes from, where that is not the
recording: ``{"changed_at": ..., "by": ...}``."""


@dataclass(slots=True)
class StoredCassette:
    """The interactions of one tool call, and the call they belong to."""

    call: ToolCall
    interactions: list[Interaction] = field(default_factory=list)
    """By the start of each request."""


@dataclass(frozen=True, slots=True)
class NewCassette:
    """What takes the place of a recorded cassette."""

    exchanges: Sequence[JsonObject]
    """By the start of each request."""
    turn: Collection[int] = ()
    """Places of those that some call of the model output asked, nobody knows which."""
    draws: JsonObject | None = None
    """Random draws that belong to it; None: the recorded ones stay."""


def read_cassettes(
    connection: sqlite3.Connection,
    records: RecordReader,
    selection: Selection,
    *,
    with_empty: bool,
) -> list[StoredCassette]:
    """Return the cassettes of the selected calls: by start of their trace, its id, and step.

    With a limit they are those of the newest traces that have any. ``with_empty``: calls that asked
    nothing, too.
    """
    on_trace = trace_conditions(connection, selection)
    on_call = call_conditions(connection, selection)
    if not with_empty:
        on_call.add("EXISTS (SELECT 1 FROM interaction_rows i WHERE i.tool_call = c.key)")
    values = [*on_trace.values, *on_call.values]
    newest = "1"
    if selection.limit is not None:
        newest = (
            f"r.key IN (SELECT r.key FROM trace_rows r WHERE {on_trace.sql} AND EXISTS "
            f"(SELECT 1 FROM tool_call_rows c WHERE c.trace = +r.key AND {on_call.sql}) "
            f"ORDER BY r.started_us DESC, r.id DESC LIMIT {int(selection.limit)})"
        )
        values += values
    keys = connection.execute(
        "SELECT c.key FROM tool_call_rows c JOIN trace_rows r ON r.key = c.trace WHERE "
        f"{on_trace.sql} AND {on_call.sql} AND {newest} "
        "ORDER BY r.started_us, r.id, c.step_number",
        values,
    ).fetchall()
    found: list[StoredCassette] = []
    for (key,) in keys:
        call: ToolCall = records.records("tool_call", "r.key = ?", [key])[0]
        interactions: list[Interaction] = records.records(
            "interaction", "r.tool_call = ?", [key], "r.interaction_index"
        )
        found.append(StoredCassette(call, interactions))
    return found


def interaction_records(tool_call_id: str, cassette: NewCassette) -> list[JsonObject]:
    """Return the interactions of one tool call's new cassette as records."""
    return [
        {
            "kind": "interaction",
            "id": f"{tool_call_id}.{index}",
            "tool_call_id": tool_call_id,
            "interaction_index": index,
            "protocol": exchange["protocol"],
            "bound_by": "turn" if index in cassette.turn else "call",
            "exchange": exchange,
        }
        for index, exchange in enumerate(cassette.exchanges)
    ]


def replace_cassettes(
    drainer: Drainer,
    connection: sqlite3.Connection,
    calls: Sequence[JsonObject],
    interactions: Sequence[JsonObject],
) -> None:
    """Put ``interactions`` in the place of all those of ``calls``: all of it, or nothing.

    Both are fields of records; ``calls`` are written anew too. ``connection`` is the drainer's.
    """

    def take_away() -> None:
        for call in calls:
            delete_interactions(connection, call["id"])

    drainer.write_all([*calls, *interactions], first=take_away)
