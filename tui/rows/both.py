"""One part of a call then and today: what both sides have in common is held once.

A call may have five megabytes on each side, and both its transcript and its comparison show it:
what one screen still holds is not read again for another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from replay.records import CallVerdict, JsonValue, ToolCall


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Both:
    """Two values that stand against each other."""

    recorded: JsonValue
    today: JsonValue
    is_same: bool
    hashes: tuple[int, int] | None = None
    """Of the texts that the two were read from; None: they were not read from texts."""

    @classmethod
    def of(cls, recorded: JsonValue, today: JsonValue) -> Both:
        """Return them; ``today`` is changed: what is equal in it is ``recorded``'s from then on."""
        from tui.rows.shared import share_equal

        today = share_equal(recorded, today)
        return cls(recorded, today, recorded is today)


def told(verdict: CallVerdict, call: ToolCall) -> Both:
    """Return what the model was told and what it would be told today, as they are compared."""
    from replay.verdicts.canonical import read_response

    replayed = None if verdict.replayed is None else verdict.replayed.response
    recorded = verdict.translated_response or call.response
    hashes = hash(recorded), hash(replayed)
    if recorded == replayed:
        value = read_response(recorded).value
        return Both(value, value, is_same=True, hashes=hashes)
    both = Both.of(read_response(recorded).value, read_response(replayed).value)
    return replace(both, hashes=hashes)


def without_values(verdict: CallVerdict) -> CallVerdict:
    """Return a verdict without today's payload and result: they are megabytes where texts are."""
    replayed = verdict.replayed
    if replayed is None or (replayed.payload is None and replayed.result is None):
        return verdict
    kept = replayed.model_copy(update={"payload": None, "result": None})
    return verdict.model_copy(update={"replayed": kept})
