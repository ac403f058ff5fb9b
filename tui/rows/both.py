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
    return replace(_of_texts(recorded, replayed), hashes=hashes)


def _of_texts(recorded: str | None, replayed: str | None) -> Both:
    """Return what two texts say; of a big object what is equal is never held twice."""
    from replay.verdicts.canonical import nests_deeply, read_response
    from tui.rows.read_beside import read_beside

    reading = read_response(recorded)
    if reading.form == "json" and isinstance(reading.value, dict) and replayed is not None:
        try:
            today = read_beside(replayed, reading.value)
        except (ValueError, RecursionError):
            pass  # it is no JSON: what else it may say is found below
        else:
            if isinstance(today, dict) and not nests_deeply(today):
                return Both(reading.value, today, today is reading.value)
    return Both.of(reading.value, read_response(replayed).value)


def without_values(verdict: CallVerdict) -> CallVerdict:
    """Return a verdict without today's payload and result: they are megabytes where texts are."""
    replayed = verdict.replayed
    if replayed is None or (replayed.payload is None and replayed.result is None):
        return verdict
    kept = replayed.model_copy(update={"payload": None, "result": None})
    return verdict.model_copy(update={"replayed": kept})
