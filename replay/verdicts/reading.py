"""How a call's arguments are read today, against how they were read then.

Two readings of one model output differ where the schema does (another default, another coercion, a
field that is no longer known) or where a translation made today's. Defaults of plain functions
stand in no payload, so they are taken from the schemas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from replay.records import Change, JsonObject, JsonValue, Lanes, ToolCall
from replay.verdicts.canonical import same_but_spelling
from replay.verdicts.carrying import not_carried
from replay.verdicts.diffing import diff_values
from replay.verdicts.paths import split
from replay.verdicts.wording import cut_text

_SHOWN_MAX: Final = 3
_VALUE_CHARS_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Reading:
    """A call whose arguments are read otherwise than they were."""

    then: JsonObject
    """What the tool was given, with the defaults of that schema."""
    is_translated: bool
    changes: list[Change]
    """What differs; of translated arguments only what the translation did not carry over."""

    def is_as_then(self, payload: JsonValue) -> bool:
        """Return whether ``payload`` has every field that differs as it was then."""
        if not isinstance(payload, dict):
            return False
        names = {split(change.path)[0] for change in self.changes}
        return all(
            name in payload and same_but_spelling(self.then[str(name)], payload[str(name)])
            for name in names
            if name in self.then
        )

    def words(self, translation: list[str]) -> str:
        """Return what differs in a sentence; ``translation`` is the versions that it passed."""
        shown = ", ".join(_shown(change) for change in self.changes[:_SHOWN_MAX])
        more = len(self.changes) - _SHOWN_MAX
        shown += f" and {more} more" if more > 0 else ""
        if self.is_translated:
            return f"The translation {' → '.join(translation)} does not carry over {shown}."
        return f"Read otherwise: {shown}."


@dataclass(frozen=True, slots=True)
class Schemas:
    """The JSON Schemas of arguments, recorded ones and today's, by their identity."""

    parameters: Mapping[str, JsonObject] = field(default_factory=dict)

    def reading(self, call: ToolCall, lanes: Lanes) -> Reading | None:
        """Return how the arguments of ``call`` are read otherwise; None: as they were.

        A translation is always another reading, though it may have carried everything over. None
        also where nothing tells how they were read, or they are not read at all.
        """
        today = lanes.replayed.result
        hash_then, then = _read_then(call, lanes)
        if hash_then is None or today is None or not is_read_by_another(call, lanes):
            return None
        if not isinstance(then, dict) or not isinstance(today.payload, dict):
            return None
        is_translated = bool(today.translation)
        old = {**self._defaults(hash_then), **then}
        new = {**self._defaults(today.schema_hash), **today.payload}
        if is_translated:
            return Reading(old, True, not_carried(old, new, dropped=today.dropped))
        changes = [
            change
            for change in diff_values(old, new, "")
            if not same_but_spelling(change.recorded, change.replayed)
            and not self._is_new(change, hash_then)
        ]
        return Reading(old, False, changes) if changes else None

    def _is_new(self, change: Change, hash_then: str) -> bool:
        """Whether a field came with a schema that has it, so that it was never read before."""
        known = self.parameters.get(hash_then, {}).get("properties", {})
        return change.change == "added" and str(split(change.path)[0]) not in known

    def _defaults(self, schema_hash: str | None) -> JsonObject:
        properties = self.parameters.get(schema_hash or "", {}).get("properties")
        if not isinstance(properties, dict):
            return {}
        return {
            name: schema["default"]
            for name, schema in properties.items()
            if isinstance(schema, dict) and "default" in schema
        }


def _shown(change: Change) -> str:
    then, now = (_value(value) for value in (change.recorded, change.replayed))
    if change.change == "removed":
        return f"`{change.path}` ({then})"
    return (
        f"`{change.path}` ({now})"
        if change.change == "added"
        else f"`{change.path}` ({then} → {now})"
    )


def _value(value: JsonValue) -> str:
    return cut_text(json.dumps(value, ensure_ascii=False), _VALUE_CHARS_MAX)


def is_read_by_another(call: ToolCall, lanes: Lanes) -> bool:
    """Return whether the arguments of ``call`` may be read otherwise than they were.

    By another schema, by a validator that no schema shows, or through a translation. Quick, for
    most calls of most runs are not; False also where nothing tells.
    """
    today = lanes.replayed.result
    hash_then, then = _read_then(call, lanes)
    if today is None or hash_then is None:
        return False
    return hash_then != today.schema_hash or bool(today.translation) or then != today.payload


def _read_then(call: ToolCall, lanes: Lanes) -> tuple[str | None, JsonValue]:
    """The schema and the payload then: the recorded ones, or else the old code's."""
    if call.schema_hash is not None:
        return call.schema_hash, call.payload
    old = lanes.baseline.result if lanes.baseline is not None else None
    return (None, None) if old is None else (old.schema_hash, old.payload)
