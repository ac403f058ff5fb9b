"""What a replay run says of calls: how they end today, and which were read by a translation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from replay.records import JsonObject, JsonValue, Outcome

if TYPE_CHECKING:
    from replay.store import Store


@dataclass
class Replayed:
    """The calls of one replay run, by their id."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """How each ended today; without those that were not run, of which the recording is believed."""
    translated: dict[str, JsonObject] = field(default_factory=dict)
    """Those that today's tools read by a translation: ``tool``, ``arguments``, and ``definition``,
    the chat tool of the version that read it (None: no recorded call has used that version)."""


def replayed_calls(store: Store, run_id: str | None) -> Replayed:
    """Return the calls of the run, or of none.

    Raises:
        SelectionError: there is no such run.
    """
    found = Replayed()
    if run_id is None:
        return found
    schemas: dict[str, JsonValue] = {one.id: one.definition for one in store.tool_schemas()}
    for verdict in store.verdicts(store.run(run_id).id):
        today = verdict.replayed
        if today is not None:
            found.outcomes[verdict.tool_call_id] = today.outcome
        if today is not None and today.translation and today.outcome == Outcome.OK:
            found.translated[verdict.tool_call_id] = {
                "tool": today.tool,
                "arguments": today.payload,
                "definition": schemas.get(today.schema_hash or ""),
            }
    return found
