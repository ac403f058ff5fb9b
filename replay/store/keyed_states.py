"""Hashes of worlds' states in traces that were masked after they were recorded.

Such a hash is of the state as it was, so whoever guesses the state can try it out. A keyed hash of
the hash stands in its place: equal states stay equal, and only a replay that has the key can tell.
It hashes its states as the recording did, and then the same again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from replay.records.base import JsonObject, JsonValue
from replay.records.traces import START_STATE

if TYPE_CHECKING:
    from replay.store.redaction import Redaction

ATTRIBUTE: Final = "states"
"""The attribute of a trace whose hashes are keyed: ``seen`` says how much of the states was masked
before they were hashed, as `is_redacted` does; ``key`` tells one key from another."""

_MARK: Final = "k-16:"
_DIGITS: Final = 32
_KEY_DIGITS: Final = 8


class KeyedStates:
    """How a replay sees the states of such a trace."""

    def __init__(self, key: bytes, before: Redaction | None) -> None:
        """``before``: through what the recording saw them; None: as they are."""
        self._key = key
        self._before = before

    @property
    def version(self) -> int:
        """Grows when the same state would be seen otherwise than before."""
        return 0 if self._before is None else self._before.version

    def seen(self, encoded: bytes) -> JsonValue:
        """Return the state whose JSON is ``encoded`` as the recording saw it; None: as it is."""
        return None if self._before is None else self._before.seen(encoded)

    def hashed(self, digest: str) -> str:
        """Return what stands for the hash of a state."""
        return keyed_state(self._key, digest)


def keyed_state(key: bytes, digest: str) -> str:
    """Return what stands for the hash of a state; itself for what does already."""
    if digest.startswith(_MARK):
        return digest
    return _MARK + _keyed(key, f"state {digest}")[:_DIGITS]


def key_mark(key: bytes) -> str:
    """Return by what a key is told from others; it says nothing else of it."""
    return _keyed(key, "which key")[:_KEY_DIGITS]


def with_keyed_states(records: list[JsonObject], key: bytes, before: JsonValue) -> list[JsonObject]:
    """Return the records of a trace, its own first, with keyed hashes of states.

    ``before``: what was masked of them when they were hashed, as the trace's attribute says.
    """
    first, *others = records
    attributes = keyed_attributes(first.get("attributes") or {}, key, before)
    return [{**first, "attributes": attributes}, *(_keyed_record(one, key) for one in others)]


def keyed_attributes(attributes: JsonObject, key: bytes, before: JsonValue) -> JsonObject:
    """Return the attributes of a trace that say that its states' hashes are keyed."""
    found = {ATTRIBUTE: {"seen": before, "key": key_mark(key)}, **attributes}
    if START_STATE in found:
        found[START_STATE] = keyed_state(key, found[START_STATE])
    return found


def has_states(records: list[JsonObject]) -> bool:
    """Whether a hash of a state is in the records of a trace, its own first."""
    return START_STATE in (records[0].get("attributes") or {}) or any(
        one.get("state_hash") is not None for one in records
    )


def _keyed_record(fields: JsonObject, key: bytes) -> JsonObject:
    if fields.get("state_hash") is not None:
        fields = {**fields, "state_hash": keyed_state(key, fields["state_hash"])}
    replayed = fields.get("replayed")
    if isinstance(replayed, dict) and replayed.get("state_hash") is not None:
        state = keyed_state(key, replayed["state_hash"])
        fields = {**fields, "replayed": {**replayed, "state_hash": state}}
    return fields


def _keyed(key: bytes, of: str) -> str:
    from cassettes.redaction.personal.kind import keyed

    return keyed(key, of).hex()
