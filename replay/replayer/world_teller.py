"""In the worker: what each call changed in the world, told as differences and not as states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from replay.records import JsonObject, JsonValue
from replay.records.canonical import canonical_json
from replay.stepping.worlds import NOTHING, State, WorldChange, changes_between
from replay.tools.outcome import shown_state

if TYPE_CHECKING:
    from replay.store.redaction import Redaction

WORLD_BYTES_MAX: Final = 64 << 20
"""A larger world is not told."""


class WorldTeller:
    """Knows the state that was told last, as JSON: the world itself goes on changing."""

    def __init__(self, toolbox: Any) -> None:
        """Nothing was told yet."""
        self._toolbox = toolbox
        self._told: State = NOTHING
        self._encoded = b""
        self._untold: list[WorldChange] = []

    def begin(self, world: Any, redaction: Redaction | None) -> None:
        """Look at the world before the first call."""
        if self._told is NOTHING:
            self._untold = self._look(world, redaction) or []

    def changes(self, world: Any, redaction: Redaction | None) -> list[JsonObject] | None:
        """Return what changed since the last time; None: the world is too large, or not shown."""
        found = self._look(world, redaction)
        if found is None:
            return None
        told, self._untold = [*self._untold, *found], []
        return [change.to_json() for change in told]

    def _look(self, world: Any, redaction: Redaction | None) -> list[WorldChange] | None:
        shown = shown_state(self._toolbox, world)
        if shown is None:
            return None
        encoded = canonical_json(shown)
        if len(encoded) > WORLD_BYTES_MAX:
            return None
        if encoded == self._encoded:
            return []
        state = _copied(encoded, redaction)
        changes = changes_between(self._told, state)
        self._told, self._encoded = state, encoded
        return changes


def _copied(encoded: bytes, redaction: Redaction | None) -> JsonValue:
    """Return a state of its own, as the recording would show it."""
    seen = None if redaction is None else redaction.seen(encoded)
    if seen is not None:
        return seen
    import json

    import orjson

    try:
        return orjson.loads(encoded)
    except orjson.JSONDecodeError:  # what only Python writes: integers above 64 bits
        return json.loads(encoded.decode("utf-8", "surrogatepass"))
