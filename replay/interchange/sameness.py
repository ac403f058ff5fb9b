"""Whether an imported trace is the one that the database has, also where one tells times coarser.

Some exports of a tool have times to the millisecond, others of the same spans to the microsecond:
these are one trace, and the finer telling stays.
"""

from __future__ import annotations

from typing import Final

from replay.records import JsonValue, Transcript

_TIMES: Final = ("started_at", "ended_at", "created_at")
_DURATIONS: Final = ("duration_ms", "offset_ms", "first_chunk_ms")
_TO_A_MILLISECOND: Final = len("2026-11-26T01:12:46.449")


def is_same(stored: Transcript, imported: Transcript) -> bool:
    """Return whether ``stored`` has all that ``imported`` tells, exactly so.

    What people said of it here is not the file's to take away.
    """
    if stored.trace != imported.trace or stored.steps != imported.steps:
        return False
    if any(stored.interactions.get(name) != one for name, one in imported.interactions.items()):
        return False
    known = {one.id: one for one in stored.feedback}
    return all(known.get(one.id) == one for one in imported.feedback)


def is_coarser(stored: Transcript, imported: Transcript) -> bool:
    """Return whether ``imported`` tells what ``stored`` does, only with its times cut."""
    ours, theirs = _facts(stored), _facts(imported)
    known = {one.id for one in stored.feedback}
    return (
        all(one.id in known for one in imported.feedback)
        and all(time.endswith("000Z") for time in _times(theirs))
        and len(ours) == len(theirs)
        and all(map(_agree, ours, theirs))
    )


def _facts(transcript: Transcript) -> list[JsonValue]:
    return [one.model_dump(mode="json") for one in (transcript.trace, *transcript.steps)]


def _times(records: list[JsonValue]) -> list[str]:
    return [
        value
        for record in records
        if isinstance(record, dict)
        for name, value in record.items()
        if name in _TIMES and isinstance(value, str)
    ]


def _agree(one: JsonValue, other: JsonValue) -> bool:
    if not isinstance(one, dict) or not isinstance(other, dict) or one.keys() != other.keys():
        return False
    return all(_agree_in(name, one[name], other[name]) for name in one)


def _agree_in(name: str, ours: JsonValue, theirs: JsonValue) -> bool:
    if name in _TIMES and isinstance(ours, str) and isinstance(theirs, str):
        return ours[:_TO_A_MILLISECOND] == theirs[:_TO_A_MILLISECOND]
    if name in _DURATIONS and isinstance(ours, float) and isinstance(theirs, float):
        return abs(ours - theirs) <= 1.001  # each end of it may be cut
    return bool(ours == theirs)
